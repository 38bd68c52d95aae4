/// @file
/// What producer and consumer both name: versions, and the sole owners of managed tensors.
#pragma once

#include <cstdint>
#include <memory>

#include "dlpack_impl/dlpack.h"

namespace dlpack_impl {

/// A DLPack version. A legacy struct states none; 0.8 stands for it.
struct Version {
  std::uint32_t major = 1;
  std::uint32_t minor = 3;

  friend constexpr bool operator==(const Version& a, const Version& b) noexcept {
    return a.major == b.major && a.minor == b.minor;
  }
  friend constexpr bool operator!=(const Version& a, const Version& b) noexcept {
    return !(a == b);
  }
  [[nodiscard]] constexpr bool at_least(std::uint32_t major_, std::uint32_t minor_) const noexcept {
    return major > major_ || (major == major_ && minor >= minor_);
  }
};

inline constexpr Version kLegacyVersion{0, 8};
inline constexpr Version kNewestVersion{1, 3};

/// Runs a managed tensor's own deleter, which may be NULL. The deleter must not throw, and may run
/// on any thread, with or without the GIL. @spec T-30 C-11 C-13
struct RunDeleter {
  template <class Managed>
  void operator()(Managed* managed) const noexcept {
    if (managed->deleter != nullptr) managed->deleter(managed);
  }
};

/// Sole owner of a legacy managed tensor.
using LegacyPtr = std::unique_ptr<DLManagedTensor, RunDeleter>;
/// Sole owner of a versioned managed tensor.
using VersionedPtr = std::unique_ptr<DLManagedTensorVersioned, RunDeleter>;

}  // namespace dlpack_impl
