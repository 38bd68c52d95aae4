/// @file
/// Memory of the last few freed objects of one kind, so that short-lived ones cost no allocation.
#pragma once

#include <array>
#include <cstddef>

#include "python.h"

namespace dlpack_impl::python {

/// Blocks of one size. All functions need the GIL; in an interpreter without one, and under the
/// address sanitizer, which has to see each free, nothing is kept.
class FreeList {
 public:
  /// @return a block that was kept, or NULL.
  [[nodiscard]] void* take() noexcept { return count_ == 0 ? nullptr : kept_[--count_]; }
  /// @return false where there is no room, so that the caller frees the block.
  [[nodiscard]] bool keep(void* block) noexcept {
    if (count_ == kCapacity) return false;
    kept_[count_++] = block;
    return true;
  }

 private:
#if defined(Py_GIL_DISABLED) || defined(__SANITIZE_ADDRESS__)
  static constexpr std::size_t kCapacity = 0;
#else
  static constexpr std::size_t kCapacity = 16;
#endif
  std::size_t count_ = 0;
  std::array<void*, 16> kept_{};
};

}  // namespace dlpack_impl::python
