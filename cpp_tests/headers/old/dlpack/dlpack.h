// Stands for an old dlpack.h that lies first in the search path: the guard and the version macros
// of release 1.0, and nothing else. Ours, written for the test.
#ifndef DLPACK_DLPACK_H_
#define DLPACK_DLPACK_H_
#define DLPACK_MAJOR_VERSION 1
#define DLPACK_MINOR_VERSION 0
#endif  // DLPACK_DLPACK_H_
