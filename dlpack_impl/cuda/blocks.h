// What one device gave and has not got back.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>

#include "dlpack_impl/accelerator.h"

namespace dlpack_impl::cuda {

// `memory` is what CUDA gave, the key of the book the aligned address that callers know.
struct Block {
  void* memory = nullptr;
  std::size_t size_bytes = 0;
  DevicePool pool = DevicePool::kDevice;
};

class Blocks {
 public:
  void add(void* address, const Block& block);
  // None where no block begins there.
  std::optional<Block> remove(void* address);
  // The block that holds the address, and where it begins.
  [[nodiscard]] std::optional<Block> find(const void* address, void*& begin) const;
  // Of managed memory, which CUDA counts as used only once it is touched.
  [[nodiscard]] std::size_t managed_bytes() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::uintptr_t, Block> blocks_;
  std::size_t managed_bytes_ = 0;
};

}  // namespace dlpack_impl::cuda
