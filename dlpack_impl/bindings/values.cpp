#include "values.h"

#include <dlpack_impl/error.h>

#include <limits>
#include <string>

#include "errors.h"

namespace dlpack_impl::python {
namespace {

std::int64_t integer_from(PyObject* value, const char* field) {
  const Ref index(PyNumber_Index(value));
  if (!index) {
    PyErr_Clear();
    refuse(error_types.type_mismatch, field, value, "integers");
    throw PythonErrorIsSet{};
  }
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(index.get(), &overflow);
  if (overflow != 0) {
    refuse(error_types.invalid_argument, field, value, "64 bits with a sign");
    throw PythonErrorIsSet{};
  }
  return number;
}

Number integer_number(PyObject* value) {
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
  if (overflow == 0) return static_cast<std::int64_t>(number);
  if (overflow > 0) {
    const unsigned long long wide = PyLong_AsUnsignedLongLong(value);
    if (PyErr_Occurred() == nullptr) return static_cast<std::uint64_t>(wide);
    PyErr_Clear();
  }
  refuse(error_types.invalid_argument, "value", value, "-2**63 to 2**64 - 1");
  throw PythonErrorIsSet{};
}

struct CachedName {
  DType dtype;
  PyObject* name;
};

}  // namespace

Number number_from(PyObject* value) {
  if (PyBool_Check(value)) return value == Py_True;
  if (PyLong_Check(value)) return integer_number(value);
  if (PyFloat_Check(value)) return PyFloat_AS_DOUBLE(value);
  if (PyComplex_Check(value)) {
    const Py_complex parts = PyComplex_AsCComplex(value);
    return std::complex<double>(parts.real, parts.imag);
  }
  if (PyIndex_Check(value)) {
    const Ref index(PyNumber_Index(value));
    if (!index) throw PythonErrorIsSet{};
    return integer_number(index.get());
  }
  const PyNumberMethods* number = Py_TYPE(value)->tp_as_number;
  if (number != nullptr && number->nb_float != nullptr) {
    const double real = PyFloat_AsDouble(value);
    if (real == -1.0 && PyErr_Occurred() != nullptr) throw PythonErrorIsSet{};
    return real;
  }
  const Py_complex parts = PyComplex_AsCComplex(value);
  if (PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    refuse(error_types.type_mismatch, "value", value, "a number");
    throw PythonErrorIsSet{};
  }
  return std::complex<double>(parts.real, parts.imag);
}

std::vector<Number> lanes_from(PyObject* value, DType dtype) {
  if (dtype.lanes == 1 && !PySequence_Check(value)) return {number_from(value)};
  const Ref items(
      PySequence_Fast(value, "value: an element of several lanes is a sequence of numbers"));
  if (!items) throw PythonErrorIsSet{};
  if (PySequence_Fast_GET_SIZE(items.get()) != dtype.lanes) {
    refuse(error_types.invalid_argument, "value", value, "as many numbers as the dtype has lanes");
    throw PythonErrorIsSet{};
  }
  std::vector<Number> lanes;
  lanes.reserve(dtype.lanes);
  for (Py_ssize_t i = 0; i < dtype.lanes; ++i) {
    lanes.push_back(number_from(PySequence_Fast_GET_ITEM(items.get(), i)));
  }
  return lanes;
}

std::vector<Number> numbers_from(PyObject* values, DType dtype) {
  const Ref items(PySequence_Fast(values, "values: a sequence, one item an element"));
  if (!items) throw PythonErrorIsSet{};
  const Py_ssize_t count = PySequence_Fast_GET_SIZE(items.get());
  std::vector<Number> numbers;
  numbers.reserve(static_cast<std::size_t>(count) * dtype.lanes);
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* item = PySequence_Fast_GET_ITEM(items.get(), i);
    if (PyTuple_Check(item) || PyList_Check(item)) {
      const std::vector<Number> lanes = lanes_from(item, dtype);
      numbers.insert(numbers.end(), lanes.begin(), lanes.end());
    } else {
      numbers.push_back(number_from(item));
    }
  }
  return numbers;
}

