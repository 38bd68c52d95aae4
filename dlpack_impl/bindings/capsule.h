/// @file
/// Capsules at the border: made with destructors that keep a pending exception, taken over by
/// renaming.
#pragma once

#include <dlpack_impl/managed_tensor.h>

#include "python.h"

namespace dlpack_impl::python {

inline constexpr const char* kLegacyName = "dltensor";
inline constexpr const char* kVersionedName = "dltensor_versioned";
inline constexpr const char* kUsedLegacyName = "used_dltensor";
inline constexpr const char* kUsedVersionedName = "used_dltensor_versioned";
inline constexpr const char* kExchangeName = "dlpack_exchange_api";

/// Puts a managed tensor of our own making into a new capsule, which owns it until a consumer
/// renames it.
/// @return NULL with an exception set; the tensor's deleter has run then.
/// @spec H-18 P-06 P-07 P-08
[[nodiscard]] PyObject* make_capsule(LegacyPtr tensor) noexcept;
[[nodiscard]] PyObject* make_capsule(VersionedPtr tensor) noexcept;
/// The same for a tensor that another library made, whose deleter may enter Python.
[[nodiscard]] PyObject* make_foreign_capsule(VersionedPtr tensor) noexcept;

/// What a DLPack capsule holds; exactly one pointer is set.
struct Managed {
  DLManagedTensor* legacy = nullptr;
  DLManagedTensorVersioned* versioned = nullptr;
  bool used = false;
};

/// Looks into a capsule without changing it.
/// @return false with TypeMismatch (no capsule) or InvalidArgument (a name that is not DLPack's)
/// set.
/// @spec C-14 C-55
[[nodiscard]] bool look(PyObject* capsule, Managed& found) noexcept;

/// Takes the managed tensor out of an unconsumed capsule: the capsule is renamed and the caller
/// owns the tensor.
/// @return false with an exception set, also where the capsule was consumed before.
/// @spec C-10 C-14
[[nodiscard]] bool take(PyObject* capsule, Managed& taken) noexcept;

/// Runs the deleter, which may be NULL. The GIL need not be held; a pending exception of this
/// thread stays if it is.
/// @spec C-13
void run_deleter(const Managed& managed) noexcept;

}  // namespace dlpack_impl::python
