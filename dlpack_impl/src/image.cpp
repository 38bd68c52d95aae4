#include "image.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "dlpack_impl/error.h"

namespace dlpack_impl::detail {
namespace {

constexpr std::size_t kCanaryBytes = 64;
constexpr std::int64_t kMaxBytes = std::int64_t{1} << 30;
constexpr std::int64_t kMaxAlignment = 4096;
#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t kPooled = 0;  // a pooled block would hide a use after free
#else
constexpr std::size_t kPooled = 16;
#endif

std::size_t page_bytes() {
  static const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

std::size_t round_up(std::size_t value, std::size_t step) {
  return (value + step - 1) / step * step;
}

std::int64_t floor_bytes(std::int64_t bits) { return bits >= 0 ? bits / 8 : -((7 - bits) / 8); }
std::int64_t ceil_bytes(std::int64_t bits) { return -floor_bytes(-bits); }

// Depends on all of the position, so that bytes moved by any distance differ somewhere.
std::byte canary(std::size_t position) {
  const std::uint64_t mixed = (position + 1) * 0x9E3779B97F4A7C15U;
  return static_cast<std::byte>((mixed >> 56U) ^ (mixed >> 24U & 0xFFU));
}

// Copies `count` bits; bit 0 of a byte is its lowest.
void copy_bits(std::byte* to, std::int64_t to_bit, const std::byte* from, std::int64_t from_bit,
               std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const std::byte one{static_cast<unsigned char>(1U << static_cast<unsigned>((to_bit + i) % 8))};
    const bool set = (from[(from_bit + i) / 8] >> static_cast<unsigned>((from_bit + i) % 8) &
                      std::byte{1}) != std::byte{0};
    std::byte& target = to[(to_bit + i) / 8];
    target = set ? target | one : target & ~one;
  }
}

void set_bits(std::byte* to, std::int64_t to_bit, std::int64_t count) {
  for (std::int64_t i = to_bit; i < to_bit + count; ++i) {
    to[i / 8] |= std::byte{static_cast<unsigned char>(1U << static_cast<unsigned>(i % 8))};
  }
}

std::int64_t position(Int64View index, const std::vector<std::int64_t>& strides) {
  std::int64_t sum = 0;
  for (std::size_t axis = 0; axis < index.size(); ++axis) sum += index[axis] * strides[axis];
  return sum;
}

}  // namespace

void check_placement(const Placement& placement, const DeviceMemory& memory) {
  const bool guarded =
      placement.kind == MemoryKind::kGuardBefore || placement.kind == MemoryKind::kGuardAfter;
  const std::int64_t alignment = placement.alignment_bytes;
  DLCONFORM_EXPECTS(
      alignment >= 1 && alignment <= kMaxAlignment && (alignment & (alignment - 1)) == 0,
      InvalidArgument, field_message("alignment", alignment, "a power of two, 1 to 4096"));
  DLCONFORM_EXPECTS(placement.skew_bytes >= 0 && placement.skew_bytes < (guarded ? 1 : alignment),
                    InvalidArgument,
                    field_message("skew", placement.skew_bytes,
                                  guarded ? "0 beside a guard" : "0 to alignment - 1 bytes"));
  DLCONFORM_EXPECTS(
      memory.device() == kCpu || (!guarded && placement.kind != MemoryKind::kMappedReadonly),
      InvalidArgument,
      field_message("kind", memory_kind_name(placement.kind), "ordinary or readonly off the CPU"));
}

// Sizes of the block and where the origin lies in it.
void place(Image& image) {
  image.pools_blocks = image.memory->device() == kCpu;
  const std::int64_t bits = image.dtype.element_bits();
  const std::int64_t needed = image.layout.elements_from_origin();
  DLCONFORM_EXPECTS(needed <= kMaxBytes / bits * 8, InvalidArgument,
                    field_message("layout", std::to_string(needed) + " elements from the origin",
                                  "1 GiB of memory"));
  DLCONFORM_EXPECTS(
      begins_at_byte(image.dtype, image.layout), InvalidArgument,
      field_message("offset", image.layout.offset,
                    "a whole number of bytes; elements of " + dtype_name(image.dtype) + " have " +
                        std::to_string(bits) + " bits"));
  const ElementSpan span = image.layout.span();
  const std::int64_t offset_bytes = image.layout.offset * bits / 8;
  if (!span.empty) {
    image.low = floor_bytes(span.lowest * bits);
    image.high = ceil_bytes((span.highest + 1) * bits);
  }
  const auto length = static_cast<std::size_t>(image.high - image.low);
  std::size_t block = 0;
  switch (image.placement.kind) {
    case MemoryKind::kGuardBefore:
      block = round_up(length + kCanaryBytes, page_bytes());
      image.first = -image.low;
      break;
    case MemoryKind::kGuardAfter:
      block = round_up(length + kCanaryBytes, page_bytes());
      image.first = static_cast<std::int64_t>(block) - image.high;
      break;
    default: {
      const auto alignment = static_cast<std::size_t>(image.placement.alignment_bytes);
      const std::size_t front = round_up(kCanaryBytes, alignment);
      const std::int64_t origin = static_cast<std::int64_t>(front) + image.placement.skew_bytes;
      image.first = origin + offset_bytes;
      block = static_cast<std::size_t>(image.first + image.high) + kCanaryBytes;
      if (image.placement.kind == MemoryKind::kMappedReadonly) {
        block = round_up(block, page_bytes());
      }
    }
  }
  image.origin = image.first - offset_bytes;
  image.bytes.resize(block);
  image.mask.resize(block);
}

void paint(Image& image, const std::byte* values, std::size_t size_bytes) {
  const std::int64_t count = image.layout.element_count();
  const bool whole = count <= kMaxElements;
  const std::vector<std::int64_t> shape =
      whole ? image.layout.shape : distinct_shape(image.layout.shape, image.layout.strides);
  const std::int64_t painted = whole ? count : element_count(shape);
  DLCONFORM_EXPECTS(painted <= kMaxElements, InvalidArgument,
                    field_message("layout", std::to_string(painted) + " distinct elements",
                                  std::to_string(kMaxElements)));
  const std::int64_t wanted = storage_bytes(image.dtype, painted);
  DLCONFORM_EXPECTS(
      size_bytes == static_cast<std::size_t>(wanted), InvalidArgument,
      field_message("values", std::to_string(size_bytes) + " bytes",
                    std::to_string(wanted) + ", " + std::to_string(painted) + " elements"));
  for (std::size_t i = 0; i < image.bytes.size(); ++i) image.bytes[i] = canary(i);
  const std::int64_t bits = image.dtype.element_bits();
  for (IndexWalk walk(shape); !walk.done(); walk.next()) {
    const std::int64_t bit = image.first * 8 + position(walk.index(), image.layout.strides) * bits;
    if (bits % 8 == 0) {
      const auto n = static_cast<std::size_t>(bits / 8);
      std::memcpy(&image.bytes[static_cast<std::size_t>(bit / 8)],
                  values + static_cast<std::size_t>(walk.position()) * n, n);
      std::memset(&image.mask[static_cast<std::size_t>(bit / 8)], 0xFF, n);
    } else {
      copy_bits(image.bytes.data(), bit, values, walk.position() * bits, bits);
      set_bits(image.mask.data(), bit, bits);
    }
  }
  if (!whole) return;
  // Read back instead of copied: where indices share an address, the last value is what all of them
  // hold.
  image.raw.resize(size_bytes);
  for (IndexWalk walk(shape); !walk.done(); walk.next()) {
    const std::int64_t bit = image.first * 8 + position(walk.index(), image.layout.strides) * bits;
    if (bits % 8 == 0) {
      const auto n = static_cast<std::size_t>(bits / 8);
      std::memcpy(&image.raw[static_cast<std::size_t>(walk.position()) * n],
                  &image.bytes[static_cast<std::size_t>(bit / 8)], n);
    } else {
      copy_bits(image.raw.data(), walk.position() * bits, image.bytes.data(), bit, bits);
    }
  }
}

Image::Image() { free_blocks.reserve(kPooled); }

void* Image::create() const {
  if (!mapped()) {
    return memory->allocate(bytes.size(), static_cast<std::size_t>(placement.alignment_bytes));
  }
  const bool guarded = placement.kind != MemoryKind::kMappedReadonly;
  const std::size_t length = bytes.size() + (guarded ? page_bytes() : 0);
  void* mapping = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) {
    throw DeviceError(field_message("mapping", length, "what the host can map, in bytes"), errno);
  }
  if (!guarded) return mapping;
  auto* base = static_cast<std::byte*>(mapping);
  const bool before = placement.kind == MemoryKind::kGuardBefore;
  if (mprotect(before ? base : base + bytes.size(), page_bytes(), PROT_NONE) != 0) {
    const int code = errno;
    munmap(mapping, length);
    throw DeviceError(field_message("guard", page_bytes(), "bytes that the host can protect"),
                      code);
  }
  return before ? base + page_bytes() : base;
}

