/* What a C compiler sees of a dlpack.h: one answer for the header in use, one for another that was
 * found. */
#ifndef DLCONFORM_OBSERVE_ABI_IN_C_H_
#define DLCONFORM_OBSERVE_ABI_IN_C_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `offsets` of its `count` members in order, in bytes. */
typedef struct {
  const char* name;
  size_t size;
  size_t count;
  size_t offsets[12];
} DlconformAbiRow;

/* Structs of the header in use. */
const DlconformAbiRow* dlconform_abi_in_c(size_t* count);

/* DLManagedTensorVersioned of the other header, members of its tensor included; NULL where none was
 * found. `version` takes major and minor. */
const DlconformAbiRow* dlconform_abi_of_other_header(unsigned version[2]);

#ifdef __cplusplus
}
#endif

#endif /* DLCONFORM_OBSERVE_ABI_IN_C_H_ */
