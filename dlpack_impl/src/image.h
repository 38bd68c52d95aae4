// The image behind a template: what a block should hold, which bits are elements, and where blocks
// come from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "dlpack_impl/buffer.h"

namespace dlpack_impl::detail {

struct Image {
  DType dtype;
  Layout layout;
  Placement placement;
  const DeviceMemory* memory = nullptr;
  std::shared_ptr<const DeviceMemory> owner;  // of `memory`, where it has to be kept alive
  // Off the host a block goes back at once: what is queued may still use it, and waits there.
  bool pools_blocks = true;
  std::vector<std::byte> bytes;  // the whole block as it should be
  std::vector<std::byte> mask;   // 1 bits where elements are
  std::vector<std::byte> raw;
  // Bytes from the block's begin. Beside a guard the origin may lie outside the block.
  std::int64_t origin = 0;
  std::int64_t first = 0;
  std::int64_t low = 0;  // element bytes relative to element 0
  std::int64_t high = 0;
  mutable std::mutex mutex;  // guards free_blocks
  mutable std::vector<void*> free_blocks;

  Image();
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;
  ~Image() {
    for (void* block : free_blocks) destroy(block);
  }

  [[nodiscard]] bool mapped() const noexcept {
    return placement.kind == MemoryKind::kGuardBefore ||
           placement.kind == MemoryKind::kGuardAfter ||
           placement.kind == MemoryKind::kMappedReadonly;
  }
  // A block that holds the image: one given back before, or a new one.
  [[nodiscard]] void* obtain() const;
  void give_back(void* block) const noexcept;
  void fill(void* block) const;

 private:
  [[nodiscard]] void* create() const;
  void destroy(void* block) const noexcept;
};

// Throws as the constructor of `Template`.
void check_placement(const Placement& placement, const DeviceMemory& memory);
// Sets the sizes of the block and where element 0 lies in it.
void place(Image& image);
// Fills `bytes`, `mask` and `raw`.
void paint(Image& image, const std::byte* values, std::size_t size_bytes);

}  // namespace dlpack_impl::detail
