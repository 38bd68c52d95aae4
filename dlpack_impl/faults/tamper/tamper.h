/// @file
/// The module `_tamper`: changes tensors, capsules and exchange tables that were right, one thing
/// at a time. Built for tests only.
#pragma once

#include <dlpack_impl/dlpack.h>
#include <pybind11/pybind11.h>

namespace dlpack_impl::faults {

namespace py = pybind11;

/// The tensor in an unconsumed capsule; one pointer is set.
struct Held {
  DLManagedTensor* legacy = nullptr;
  DLManagedTensorVersioned* versioned = nullptr;

  [[nodiscard]] DLTensor& tensor() const {
    return versioned != nullptr ? versioned->dl_tensor : legacy->dl_tensor;
  }
  [[nodiscard]] void* address() const {
    return versioned != nullptr ? static_cast<void*>(versioned) : static_cast<void*>(legacy);
  }
};

/// @throws py::value_error  the capsule is none of DLPack's, or was consumed.
Held held_by(const py::capsule& capsule);

/// Runs the deleter of a tensor, if it has one.
void delete_now(const Held& held);

void add_buffers(py::module_& module);
void add_capsules(py::module_& module);
void add_deleters(py::module_& module);
void add_tables(py::module_& module);

}  // namespace dlpack_impl::faults
