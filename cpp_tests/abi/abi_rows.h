/* The answers of one compiler to abi_rows.inc. */
#ifndef DLCONFORM_CPP_TESTS_ABI_ROWS_H_
#define DLCONFORM_CPP_TESTS_ABI_ROWS_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `name` is "sizeof T", "T.member" or the constant's name. */
typedef struct {
  const char* name;
  unsigned long long value;
} AbiRow;

const AbiRow* abi_rows_in_c(size_t* count);

#ifdef __cplusplus
}
#endif

#define DLCONFORM_SIZE(type) {"sizeof " #type, sizeof(type)},
#define DLCONFORM_OFFSET(type, member) {#type "." #member, offsetof(type, member)},
#define DLCONFORM_VALUE(constant) {#constant, (unsigned long long)(constant)},

#endif /* DLCONFORM_CPP_TESTS_ABI_ROWS_H_ */