void Image::destroy(void* block) const noexcept {
  if (!mapped()) {
    memory->release(block);
    return;
  }
  const bool guarded = placement.kind != MemoryKind::kMappedReadonly;
  auto* base = static_cast<std::byte*>(block);
  if (placement.kind == MemoryKind::kGuardBefore) base -= page_bytes();
  munmap(base, bytes.size() + (guarded ? page_bytes() : 0));
}

void Image::fill(void* block) const {
  if (placement.kind != MemoryKind::kMappedReadonly) {
    memory->write(block, bytes.data(), bytes.size());
    return;
  }
  if (mprotect(block, bytes.size(), PROT_READ | PROT_WRITE) != 0) {
    throw DeviceError(field_message("mapping", bytes.size(), "bytes that can be made writable"),
                      errno);
  }
  std::memcpy(block, bytes.data(), bytes.size());
  if (mprotect(block, bytes.size(), PROT_READ) != 0) {
    throw DeviceError(field_message("mapping", bytes.size(), "bytes that can be made read-only"),
                      errno);
  }
}

void* Image::obtain() const {
  void* block = nullptr;
  {
    const std::lock_guard<std::mutex> lock(mutex);
    if (!free_blocks.empty()) {
      block = free_blocks.back();
      free_blocks.pop_back();
    }
  }
  if (block != nullptr && placement.kind == MemoryKind::kMappedReadonly &&
      std::memcmp(block, bytes.data(), bytes.size()) == 0) {
    return block;  // nobody made it writable meanwhile: two system calls saved
  }
  if (block == nullptr) block = create();
  try {
    fill(block);
  } catch (...) {
    destroy(block);
    throw;
  }
  return block;
}

void Image::give_back(void* block) const noexcept {
  {
    const std::lock_guard<std::mutex> lock(mutex);
    if (pools_blocks && free_blocks.size() < kPooled) {
      free_blocks.push_back(block);  // capacity was reserved: does not throw
      return;
    }
  }
  destroy(block);
}

}  // namespace dlpack_impl::detail
