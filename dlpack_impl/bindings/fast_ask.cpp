#include <limits>

#include "ask.h"
#include "errors.h"

namespace dlpack_impl::python {
namespace {

constexpr long kMost = std::numeric_limits<std::int32_t>::max();

/// A 32-bit integer of one half of a pair, or an error that shows the whole pair.
bool parse_half(PyObject* item, PyObject* pair, const char* field, long lowest,
                long& number) noexcept {
  int overflow = 0;
  if (PyLong_CheckExact(item)) {
    number = PyLong_AsLongAndOverflow(item, &overflow);
  } else {
    const Ref index(
        PyNumber_Index(item));  // enum members and NumPy integers are integers too
    if (!index) {
      PyErr_Clear();
      refuse(error_types.type_mismatch, field, pair, "a pair of integers");
      return false;
    }
    number = PyLong_AsLongAndOverflow(index.get(), &overflow);
  }
  if (overflow != 0 || number < lowest || number > kMost) {
    refuse(error_types.invalid_argument, field, pair,
           lowest == 0 ? "integers from 0 to 2**31 - 1" : "integers of 32 bits");
    return false;
  }
  return true;
}

/// Which of the four keywords, 0 to 3, or -1. Callers nearly always pass interned names.
int keyword_index(PyObject* name) noexcept {
  PyObject* const known[] = {names.stream, names.max_version, names.dl_device, names.copy};
  for (int i = 0; i < 4; ++i) {
    if (name == known[i]) return i;
  }
  for (int i = 0; i < 4; ++i) {
    if (PyUnicode_Compare(name, known[i]) == 0) return i;
  }
  return -1;
}

/// The `max_version` that was parsed last. Consumers pass one constant tuple again and again, and a
/// tuple of exact integers can't change.
struct LastVersion {
  PyObject* pair = nullptr;  ///< owned
  Version version;
};
LastVersion last_version;

bool parse_version(PyObject* value, Version& version) noexcept {
  if (value == last_version.pair) {
    version = last_version.version;
    return true;
  }
  long first = 0;
  long second = 0;
  if (!parse_pair(value, "max_version", 0, first, second)) return false;
  version = {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(second)};
  if (PyTuple_CheckExact(value) && PyLong_CheckExact(PyTuple_GET_ITEM(value, 0)) &&
      PyLong_CheckExact(PyTuple_GET_ITEM(value, 1))) {
    Py_INCREF(value);
    Py_XSETREF(last_version.pair, value);
    last_version.version = version;
  }
  return true;
}

bool is_accepted(PyObject* name, PyObject* accepted) noexcept {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(accepted); ++i) {
    if (PyUnicode_Compare(name, PyTuple_GET_ITEM(accepted, i)) == 0) return true;
  }
  return false;
}

}  // namespace

bool parse_pair(PyObject* value, const char* field, long lowest, long& first,
                long& second) noexcept {
  if (!PyTuple_Check(value)) {
    refuse(error_types.type_mismatch, field, value, "a pair of integers");
    return false;
  }
  if (PyTuple_GET_SIZE(value) != 2) {
    refuse(error_types.invalid_argument, field, value, "two integers");
    return false;
  }
  return parse_half(PyTuple_GET_ITEM(value, 0), value, field, lowest, first) &&
         parse_half(PyTuple_GET_ITEM(value, 1), value, field, lowest, second);
}

bool parse_copy(PyObject* value, int& copy) noexcept {
  if (value == Py_None) {
    copy = -1;
  } else if (value == Py_True) {
    copy = 1;
  } else if (value == Py_False) {
    copy = 0;
  } else {
    refuse(error_types.type_mismatch, "copy", value, "None, False or True");
    return false;
  }
  return true;
}

bool parse_ask(PyObject* const* args, Py_ssize_t positional, PyObject* keywords, PyObject* accepted,
               Ask& ask) noexcept {
  if (positional != 0) {
    PyErr_Format(PyExc_TypeError, "__dlpack__() takes keyword arguments only, got %zd positional",
                 positional);
    return false;
  }
  const Py_ssize_t count = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* name = PyTuple_GET_ITEM(keywords, i);
    PyObject* value = args[i];
    const int which = keyword_index(name);
    if (which < 0 || (accepted != nullptr && !is_accepted(name, accepted))) {
      PyErr_Format(PyExc_TypeError, "__dlpack__() got an unexpected keyword argument '%U'", name);
      return false;
    }
    long first = 0;
    long second = 0;
    if (which == 0) {
      ask.stream = value == Py_None ? nullptr : value;
    } else if (which == 1 && value != Py_None) {
      if (!parse_version(value, ask.max_version)) return false;
      ask.has_version = true;
    } else if (which == 2 && value != Py_None) {
      if (!parse_pair(value, "dl_device", -kMost - 1, first, second)) return false;
      ask.has_device = true;
      ask.device = {static_cast<std::int32_t>(first), static_cast<std::int32_t>(second)};
    } else if (which == 3 && !parse_copy(value, ask.copy)) {
      return false;
    }
  }
  return true;
}

bool check_stream(PyObject* stream, Device device) noexcept {
  if (stream == nullptr) return true;
  const bool cuda = device.type == kDLCUDA || device.type == kDLCUDAManaged;
  if (!cuda && device.type != kDLROCM) {
    refuse(error_types.invalid_argument, "stream", stream, "None on a device without streams");
    return false;
  }
  const Ref index(PyNumber_Index(stream));
  if (!index) {
    PyErr_Clear();
    refuse(error_types.type_mismatch, "stream", stream, "None or an integer");
    return false;
  }
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(index.get(), &overflow);
  if (overflow != 0 || number < -1 || (cuda ? number == 0 : number == 1 || number == 2)) {
    refuse(error_types.invalid_argument, "stream", stream,
           cuda ? "-1, 1, 2 or a stream's address" : "-1, 0 or a stream's address");
    return false;
  }
  return true;
}

}  // namespace dlpack_impl::python
