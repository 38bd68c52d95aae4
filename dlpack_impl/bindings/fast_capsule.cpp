#include <cstring>

#include "capsule.h"
#include "errors.h"

namespace dlpack_impl::python {
namespace {

// A capsule dies while the GIL is held, on any thread, often with its consumer's exception pending
// (P-10). A deleter of ours never enters Python; around a foreign one that exception is put away.
enum class Deleter { kOurs, kForeign };

template <class Tensor, Deleter kDeleter>
void run(Tensor* tensor) noexcept {
  if (tensor->deleter == nullptr) return;
  if constexpr (kDeleter == Deleter::kOurs) {
    tensor->deleter(tensor);
  } else {
    const KeepException kept;
    tensor->deleter(tensor);
  }
}

template <class Tensor>
constexpr const char* kUnconsumed = kVersionedName;
template <>
constexpr const char* kUnconsumed<DLManagedTensor> = kLegacyName;

template <class Tensor, Deleter kDeleter>
void destroy(PyObject* capsule) noexcept {
  const char* name = PyCapsule_GetName(capsule);
  constexpr const char* kName = kUnconsumed<Tensor>;
  if (name != kName && (name == nullptr || std::strcmp(name, kName) != 0)) return;
  auto* tensor = static_cast<Tensor*>(PyCapsule_GetPointer(capsule, name));
  if (tensor != nullptr) run<Tensor, kDeleter>(tensor);
}

template <class Tensor, Deleter kDeleter>
PyObject* make(Tensor* tensor) noexcept {
  PyObject* capsule = PyCapsule_New(tensor, kUnconsumed<Tensor>, destroy<Tensor, kDeleter>);
  if (capsule == nullptr) run<Tensor, Deleter::kForeign>(tensor);
  return capsule;
}

}  // namespace

PyObject* make_capsule(LegacyPtr tensor) noexcept {
  return make<DLManagedTensor, Deleter::kOurs>(tensor.release());
}

PyObject* make_capsule(VersionedPtr tensor) noexcept {
  return make<DLManagedTensorVersioned, Deleter::kOurs>(tensor.release());
}

PyObject* make_foreign_capsule(VersionedPtr tensor) noexcept {
  return make<DLManagedTensorVersioned, Deleter::kForeign>(tensor.release());
}

bool look(PyObject* capsule, Managed& found) noexcept {
  if (!PyCapsule_CheckExact(capsule)) {
    refuse(error_types.type_mismatch, "capsule", reinterpret_cast<PyObject*>(Py_TYPE(capsule)),
           "a PyCapsule");
    return false;
  }
  const char* name = PyCapsule_GetName(capsule);
  const char* text = name == nullptr ? "" : name;
  found = Managed{};
  if (std::strcmp(text, kVersionedName) == 0) {  // nearly always, so first and at once
    found.versioned = static_cast<DLManagedTensorVersioned*>(PyCapsule_GetPointer(capsule, name));
    return true;
  }
  found.used = std::strncmp(text, "used_", 5) == 0;
  const char* kind = found.used ? text + 5 : text;
  if (std::strcmp(kind, kVersionedName) == 0) {
    found.versioned = static_cast<DLManagedTensorVersioned*>(PyCapsule_GetPointer(capsule, name));
  } else if (std::strcmp(kind, kLegacyName) == 0) {
    found.legacy = static_cast<DLManagedTensor*>(PyCapsule_GetPointer(capsule, name));
  } else {
    PyErr_Format(error_types.invalid_argument, "capsule name: '%s'; limit: '%s' or '%s'", text,
                 kLegacyName, kVersionedName);
    return false;
  }
  return true;
}

bool take(PyObject* capsule, Managed& taken) noexcept {
  if (!look(capsule, taken)) return false;
  if (taken.used) {
    PyErr_Format(error_types.invalid_argument, "capsule name: '%s'; limit: not consumed before",
                 PyCapsule_GetName(capsule));
    return false;
  }
  // The name is static: the capsule keeps the pointer for as long as it lives (H-18).
  return PyCapsule_SetName(capsule,
                           taken.versioned != nullptr ? kUsedVersionedName : kUsedLegacyName) == 0;
}

void run_deleter(const Managed& managed) noexcept {
  if (managed.versioned != nullptr && managed.versioned->deleter != nullptr) {
    managed.versioned->deleter(managed.versioned);
  } else if (managed.legacy != nullptr && managed.legacy->deleter != nullptr) {
    managed.legacy->deleter(managed.legacy);
  }
}

}  // namespace dlpack_impl::python
