/* The header as C: both languages must see one layout. @spec H-16 */
#include "observe/abi_in_c.h"

#include <dlpack_impl/dlpack.h>

static const DlconformAbiRow kRows[] = {
    {"DLPackVersion",
     sizeof(DLPackVersion),
     2,
     {offsetof(DLPackVersion, major), offsetof(DLPackVersion, minor)}},
    {"DLDevice",
     sizeof(DLDevice),
     2,
     {offsetof(DLDevice, device_type), offsetof(DLDevice, device_id)}},
    {"DLDataType",
     sizeof(DLDataType),
     3,
     {offsetof(DLDataType, code), offsetof(DLDataType, bits), offsetof(DLDataType, lanes)}},
    {"DLTensor",
     sizeof(DLTensor),
     7,
     {offsetof(DLTensor, data), offsetof(DLTensor, device), offsetof(DLTensor, ndim),
      offsetof(DLTensor, dtype), offsetof(DLTensor, shape), offsetof(DLTensor, strides),
      offsetof(DLTensor, byte_offset)}},
    {"DLManagedTensor",
     sizeof(DLManagedTensor),
     3,
     {offsetof(DLManagedTensor, dl_tensor), offsetof(DLManagedTensor, manager_ctx),
      offsetof(DLManagedTensor, deleter)}},
    {"DLManagedTensorVersioned",
     sizeof(DLManagedTensorVersioned),
     5,
     {offsetof(DLManagedTensorVersioned, version), offsetof(DLManagedTensorVersioned, manager_ctx),
      offsetof(DLManagedTensorVersioned, deleter), offsetof(DLManagedTensorVersioned, flags),
      offsetof(DLManagedTensorVersioned, dl_tensor)}},
    {"DLPackExchangeAPIHeader",
     sizeof(DLPackExchangeAPIHeader),
     2,
     {offsetof(DLPackExchangeAPIHeader, version), offsetof(DLPackExchangeAPIHeader, prev_api)}},
    {"DLPackExchangeAPI",
     sizeof(DLPackExchangeAPI),
     6,
     {offsetof(DLPackExchangeAPI, header), offsetof(DLPackExchangeAPI, managed_tensor_allocator),
      offsetof(DLPackExchangeAPI, managed_tensor_from_py_object_no_sync),
      offsetof(DLPackExchangeAPI, managed_tensor_to_py_object_no_sync),
      offsetof(DLPackExchangeAPI, dltensor_from_py_object_no_sync),
      offsetof(DLPackExchangeAPI, current_work_stream)}},
};

const DlconformAbiRow* dlconform_abi_in_c(size_t* count) {
  *count = sizeof kRows / sizeof kRows[0];
  return kRows;
}
