/// @file
/// The one place where errors of `dlpack_impl` become Python exceptions.
#pragma once

#include "python.h"

namespace dlpack_impl::python {

/// Exception classes of the module: each derives from the built-in class that its name stands for.
struct ErrorTypes {
  PyObject* invalid_argument;  ///< ValueError
  PyObject* type_mismatch;     ///< TypeError
  PyObject* buffer_error;      ///< BufferError: the export can't be done as asked
  PyObject* device_error;      ///< RuntimeError
};

/// Filled by `add_error_types`, kept for the process.
extern ErrorTypes error_types;

bool add_error_types(PyObject* module);

/// Sets the Python exception that stands for the C++ exception in flight. Call it inside `catch
/// (...)` only.
void set_error_from_exception() noexcept;

/// Thrown where a Python exception is set already, so that C++ code between two CPython calls can
/// be left.
struct PythonErrorIsSet {};

/// Sets `type` with the text "<field>: <value>; limit: <limit>", the form of every message of
/// `dlpack_impl`.
void refuse(PyObject* type, const char* field, PyObject* value, const char* limit) noexcept;

/// Runs `function`; what it throws becomes a Python exception and `failed` the answer.
template <class Function, class Answer>
Answer guarded(Answer failed, Function&& function) noexcept {
  try {
    return function();
  } catch (...) {
    set_error_from_exception();
    return failed;
  }
}

}  // namespace dlpack_impl::python
