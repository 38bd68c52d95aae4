// Preloaded, it makes fresh memory look like elements that are right: all of it reads as float32
// ones. What a library leaves unwritten then reads otherwise than in a run without it, where it is
// whatever lay there before.
#include <errno.h>
#include <stddef.h>

extern void* __libc_malloc(size_t size);
extern void* __libc_memalign(size_t alignment, size_t size);

static void* filled(void* memory, size_t size) {
  static const unsigned char one[4] = {0x00, 0x00, 0x80, 0x3f};
  const size_t most = 65536;  // large blocks come zeroed from the kernel, and time matters
  if (memory == NULL) return NULL;
  for (size_t at = 0; at < size && at < most; ++at)
    ((unsigned char*)memory)[at] = one[at % sizeof one];
  return memory;
}

void* malloc(size_t size) { return filled(__libc_malloc(size), size); }

void* memalign(size_t alignment, size_t size) {
  return filled(__libc_memalign(alignment, size), size);
}

void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void** out, size_t alignment, size_t size) {
  void* memory = memalign(alignment, size);
  if (memory == NULL) return ENOMEM;
  *out = memory;
  return 0;
}
