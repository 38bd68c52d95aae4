/// @file
/// The thin parts of the module that are bound by pybind11, one file each.
#pragma once

#include <pybind11/pybind11.h>

#include "errors.h"

namespace dlpack_impl::python {

/// A new reference as an object. @throws PythonErrorIsSet  it is NULL.
[[nodiscard]] inline pybind11::object checked(PyObject* owned) {
  if (owned == nullptr) throw PythonErrorIsSet{};
  return pybind11::reinterpret_steal<pybind11::object>(owned);
}

/// The digest of all sources, "unset" in a build without it.
const char* digest() noexcept;

void add_buffers(pybind11::module_& module);
void add_class_buffer(pybind11::module_& module);
void add_reading(pybind11::module_& module);
void add_exchange(pybind11::module_& module);
void add_foreign_table(pybind11::module_& module);
void add_deleter(pybind11::module_& module);
void add_stated(pybind11::module_& module);
void add_capsule_life(pybind11::module_& module);
void add_devices(pybind11::module_& module);
void add_cuda_interface(pybind11::module_& module);

}  // namespace dlpack_impl::python