PyObject* from_number(const Number& number) noexcept {
  switch (number.index()) {
    case 0:
      return PyBool_FromLong(*std::get_if<0>(&number));
    case 1:
      return PyLong_FromLongLong(*std::get_if<1>(&number));
    case 2:
      return PyLong_FromUnsignedLongLong(*std::get_if<2>(&number));
    case 3:
      return PyFloat_FromDouble(*std::get_if<3>(&number));
    default: {
      const std::complex<double> parts = *std::get_if<4>(&number);
      return PyComplex_FromDoubles(parts.real(), parts.imag());
    }
  }
}

PyObject* from_lanes(const Number* lanes, std::size_t count) noexcept {
  if (count == 1) return from_number(lanes[0]);
  Ref tuple(PyTuple_New(static_cast<Py_ssize_t>(count)));
  if (!tuple) return nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    PyObject* lane = from_number(lanes[i]);
    if (lane == nullptr) return nullptr;
    PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), lane);
  }
  return tuple.release();
}

std::vector<std::int64_t> integers_from(PyObject* sequence, const char* field) {
  const Ref items(PySequence_Fast(sequence, ""));
  if (!items) {
    PyErr_Clear();
    refuse(error_types.type_mismatch, field, sequence, "a sequence of integers");
    throw PythonErrorIsSet{};
  }
  std::vector<std::int64_t> values;
  const Py_ssize_t count = PySequence_Fast_GET_SIZE(items.get());
  values.reserve(static_cast<std::size_t>(count));
  for (Py_ssize_t i = 0; i < count; ++i) {
    values.push_back(integer_from(PySequence_Fast_GET_ITEM(items.get(), i), field));
  }
  return values;
}

PyObject* from_integers(const std::int64_t* values, std::size_t count) noexcept {
  Ref tuple(PyTuple_New(static_cast<Py_ssize_t>(count)));
  if (!tuple) return nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    PyObject* item = PyLong_FromLongLong(values[i]);
    if (item == nullptr) return nullptr;
    PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), item);
  }
  return tuple.release();
}

DType dtype_from(PyObject* name) { return dtype_from_name(text_from(name, "dtype")); }

PyObject* from_dtype(DType dtype) noexcept {
  // Kept for the process and read with the GIL only; a run meets some forty dtypes.
  static std::vector<CachedName>* cache = new std::vector<CachedName>();
  for (const CachedName& row : *cache) {
    if (row.dtype == dtype) {
      Py_INCREF(row.name);
      return row.name;
    }
  }
  return guarded(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    const std::string text = dtype_name(dtype);
    PyObject* name = PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
    if (name == nullptr) return nullptr;
    if (is_known_dtype(dtype) && cache->size() < 256) {
      cache->push_back({dtype, name});
      Py_INCREF(name);
    }
    return name;
  });
}

Device device_from(PyObject* pair, const char* field) {
  const std::vector<std::int64_t> numbers = integers_from(pair, field);
  constexpr std::int64_t kLimit = std::numeric_limits<std::int32_t>::max();
  const auto fits = [](std::int64_t number) { return number >= -kLimit - 1 && number <= kLimit; };
  if (numbers.size() != 2 || !fits(numbers[0]) || !fits(numbers[1])) {
    refuse(error_types.invalid_argument, field, pair, "a pair (type, id) of 32-bit integers");
    throw PythonErrorIsSet{};
  }
  return {static_cast<std::int32_t>(numbers[0]), static_cast<std::int32_t>(numbers[1])};
}

std::string_view text_from(PyObject* text, const char* field) {
  if (!PyUnicode_Check(text)) {
    refuse(error_types.type_mismatch, field, text, "a str");
    throw PythonErrorIsSet{};
  }
  Py_ssize_t size = 0;
  const char* bytes = PyUnicode_AsUTF8AndSize(text, &size);
  if (bytes == nullptr) throw PythonErrorIsSet{};
  return {bytes, static_cast<std::size_t>(size)};
}

}  // namespace dlpack_impl::python
