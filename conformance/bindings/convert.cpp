#include "bindings/convert.h"

#include <complex>
#include <utility>
#include <variant>

#include "catalogue/error.h"

namespace dlpack_conformance::python {
namespace {

std::string shown(py::handle value) {
  std::string result = utf8(py::repr(value));
  constexpr std::size_t kLongest = 120;
  if (result.size() > kLongest) result = result.substr(0, kLongest) + "...";
  return result;
}

std::vector<py::object> sequence(py::handle value) {
  std::vector<py::object> items;
  for (const py::handle item : value) items.push_back(py::reinterpret_borrow<py::object>(item));
  return items;
}

bool is_list(py::handle value) { return PyList_Check(value.ptr()) || PyTuple_Check(value.ptr()); }

}  // namespace

py::tuple ints(std::span<const std::int64_t> values) {
  py::tuple result(values.size());
  for (std::size_t at = 0; at < values.size(); ++at) result[at] = py::int_(values[at]);
  return result;
}

py::tuple texts(std::span<const std::string_view> values) {
  py::tuple result(values.size());
  for (std::size_t at = 0; at < values.size(); ++at) result[at] = text(values[at]);
  return result;
}

std::string utf8(py::handle value) {
  Py_ssize_t size = 0;
  if (const char* data = PyUnicode_AsUTF8AndSize(value.ptr(), &size))
    return {data, static_cast<std::size_t>(size)};
  if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) throw py::error_already_set();
  PyErr_Clear();
  const auto encoded = py::reinterpret_steal<py::bytes>(
      PyUnicode_AsEncodedString(value.ptr(), "utf-8", "backslashreplace"));
  if (!encoded) throw py::error_already_set();
  return encoded;
}

py::object number(const Number& value) {
  return std::visit(
      [](const auto& one) -> py::object {
        using T = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<T, bool>) {
          return py::bool_(one);
        } else if constexpr (std::is_same_v<T, double>) {
          return py::float_(one);
        } else if constexpr (std::is_same_v<T, std::complex<double>>) {
          return py::reinterpret_steal<py::object>(PyComplex_FromDoubles(one.real(), one.imag()));
        } else {
          return py::int_(one);
        }
      },
      value);
}

py::list elements(const DTypeRow& dtype, const std::vector<Number>& numbers) {
  py::list result;
  for (std::size_t at = 0; at < numbers.size(); at += dtype.lanes) {
    if (dtype.lanes == 1) {
      result.append(number(numbers[at]));
      continue;
    }
    py::tuple lanes(dtype.lanes);
    for (std::size_t lane = 0; lane < dtype.lanes; ++lane) lanes[lane] = number(numbers[at + lane]);
    result.append(lanes);
  }
  return result;
}

Number lane_number(const DTypeRow& dtype, py::handle value) {
  try {
    switch (dtype.family) {
      case DTypeFamily::kBool:
        return py::cast<bool>(value);
      case DTypeFamily::kFloat:
        return py::cast<double>(value);
      case DTypeFamily::kComplex: {
        const Py_complex parts = PyComplex_AsCComplex(value.ptr());
        if (PyErr_Occurred() != nullptr) throw py::error_already_set();
        return std::complex<double>(parts.real, parts.imag);
      }
      default:
        return py::cast<std::int64_t>(value);
    }
  } catch (const py::cast_error&) {
  } catch (const py::error_already_set&) {
  }
  throw CatalogueError("values", std::string("number of ").append(dtype.name), shown(value),
                       "a number of its family");
}

Fields::Fields(py::handle object, std::string where) : where_(std::move(where)) {
  if (!PyDict_Check(object.ptr())) throw CatalogueError(where_, "value", shown(object), "a dict");
  dict_ = py::reinterpret_borrow<py::dict>(object);
}

py::object Fields::get(const char* key) const {
  PyObject* value = PyDict_GetItemString(dict_.ptr(), key);
  if (value == nullptr || value == Py_None) return {};
  return py::reinterpret_borrow<py::object>(value);
}

py::object Fields::require(const char* key) const {
  py::object value = get(key);
  if (!value) fail(key, py::none(), "a value; the key is missing");
  return value;
}

std::string Fields::text(const char* key) const {
  const py::object value = require(key);
  if (!PyUnicode_Check(value.ptr())) fail(key, value, "a text");
  return utf8(value);
}

std::string Fields::text_or(const char* key, std::string_view missing) const {
  return get(key) ? text(key) : std::string(missing);
}

bool Fields::flag_or(const char* key, bool missing) const {
  const py::object value = get(key);
  if (!value) return missing;
  if (!PyBool_Check(value.ptr())) fail(key, value, "True or False");
  return value.ptr() == Py_True;
}

std::vector<std::string> Fields::texts(const char* key) const {
  const py::object value = get(key);
  return value ? text_list(value, where_, key) : std::vector<std::string>();
}

std::vector<py::object> Fields::items(const char* key) const {
  const py::object value = get(key);
  if (!value) return {};
  if (!is_list(value)) fail(key, value, "a list");
  return sequence(value);
}

std::vector<std::pair<std::string, py::object>> Fields::entries(const char* key) const {
  std::vector<std::pair<std::string, py::object>> result;
  const py::object value = get(key);
  if (!value) return result;
  if (!PyDict_Check(value.ptr())) fail(key, value, "a dict");
  for (const auto& [name, entry] : py::reinterpret_borrow<py::dict>(value)) {
    if (!PyUnicode_Check(name.ptr())) fail(key, name, "texts as keys");
    result.emplace_back(utf8(name), py::reinterpret_borrow<py::object>(entry));
  }
  return result;
}

void Fields::fail(const char* key, py::handle value, std::string_view allowed) const {
  throw CatalogueError(where_, key, shown(value), allowed);
}

std::vector<std::string> text_list(py::handle value, std::string_view where, std::string_view key) {
  std::vector<std::string> result;
  if (!is_list(value)) throw CatalogueError(where, key, shown(value), "a list of texts");
  for (const py::handle item : value) {
    if (!PyUnicode_Check(item.ptr()))
      throw CatalogueError(where, key, shown(item), "a text in each place");
    result.push_back(utf8(item));
  }
  return result;
}

}  // namespace dlpack_conformance::python
