#include "errors.h"

#include <dlpack_impl/error.h>
#include <dlpack_impl/exchange_api.h>

#include <exception>
#include <new>

namespace dlpack_impl::python {

ErrorTypes error_types{};

bool add_error_types(PyObject* module) {
  struct Row {
    PyObject** type;
    const char* name;
    const char* full_name;
    PyObject* base;
    const char* text;
  };
  const Row rows[] = {
      {&error_types.invalid_argument, "InvalidArgument",
       "dlpack_conformance._instrument.InvalidArgument", PyExc_ValueError,
       "A value is out of its limit."},
      {&error_types.type_mismatch, "TypeMismatch", "dlpack_conformance._instrument.TypeMismatch",
       PyExc_TypeError, "An argument is of the wrong kind."},
      {&error_types.buffer_error, "DLPackBufferError",
       "dlpack_conformance._instrument.DLPackBufferError", PyExc_BufferError,
       "The exchange can't be done as asked."},
      {&error_types.device_error, "DeviceError", "dlpack_conformance._instrument.DeviceError",
       PyExc_RuntimeError, "A call of a device's runtime failed."},
  };
  for (const Row& row : rows) {
    if (*row.type == nullptr)
      *row.type = PyErr_NewExceptionWithDoc(row.full_name, row.text, row.base, nullptr);
    if (*row.type == nullptr || PyModule_AddObjectRef(module, row.name, *row.type) != 0)
      return false;
  }
  return true;
}

void set_error_from_exception() noexcept {
  try {
    throw;
  } catch (const PythonErrorIsSet&) {
  } catch (const InvalidArgument& error) {
    PyErr_SetString(error_types.invalid_argument, error.what());
  } catch (const TypeMismatch& error) {
    PyErr_SetString(error_types.type_mismatch, error.what());
  } catch (const BufferError& error) {
    PyErr_SetString(error_types.buffer_error, error.what());
  } catch (const DeviceError& error) {
    PyErr_SetString(error_types.device_error, error.what());
  } catch (const ExchangeError& error) {
    // The foreign library's own exception, where its slot reports by one, reaches the caller
    // unchanged.
    if (!error.python_error() || PyErr_Occurred() == nullptr)
      PyErr_SetString(PyExc_RuntimeError, error.what());
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  } catch (...) {
    PyErr_SetString(PyExc_RuntimeError, "unknown C++ exception");
  }
}

void refuse(PyObject* type, const char* field, PyObject* value, const char* limit) noexcept {
  PyErr_Format(type, "%s: %R; limit: %s", field, value, limit);
}

}  // namespace dlpack_impl::python
