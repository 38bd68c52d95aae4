/* Another dlpack.h of the same major, where one was found: C alone, so that two definitions of one
 * name never meet in a program. Its release may be one that gives the struct no typedef. @spec H-08
 */
#include "observe/abi_in_c.h"

#ifdef DLCONFORM_OTHER_DLPACK_HEADER
#include <other_dlpack.h>

typedef struct DLManagedTensorVersioned Versioned;

static const DlconformAbiRow kRow = {
    "DLManagedTensorVersioned",
    sizeof(Versioned),
    12,
    {offsetof(Versioned, version), offsetof(Versioned, manager_ctx), offsetof(Versioned, deleter),
     offsetof(Versioned, flags), offsetof(Versioned, dl_tensor),
     offsetof(Versioned, dl_tensor.data), offsetof(Versioned, dl_tensor.device),
     offsetof(Versioned, dl_tensor.ndim), offsetof(Versioned, dl_tensor.dtype),
     offsetof(Versioned, dl_tensor.shape), offsetof(Versioned, dl_tensor.strides),
     offsetof(Versioned, dl_tensor.byte_offset)}};

const DlconformAbiRow* dlconform_abi_of_other_header(unsigned version[2]) {
  version[0] = DLPACK_MAJOR_VERSION;
  version[1] = DLPACK_MINOR_VERSION;
  return &kRow;
}
#else
const DlconformAbiRow* dlconform_abi_of_other_header(unsigned version[2]) {
  version[0] = version[1] = 0;
  return NULL;
}
#endif
