/* The C half of the ABI test: the header is C first, and both languages must see one layout (H-16).
 */
#include <dlpack_impl/dlpack.h>

#include "abi_rows.h"

static const AbiRow rows[] = {
#include "abi_rows.inc"
};

const AbiRow* abi_rows_in_c(size_t* count) {
  *count = sizeof rows / sizeof rows[0];
  return rows;
}
