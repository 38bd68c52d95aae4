/// @file
/// Python.h as our bindings use it: owned references, a kept exception, interned names.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>  // after Python.h; PyMemberDef is there before 3.12

#include <utility>

namespace dlpack_impl::python {

/// One owned reference, or none. Must be used with the GIL held.
class Ref {
 public:
  Ref() = default;
  explicit Ref(PyObject* owned) noexcept : object_(owned) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref&& other) noexcept {
    Py_XSETREF(object_, std::exchange(other.object_, nullptr));
    return *this;
  }
  Ref(const Ref&) = delete;
  Ref& operator=(const Ref&) = delete;
  ~Ref() { Py_XDECREF(object_); }

  [[nodiscard]] static Ref borrow(PyObject* object) noexcept {
    Py_XINCREF(object);
    return Ref(object);
  }
  [[nodiscard]] PyObject* get() const noexcept { return object_; }
  [[nodiscard]] PyObject* release() noexcept { return std::exchange(object_, nullptr); }
  explicit operator bool() const noexcept { return object_ != nullptr; }

 private:
  PyObject* object_ = nullptr;
};

/// Takes the pending exception away and puts it back at the end of the scope, whatever was raised
/// between. A capsule is often dropped while its consumer's own exception is set (P-10).
class KeepException {
 public:
#if PY_VERSION_HEX >= 0x030C0000
  KeepException() noexcept : value_(PyErr_GetRaisedException()) {}
  ~KeepException() { PyErr_SetRaisedException(value_); }
#else
  KeepException() noexcept { PyErr_Fetch(&type_, &value_, &traceback_); }
  ~KeepException() { PyErr_Restore(type_, value_, traceback_); }
#endif
  KeepException(const KeepException&) = delete;
  KeepException& operator=(const KeepException&) = delete;

 private:
#if PY_VERSION_HEX < 0x030C0000
  PyObject* type_ = nullptr;
  PyObject* traceback_ = nullptr;
#endif
  PyObject* value_ = nullptr;
};

/// Names that the hot path compares by identity, interned once at import and kept for the process.
struct Names {
  PyObject* dlpack;
  PyObject* dlpack_device;
  PyObject* stream;
  PyObject* max_version;
  PyObject* dl_device;
  PyObject* copy;
  PyObject* device;
  PyObject* exchange_api;
  PyObject* array_interface;
  PyObject* array_struct;
  PyObject* cuda_array_interface;
  PyObject* array;
  PyObject* cpu;
  PyObject* positional;         ///< "", the name under which the log shows an argument without one
  PyObject* version_1_3;        ///< (1, 3)
  PyObject* cpu_device;         ///< (1, 0)
  PyObject* asks_version;       ///< ("max_version",)
  PyObject* asks_version_copy;  ///< ("max_version", "copy")
  PyObject* asks_version_device;  ///< ("max_version", "dl_device")
  PyObject* asks_all;             ///< ("max_version", "dl_device", "copy")
};

/// Filled by `init_names`, which the module's start calls once.
extern Names names;

/// @return false with a Python exception set.
bool init_names();

/// A method of the fastcall kind with keywords, as PyMethodDef wants it.
template <auto Function>
PyCFunction as_method() noexcept {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(Function));
}

}  // namespace dlpack_impl::python
