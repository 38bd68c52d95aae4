// Where blocks of device memory lie: ranges of addresses, given and taken back; and the pages
// behind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace dlpack_impl::simulated {

// One mapping of the process, unmapped with its owner.
class Pages {
 public:
  // Throws DeviceError where the system has no more. Pages without access take no memory, the
  // others as they are touched.
  Pages(std::size_t size_bytes, bool accessible);
  ~Pages();
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  [[nodiscard]] std::uintptr_t begin() const noexcept { return begin_; }
  [[nodiscard]] std::size_t size_bytes() const noexcept { return size_bytes_; }
  // Takes the memory of whole pages in this range back; they read as 0 from now on.
  void discard(std::uintptr_t begin, std::size_t size_bytes) const noexcept;
  [[nodiscard]] bool overlaps(std::uintptr_t address, std::size_t size_bytes) const noexcept {
    return address < begin_ + size_bytes_ && address + size_bytes > begin_;
  }

 private:
  std::uintptr_t begin_ = 0;
  std::size_t size_bytes_;
};

struct Block {
  std::uintptr_t begin = 0;
  std::size_t size_bytes = 0;
};

// A range of addresses, given in blocks; the lowest that fits is taken.
class Space {
 public:
  static constexpr std::size_t kStep = 256;
  static constexpr std::size_t rounded(std::size_t size_bytes) noexcept {
    return (size_bytes + kStep - 1) / kStep * kStep;
  }

  Space(std::uintptr_t begin, std::size_t size_bytes) : begin_(begin), end_(begin + size_bytes) {}

  // 0 where no hole is large enough. `alignment_bytes` is a power of two.
  [[nodiscard]] std::uintptr_t take(std::size_t size_bytes, std::size_t alignment_bytes);
  // False where no block begins there.
  bool give_back(std::uintptr_t begin);
  // The block that holds this byte; null where none does.
  [[nodiscard]] const Block* find(std::uintptr_t address) const noexcept;
  // All blocks, rounded.
  [[nodiscard]] std::size_t used_bytes() const noexcept { return used_bytes_; }

 private:
  std::uintptr_t begin_;
  std::uintptr_t end_;
  std::size_t used_bytes_ = 0;
  std::map<std::uintptr_t, Block> blocks_;
};

}  // namespace dlpack_impl::simulated
