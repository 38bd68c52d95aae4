/// @file
/// Memory to exchange: a template holds the image of one allocation, made once; buffers are stamped
/// from it and can say afterwards which bytes were changed.
///
///     front canary | origin .. gaps and elements .. | back canary
///
/// Canaries fill both ends and every gap; their bytes depend on the position, so that a shifted
/// write shows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "dlpack_impl/device.h"
#include "dlpack_impl/dtype.h"
#include "dlpack_impl/layout.h"

namespace dlpack_impl {

enum class MemoryKind : std::uint8_t {
  kOrdinary,
  kGuardBefore,  ///< the lowest element lies directly after a page that faults
  kGuardAfter,   ///< the highest element lies directly before a page that faults
  kReadonly,     ///< ordinary memory that its owner calls read-only: a write succeeds and is seen
  kMappedReadonly,  ///< mapped so that a write faults
};

/// `ordinary`, `guard-before`, `guard-after`, `readonly`, `mapped-readonly`.
std::string_view memory_kind_name(MemoryKind kind) noexcept;
/// @return none where there is no such name.
std::optional<MemoryKind> find_memory_kind(std::string_view name) noexcept;

/// Where the elements lie. The origin is `alignment_bytes` aligned plus `skew_bytes`. Guarded kinds
/// put the lowest or highest element at the guard instead, use neither number, and leave element 0
/// aligned to its size where that is a power of two.
struct Placement {
  MemoryKind kind = MemoryKind::kOrdinary;
  std::int64_t alignment_bytes = 256;  ///< power of two, 1 to 4096
  std::int64_t skew_bytes = 0;         ///< 0 to `alignment_bytes` - 1; guarded kinds: 0
};

namespace detail {
struct Image;
}  // namespace detail

/// One live allocation, stamped from a template. Move only; the memory goes back when it is
/// destroyed, on any thread. A moved-from buffer may only be destroyed or assigned.
class Buffer {
 public:
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer();

  /// First byte that may be touched, the front canary included.
  [[nodiscard]] void* address() const noexcept { return block_; }
  [[nodiscard]] std::size_t size_bytes() const noexcept;
  /// Byte of layout position 0; element 0 lies `layout.offset` elements further.
  [[nodiscard]] void* origin() const noexcept;
  /// Byte at which element 0 begins.
  [[nodiscard]] void* first() const noexcept;
  /// Bytes from `address` to element 0.
  [[nodiscard]] std::int64_t first_offset_bytes() const noexcept;
  /// True for the kinds readonly and mapped-readonly.
  [[nodiscard]] bool readonly() const noexcept;
  [[nodiscard]] Device device() const noexcept;
  /// Where the allocation came from.
  [[nodiscard]] const DeviceMemory& memory() const noexcept;

  /// How many element bytes differ from the template (packed types: bytes with an element bit that
  /// differs).
  [[nodiscard]] std::int64_t elements_changed() const;
  /// How many bytes outside the elements differ: gaps, both ends, and unused bits of packed types.
  /// @spec C-29
  [[nodiscard]] std::int64_t outside_changed() const;
  /// Puts every byte back, also where the memory is mapped read-only.
  void refill();

 private:
  friend class Template;
  Buffer(std::shared_ptr<const detail::Image> image, void* block) noexcept
      : image_(std::move(image)), block_(block) {}

  [[nodiscard]] std::int64_t changed(bool elements) const;
  void release() noexcept;

  std::shared_ptr<const detail::Image> image_;
  void* block_ = nullptr;
};

/// Image of one allocation. Copies share the image; all functions may be called from any thread.
class Template {
 public:
  /// `values`: the elements in C order, compact (packed types: dense bits), `storage_bytes(dtype,
  /// n)` long. `n` is the element count; where that is above `kMaxElements`, the count with
  /// zero-stride axes cut to 1. Where indices share an address the last one's value stays.
  /// @throws InvalidArgument  an element would lie before the origin; element 0 does not begin at a
  ///     byte (packed types); memory above 1 GiB; more than `kMaxElements` distinct elements;
  ///     `size_bytes`, alignment or skew out of their limits; an unknown dtype; a guarded or mapped
  ///     kind on another device than the CPU.
  Template(DType dtype, Layout layout, const void* values, std::size_t size_bytes,
           Placement placement = {}, const DeviceMemory& memory = cpu_memory());
  /// The same in memory that the template and its buffers keep alive.
  /// @throws  as above; InvalidArgument  `memory` is NULL.
  Template(DType dtype, Layout layout, const void* values, std::size_t size_bytes,
           Placement placement, std::shared_ptr<const DeviceMemory> memory);

  /// A new allocation that holds the image. @throws DeviceError  there is no memory.
  [[nodiscard]] Buffer make() const;

  [[nodiscard]] DType dtype() const noexcept;
  [[nodiscard]] const Layout& layout() const noexcept;
  [[nodiscard]] Placement placement() const noexcept;
  /// What the elements hold, in C order, compact; empty above `kMaxElements` elements.
  [[nodiscard]] const std::vector<std::byte>& raw() const noexcept;
  /// Lowest and one past the highest byte of the elements, relative to element 0; both 0 where
  /// empty.
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> span_bytes() const noexcept;

 private:
  std::shared_ptr<detail::Image> image_;
};

/// True where `Template` can place this dtype in this layout: element 0 begins at a byte.
bool begins_at_byte(DType dtype, const Layout& layout) noexcept;

}  // namespace dlpack_impl
