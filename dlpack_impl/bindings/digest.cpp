// In a source of its own, so that a new digest compiles nothing else again.

#include "parts.h"

#if __has_include("dlconform_digest.h")
#include "dlconform_digest.h"
#endif
#ifndef DLCONFORM_DIGEST
#define DLCONFORM_DIGEST "unset"
#endif

namespace dlpack_impl::python {

const char* digest() noexcept { return DLCONFORM_DIGEST; }

}  // namespace dlpack_impl::python
