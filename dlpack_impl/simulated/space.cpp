#include "simulated/space.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "dlpack_impl/error.h"

namespace dlpack_impl::simulated {

Pages::Pages(std::size_t size_bytes, bool accessible) : size_bytes_(size_bytes) {
  void* mapping = mmap(nullptr, size_bytes, accessible ? PROT_READ | PROT_WRITE : PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) {
    throw DeviceError(
        detail::field_message("mapping", size_bytes, "what the host can map, in bytes"), errno);
  }
  begin_ = reinterpret_cast<std::uintptr_t>(mapping);
}

Pages::~Pages() { munmap(reinterpret_cast<void*>(begin_), size_bytes_); }

void Pages::discard(std::uintptr_t begin, std::size_t size_bytes) const noexcept {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  const std::uintptr_t first = (begin + page - 1) / page * page;
  const std::uintptr_t last = (begin + size_bytes) / page * page;
  if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

std::uintptr_t Space::take(std::size_t size_bytes, std::size_t alignment_bytes) {
  const std::size_t alignment = std::max(alignment_bytes, kStep);
  const std::size_t wanted = rounded(size_bytes);
  const auto aligned = [alignment](std::uintptr_t at) {
    return (at + alignment - 1) / alignment * alignment;
  };
  std::uintptr_t at = aligned(begin_);
  for (const auto& [begin, block] : blocks_) {
    if (at + wanted <= begin) break;
    at = std::max(at, aligned(begin + rounded(block.size_bytes)));
  }
  if (at > end_ || wanted > end_ - at) return 0;
  blocks_.emplace(at, Block{at, size_bytes});
  used_bytes_ += wanted;
  return at;
}

bool Space::give_back(std::uintptr_t begin) {
  const auto found = blocks_.find(begin);
  if (found == blocks_.end()) return false;
  used_bytes_ -= rounded(found->second.size_bytes);
  blocks_.erase(found);
  return true;
}

const Block* Space::find(std::uintptr_t address) const noexcept {
  auto next = blocks_.upper_bound(address);
  if (next == blocks_.begin()) return nullptr;
  const Block& block = std::prev(next)->second;
  return address - block.begin < block.size_bytes ? &block : nullptr;
}

}  // namespace dlpack_impl::simulated
