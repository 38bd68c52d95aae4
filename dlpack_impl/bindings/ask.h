/// @file
/// The keywords of `__dlpack__`, parsed from a fastcall without allocation.
#pragma once

#include <dlpack_impl/device.h>
#include <dlpack_impl/managed_tensor.h>

#include "python.h"

namespace dlpack_impl::python {

/// What a consumer asks for. @spec P-02 C-53
struct Ask {
  PyObject* stream = nullptr;  ///< borrowed; NULL where absent or None
  bool has_version = false;    ///< `max_version` was given and is not None
  Version max_version{};
  bool has_device = false;  ///< `dl_device` was given and is not None
  Device device{};
  int copy = -1;  ///< -1 None, 0 False, 1 True
};

/// Reads fastcall arguments into `ask`. `accepted`: tuple of the names that this producer knows,
/// NULL for all four.
/// @return false with an exception set: TypeError for a positional argument or an unknown keyword
/// (by it consumers tell older producers), TypeMismatch or InvalidArgument for a value of the wrong
/// form.
/// @spec P-26 P-41 P-50
[[nodiscard]] bool parse_ask(PyObject* const* args, Py_ssize_t positional, PyObject* keywords,
                             PyObject* accepted, Ask& ask) noexcept;

/// `stream` by its form, for arrays that state `device`: None everywhere, an integer >= -1 other
/// than 0 on CUDA, >= -1 other than 1 and 2 on ROCm. Which streams are live is the device's to say.
/// @return false with TypeMismatch or InvalidArgument set.
/// @spec S-01 S-02 S-07 S-10
[[nodiscard]] bool check_stream(PyObject* stream, Device device) noexcept;

/// A pair of integers, each from `lowest` to 2^31 - 1. @return false with an exception that names
/// `field` set.
[[nodiscard]] bool parse_pair(PyObject* value, const char* field, long lowest, long& first,
                              long& second) noexcept;

/// None, False or True. @return false with TypeMismatch set.
[[nodiscard]] bool parse_copy(PyObject* value, int& copy) noexcept;

}  // namespace dlpack_impl::python
