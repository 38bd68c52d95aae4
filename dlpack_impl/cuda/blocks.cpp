#include "cuda/blocks.h"

#include <iterator>

namespace dlpack_impl::cuda {
namespace {

std::uintptr_t number(const void* address) { return reinterpret_cast<std::uintptr_t>(address); }

}  // namespace

void Blocks::add(void* address, const Block& block) {
  const std::lock_guard lock(mutex_);
  blocks_[number(address)] = block;
  if (block.pool == DevicePool::kManaged) managed_bytes_ += block.size_bytes;
}

std::optional<Block> Blocks::remove(void* address) {
  const std::lock_guard lock(mutex_);
  const auto found = blocks_.find(number(address));
  if (found == blocks_.end()) return std::nullopt;
  const Block block = found->second;
  blocks_.erase(found);
  if (block.pool == DevicePool::kManaged) managed_bytes_ -= block.size_bytes;
  return block;
}

std::optional<Block> Blocks::find(const void* address, void*& begin) const {
  const std::lock_guard lock(mutex_);
  const auto behind = blocks_.upper_bound(number(address));
  if (behind == blocks_.begin()) return std::nullopt;
  const auto& [start, block] = *std::prev(behind);
  if (number(address) - start >= block.size_bytes) return std::nullopt;
  begin = reinterpret_cast<void*>(start);
  return block;
}

std::size_t Blocks::managed_bytes() const {
  const std::lock_guard lock(mutex_);
  return managed_bytes_;
}

}  // namespace dlpack_impl::cuda
