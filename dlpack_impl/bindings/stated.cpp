// The option `states` of an array, and capsules under other names: what tests hand to consumers.

#include "stated.h"

#include <dlpack_impl/error.h>

#include <set>
#include <string>

#include "capsule.h"
#include "errors.h"
#include "parts.h"
#include "values.h"

namespace py = pybind11;

namespace dlpack_impl::python {
namespace {

constexpr const char* kFields =
    "ndim, shape, strides, dtype, device, data_offset, byte_offset, context or tail";

DType raw_dtype(PyObject* value) {
  const std::vector<std::int64_t> numbers = integers_from(value, "states['dtype']");
  if (numbers.size() != 3 || numbers[0] < 0 || numbers[0] > 255 || numbers[1] < 0 ||
      numbers[1] > 255 || numbers[2] < 0 || numbers[2] > 65535) {
    refuse(error_types.invalid_argument, "states['dtype']", value,
           "code and bits of 8 bits, lanes of 16");
    throw PythonErrorIsSet{};
  }
  return {static_cast<std::uint8_t>(numbers[0]), static_cast<std::uint8_t>(numbers[1]),
          static_cast<std::uint16_t>(numbers[2]), false};
}

std::int64_t one_integer(PyObject* value) {
  const long long number = PyLong_AsLongLong(value);
  if (number == -1 && PyErr_Occurred() != nullptr) throw PythonErrorIsSet{};
  return number;
}

std::int32_t rank_from(PyObject* value) {
  const std::int64_t number = one_integer(value);
  const auto rank = static_cast<std::int32_t>(number);
  if (rank != number) {
    refuse(error_types.invalid_argument, "states['ndim']", value, "an integer of 32 bits");
    throw PythonErrorIsSet{};
  }
  return rank;
}

Tail tail_from(PyObject* value) {
  const std::string_view text = text_from(value, "states['tail']");
  if (text == "poisoned") return Tail::kPoisoned;
  if (text == "unreadable") return Tail::kUnreadable;
  refuse(error_types.invalid_argument, "states['tail']", value, "poisoned or unreadable");
  throw PythonErrorIsSet{};
}

void set_field(Stated& stated, std::string_view field, PyObject* name, PyObject* value) {
  if (field == "ndim") {
    stated.ndim = rank_from(value);
  } else if (field == "shape") {
    stated.shape = integers_from(value, "states['shape']");
  } else if (field == "strides") {
    stated.strides = integers_from(value, "states['strides']");
  } else if (field == "dtype") {
    stated.dtype = raw_dtype(value);
  } else if (field == "device") {
    stated.device = device_from(value, "states['device']");
  } else if (field == "data_offset") {
    stated.data_offset = one_integer(value);
  } else if (field == "byte_offset") {
    stated.byte_offset = PyLong_AsUnsignedLongLong(value);
    if (PyErr_Occurred() != nullptr) throw PythonErrorIsSet{};
  } else if (field == "context") {
    stated.null_context = value == Py_None;
  } else if (field == "tail") {
    stated.tail = tail_from(value);
  } else {
    refuse(error_types.invalid_argument, "states", name, kFields);
    throw PythonErrorIsSet{};
  }
}

/// Names that capsules were given; a capsule keeps the pointer alone.
const char* kept_name(std::string_view name) {
  static auto* names = new std::set<std::string, std::less<>>();
  return names->emplace(name).first->c_str();
}

void rename_capsule(const py::object& capsule, const py::object& name) {
  if (!PyCapsule_CheckExact(capsule.ptr())) {
    refuse(error_types.type_mismatch, "capsule",
           reinterpret_cast<PyObject*>(Py_TYPE(capsule.ptr())), "a PyCapsule");
    throw PythonErrorIsSet{};
  }
  const char* text = name.is_none() ? nullptr : kept_name(text_from(name.ptr(), "name"));
  if (PyCapsule_SetName(capsule.ptr(), text) != 0) throw PythonErrorIsSet{};
}

}  // namespace

std::unique_ptr<Stated> stated_from(PyObject* fields) {
  if (!PyDict_Check(fields)) {
    refuse(error_types.type_mismatch, "states", fields, "a dict");
    throw PythonErrorIsSet{};
  }
  auto stated = std::make_unique<Stated>();
  PyObject* name = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(fields, &position, &name, &value) != 0) {
    set_field(*stated, text_from(name, "states"), name, value);
  }
  return stated;
}

void add_stated(py::module_& module) {
  module.def("rename_capsule", rename_capsule, py::arg("capsule"), py::arg("name"),
             "Give a capsule another name; None is the name NULL.");
}

}  // namespace dlpack_impl::python
