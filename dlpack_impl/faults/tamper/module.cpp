#include <cstring>

#include "tamper.h"

namespace dlpack_impl::faults {

Held held_by(const py::capsule& capsule) {
  const char* name = PyCapsule_GetName(capsule.ptr());
  void* pointer = PyCapsule_GetPointer(capsule.ptr(), name);
  if (pointer == nullptr) throw py::error_already_set();
  if (name != nullptr && std::strcmp(name, "dltensor_versioned") == 0)
    return {.versioned = static_cast<DLManagedTensorVersioned*>(pointer)};
  if (name != nullptr && std::strcmp(name, "dltensor") == 0)
    return {.legacy = static_cast<DLManagedTensor*>(pointer)};
  throw py::value_error("the capsule holds no tensor, or was consumed");
}

void delete_now(const Held& held) {
  if (held.versioned != nullptr) {
    if (held.versioned->deleter != nullptr) held.versioned->deleter(held.versioned);
  } else if (held.legacy->deleter != nullptr) {
    held.legacy->deleter(held.legacy);
  }
}

namespace {

PYBIND11_MODULE(_tamper, module) {
  module.doc() = "Spoils tensors, capsules and exchange tables, one thing at a time.";
  add_buffers(module);
  add_capsules(module);
  add_deleters(module);
  add_tables(module);
  module.def(
      "leak_reference", [](const py::object& object) { object.inc_ref(); },
      "Count one reference too many, for ever.");
}

}  // namespace
}  // namespace dlpack_impl::faults
