#include "dlpack_impl/buffer.h"

#include <array>
#include <cstring>
#include <utility>

#include "dlpack_impl/error.h"
#include "image.h"

namespace dlpack_impl {

namespace {

constexpr std::array<std::string_view, 5> kKindNames = {"ordinary", "guard-before", "guard-after",
                                                        "readonly", "mapped-readonly"};

}  // namespace

std::string_view memory_kind_name(MemoryKind kind) noexcept {
  return kKindNames[static_cast<std::size_t>(kind)];
}

std::optional<MemoryKind> find_memory_kind(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kKindNames.size(); ++i) {
    if (kKindNames[i] == name) return static_cast<MemoryKind>(i);
  }
  return std::nullopt;
}

bool begins_at_byte(DType dtype, const Layout& layout) noexcept {
  // Only the low bits of the product matter, so the offset is cut first and can't overflow.
  return layout.offset % 8 * dtype.element_bits() % 8 == 0;
}

namespace {

const DeviceMemory& checked(const std::shared_ptr<const DeviceMemory>& memory) {
  DLCONFORM_EXPECTS(memory != nullptr, InvalidArgument,
                    detail::field_message("memory", "NULL", "memory of a device"));
  return *memory;
}

}  // namespace

Template::Template(DType dtype, Layout layout, const void* values, std::size_t size_bytes,
                   Placement placement, const DeviceMemory& memory)
    : image_(std::make_shared<detail::Image>()) {
  DLCONFORM_EXPECTS(is_known_dtype(dtype), InvalidArgument,
                    detail::field_message("dtype", dtype_name(dtype), "a dtype of DLPack 1.3"));
  detail::check_placement(placement, memory);
  image_->dtype = dtype;
  image_->layout = std::move(layout);
  image_->placement = placement;
  image_->memory = &memory;
  detail::place(*image_);
  detail::paint(*image_, static_cast<const std::byte*>(values), size_bytes);
}

Template::Template(DType dtype, Layout layout, const void* values, std::size_t size_bytes,
                   Placement placement, std::shared_ptr<const DeviceMemory> memory)
    : Template(dtype, std::move(layout), values, size_bytes, placement, checked(memory)) {
  image_->owner = std::move(memory);
}

Buffer Template::make() const { return {image_, image_->obtain()}; }

DType Template::dtype() const noexcept { return image_->dtype; }
const Layout& Template::layout() const noexcept { return image_->layout; }
Placement Template::placement() const noexcept { return image_->placement; }
const std::vector<std::byte>& Template::raw() const noexcept { return image_->raw; }
std::pair<std::int64_t, std::int64_t> Template::span_bytes() const noexcept {
  return {image_->low, image_->high};
}

Buffer::Buffer(Buffer&& other) noexcept
    : image_(std::move(other.image_)), block_(std::exchange(other.block_, nullptr)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this != &other) {
    release();
    image_ = std::move(other.image_);
    block_ = std::exchange(other.block_, nullptr);
  }
  return *this;
}

Buffer::~Buffer() { release(); }

void Buffer::release() noexcept {
  if (block_ != nullptr) image_->give_back(block_);
  block_ = nullptr;
}

std::size_t Buffer::size_bytes() const noexcept { return image_->bytes.size(); }
void* Buffer::origin() const noexcept {
  // As a number: beside a guard the origin may lie outside the block, where pointer arithmetic may
  // not go.
  return reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(block_) +
                                 static_cast<std::uintptr_t>(image_->origin));
}
void* Buffer::first() const noexcept { return static_cast<std::byte*>(block_) + image_->first; }
std::int64_t Buffer::first_offset_bytes() const noexcept { return image_->first; }
bool Buffer::readonly() const noexcept {
  return image_->placement.kind == MemoryKind::kReadonly ||
         image_->placement.kind == MemoryKind::kMappedReadonly;
}
Device Buffer::device() const noexcept { return image_->memory->device(); }
const DeviceMemory& Buffer::memory() const noexcept { return *image_->memory; }

std::int64_t Buffer::elements_changed() const { return changed(true); }
std::int64_t Buffer::outside_changed() const { return changed(false); }

std::int64_t Buffer::changed(bool elements) const {
  const std::vector<std::byte>& wanted = image_->bytes;
  const auto* found = static_cast<const std::byte*>(block_);
  std::vector<std::byte> host;
  if (!device().is_host_readable()) {
    host.resize(wanted.size());
    image_->memory->read(host.data(), block_, host.size());
    found = host.data();
  }
  if (std::memcmp(found, wanted.data(), wanted.size()) == 0) return 0;
  std::int64_t count = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::byte looked_at = elements ? image_->mask[i] : ~image_->mask[i];
    if (((found[i] ^ wanted[i]) & looked_at) != std::byte{0}) ++count;
  }
  return count;
}

void Buffer::refill() { image_->fill(block_); }

}  // namespace dlpack_impl
