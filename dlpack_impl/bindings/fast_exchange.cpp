// Our exchange table: the slots that deal in Python objects. Each is called with the GIL held and
// reports by a Python exception; no C++ exception leaves them.

#include <dlpack_impl/error.h>
#include <dlpack_impl/exchange_api.h>

#include "capsule.h"
#include "fast.h"

namespace dlpack_impl::python {
namespace {

/// The object as an array of ours, or NULL with TypeMismatch set. @spec X-16
ArrayObject* as_array(void* object) noexcept {
  auto* candidate = static_cast<PyObject*>(object);
  if (candidate != nullptr && PyObject_TypeCheck(candidate, array_type)) {
    return static_cast<ArrayObject*>(object);
  }
  PyErr_Format(error_types.type_mismatch, "object: %s; limit: %s, the type that offers this table",
               candidate == nullptr ? "NULL" : Py_TYPE(candidate)->tp_name, array_type->tp_name);
  return nullptr;
}

int from_object(void* object, DLManagedTensorVersioned** out) noexcept {
  ArrayObject* array = as_array(object);
  if (array == nullptr || !array->log.note(Method::kTableExport)) return -1;
  return guarded(-1, [&] {
    *out = export_for_table(*array).release();
    return 0;
  });
}

/// Frees the tensor also when it fails, so that a stolen tensor has one owner at any time (A-16,
///
int to_object(DLManagedTensorVersioned* tensor, void** out) noexcept {
  return guarded(-1, [&] {
    *out = array_from(StoragePtr(new Storage(VersionedPtr(tensor))));
    return *out == nullptr ? -1 : 0;
  });
}

int borrow(void* object, DLTensor* out) noexcept {
  ArrayObject* array = as_array(object);
  if (array == nullptr || !array->log.note(Method::kTableView)) return -1;
  return guarded(-1, [&] {
    const ProducerSide& side = producer_side(*array);
    borrow_tensor(side.producer, *out);
    out->device = {static_cast<DLDeviceType>(side.device.type), side.device.id};
    return 0;
  });
}

int stream(DLDeviceType type, std::int32_t id, void** out) noexcept {
  if (current_work_stream(type, id, out) == 0) return 0;
  PyErr_Format(error_types.device_error, "device: type %d, id %d; limit: cpu",
               static_cast<int>(type), static_cast<int>(id));
  return -1;
}

}  // namespace

PyObject* exchange_capsule() noexcept {
  static DLPackExchangeAPI table = [] {
    DLPackExchangeAPI made = make_table(from_object, to_object, borrow);
    made.current_work_stream = stream;
    return made;
  }();
  return PyCapsule_New(&table, kExchangeName, nullptr);
}

}  // namespace dlpack_impl::python
