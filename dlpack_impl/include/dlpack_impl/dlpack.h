/* The official dlpack.h, checked to be version 1.3 or newer. Include this and never
 * <dlpack/dlpack.h> itself.
 *
 * The official header has one include guard for all releases, so an older copy that was met first
 * (through another library's headers, or an earlier -I) keeps the newer one out. This is where that
 * is noticed. Compiles as C and as C++.
 */
#ifndef DLPACK_IMPL_DLPACK_H_
#define DLPACK_IMPL_DLPACK_H_

#include <dlpack/dlpack.h>

/* clang-format off */
#if !defined(DLPACK_MAJOR_VERSION) || !defined(DLPACK_MINOR_VERSION)
#error "dlpack.h is refused: 0.8 or older (no DLPACK_MAJOR_VERSION), needed is 1.3 or newer. An older copy comes first in the include path: put the folder of a 1.3 copy before it, or set DLCONFORM_DLPACK_INCLUDE_DIR."
#elif DLPACK_MAJOR_VERSION == 1 && DLPACK_MINOR_VERSION == 0
#error "dlpack.h is refused: version 1.0, needed is 1.3 or newer. An older copy comes first in the include path: put the folder of a 1.3 copy before it, or set DLCONFORM_DLPACK_INCLUDE_DIR."
#elif DLPACK_MAJOR_VERSION == 1 && DLPACK_MINOR_VERSION == 1
#error "dlpack.h is refused: version 1.1, needed is 1.3 or newer. An older copy comes first in the include path: put the folder of a 1.3 copy before it, or set DLCONFORM_DLPACK_INCLUDE_DIR."
#elif DLPACK_MAJOR_VERSION == 1 && DLPACK_MINOR_VERSION == 2
#error "dlpack.h is refused: version 1.2, needed is 1.3 or newer. An older copy comes first in the include path: put the folder of a 1.3 copy before it, or set DLCONFORM_DLPACK_INCLUDE_DIR."
#elif DLPACK_MAJOR_VERSION != 1
#error "dlpack.h is refused: its major version is not 1, and the layout of its structs is not known here. Set DLCONFORM_DLPACK_INCLUDE_DIR to the folder that holds dlpack/dlpack.h of a 1.x release from 1.3 on."
#endif
/* clang-format on */

#endif /* DLPACK_IMPL_DLPACK_H_ */
