#include "dlpack_impl/producer.h"

#include <cstring>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include "dlpack_impl/error.h"
#include "log_core.h"

namespace dlpack_impl {
namespace {

constexpr std::size_t kCopyAlignment = 256;
constexpr std::int64_t kMaxOffset = std::int64_t{1} << 57;
constexpr std::int64_t kMaxFreshBytes = std::int64_t{1} << 30;

void delete_legacy(DLManagedTensor* self) noexcept {
  detail::ExportBlock::finish(static_cast<detail::ExportBlock*>(self->manager_ctx));
}

void delete_versioned(DLManagedTensorVersioned* self) noexcept {
  detail::ExportBlock::finish(static_cast<detail::ExportBlock*>(self->manager_ctx));
}

// Copies `count` bits of packed elements; bit 0 of a byte is its lowest (T-20). `from` and `to` may
// lie before or after the byte that the bit counts start from.
void move_bits(std::byte* to, std::int64_t to_bit, const std::byte* from, std::int64_t from_bit,
               std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t source = from_bit + i;
    const std::int64_t target = to_bit + i;
    // Arithmetic shift: bit -1 is bit 7 of byte -1.
    const auto bit =
        static_cast<unsigned>(from[source >> 3] >> static_cast<unsigned>(source & 7)) & 1U;
    const auto shift = static_cast<unsigned>(target & 7);
    std::byte& byte = to[target >> 3];
    byte = (byte & ~(std::byte{1} << shift)) | static_cast<std::byte>(bit << shift);
  }
}

// Memory of a copy, freed with the device memory it came from.
Keeper keep_memory(void* memory) {
  return {memory, [](void* context) noexcept { cpu_memory().release(context); }};
}

}  // namespace

std::vector<std::int64_t> producer_strides(Int64View shape) {
  std::vector<std::int64_t> strides(shape.size(), 0);
  if (element_count(shape) == 0) return strides;
  std::int64_t step = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
}

Producer::Producer(SourceTensor tensor, std::shared_ptr<ExportLog> log)
    : tensor_(std::move(tensor)), log_(std::move(log)) {
  DLCONFORM_EXPECTS(log_ != nullptr, InvalidArgument,
                    detail::field_message("log", "NULL", "a log to count exports in"));
  DLCONFORM_EXPECTS(
      is_known_dtype(tensor_.dtype), InvalidArgument,
      detail::field_message("dtype", dtype_name(tensor_.dtype), "a dtype of DLPack 1.3"));
  count_ = dlpack_impl::element_count(tensor_.shape);
  c_contiguous_ = dlpack_impl::is_c_contiguous(tensor_.shape, tensor_.strides);
  const ElementSpan span = element_span(tensor_.shape, tensor_.strides);
  const std::int64_t reach = (std::int64_t{1} << 61) / tensor_.dtype.element_bits();
  DLCONFORM_EXPECTS(-span.lowest <= reach && span.highest <= reach, InvalidArgument,
                    detail::field_message("strides",
                                          std::to_string(span.lowest) + " to " +
                                              std::to_string(span.highest) + " elements",
                                          "2^61 bits from element 0"));
  DLCONFORM_EXPECTS(tensor_.offset_bytes >= -kMaxOffset && tensor_.offset_bytes <= kMaxOffset,
                    InvalidArgument,
                    detail::field_message("offset_bytes", tensor_.offset_bytes, "2^57 bytes"));
  DLCONFORM_EXPECTS(count_ == 0 || tensor_.origin != nullptr, InvalidArgument,
                    detail::field_message("origin", "NULL", "an address, as there are elements"));
  extents_.reserve(2 * tensor_.shape.size());
  extents_.insert(extents_.end(), tensor_.shape.begin(), tensor_.shape.end());
  extents_.insert(extents_.end(), tensor_.strides.begin(), tensor_.strides.end());
}

void Producer::check(const ExportOptions& options, bool versioned) const {
  const auto version = [&] {
    return versioned
               ? std::to_string(options.version.major) + "." + std::to_string(options.version.minor)
               : std::string("0.8");
  };
  const bool ranked = !tensor_.shape.empty();
  DLCONFORM_EXPECTS(
      !versioned || options.version.major >= 1, InvalidArgument,
      detail::field_message("version", version(), "1.0 or newer in a versioned struct"));
  if (tensor_.dtype.padded) {
    DLCONFORM_EXPECTS(versioned && options.version.at_least(1, 1), BufferError,
                      detail::field_message(
                          "dtype", dtype_name(tensor_.dtype),
                          "version 1.1 or newer, which has the padded flag; asked: " + version()));
    DLCONFORM_EXPECTS(
        !options.flags || (*options.flags & DLPACK_FLAG_BITMASK_IS_SUBBYTE_TYPE_PADDED) != 0,
        InvalidArgument,
        detail::field_message("flags", *options.flags, "bit 2 set, as the elements are padded"));
  }
  if (options.null_strides) {
    DLCONFORM_EXPECTS(
        !versioned || !ranked || !options.version.at_least(1, 2), InvalidArgument,
        detail::field_message("strides", "NULL",
                              "not NULL from 1.2 on with ndim above 0; asked: " + version()));
    DLCONFORM_EXPECTS(c_contiguous_, InvalidArgument,
                      detail::field_message("strides", "NULL", "compact row-major tensors"));
  }
  DLCONFORM_EXPECTS(
      !options.null_shape || !ranked, InvalidArgument,
      detail::field_message("shape", "NULL",
                            "ndim 0; ndim is " + std::to_string(tensor_.shape.size())));
  DLCONFORM_EXPECTS(
      !options.null_data || count_ == 0, InvalidArgument,
      detail::field_message("data", "NULL", "empty tensors; elements: " + std::to_string(count_)));
  DLCONFORM_EXPECTS(
      options.offset_in == OffsetIn::kData || tensor_.offset_bytes >= 0, InvalidArgument,
      detail::field_message("byte_offset", tensor_.offset_bytes, ">= 0, being unsigned"));
}

template <class Managed>
Prepared<Managed> Producer::prepare(const ExportOptions& options, bool copied) const {
  constexpr bool kVersioned = std::is_same_v<Managed, DLManagedTensorVersioned>;
  if (!options.break_rules) check(options, kVersioned);

  Prepared<Managed> prepared{};
  Managed& managed = prepared.image;
  if constexpr (kVersioned) {
    managed.version = {options.version.major, options.version.minor};
    std::uint64_t state = 0;
    if (tensor_.readonly) state |= DLPACK_FLAG_BITMASK_READ_ONLY;
    if (copied) state |= DLPACK_FLAG_BITMASK_IS_COPIED;
    if (tensor_.dtype.padded) state |= DLPACK_FLAG_BITMASK_IS_SUBBYTE_TYPE_PADDED;
    managed.flags = options.flags.value_or(state);
    managed.deleter = options.null_deleter ? nullptr : delete_versioned;
  } else {
    managed.deleter = options.null_deleter ? nullptr : delete_legacy;
  }

  DLTensor& out = managed.dl_tensor;
  const Device device = options.device.value_or(tensor_.device);
  const auto origin = reinterpret_cast<std::uintptr_t>(tensor_.origin);
  const auto offset = static_cast<std::uint64_t>(tensor_.offset_bytes);
  const bool in_data = options.offset_in == OffsetIn::kData;
  out.data =
      options.null_data ? nullptr : reinterpret_cast<void*>(in_data ? origin + offset : origin);
  out.byte_offset = in_data || options.null_data ? 0 : offset;
  out.device = {static_cast<DLDeviceType>(device.type), device.id};
  out.ndim = static_cast<std::int32_t>(tensor_.shape.size());
  out.dtype = {tensor_.dtype.code, tensor_.dtype.bits, tensor_.dtype.lanes};
  // Any address but NULL: an export puts that of its own numbers in its place.
  auto* some = reinterpret_cast<std::int64_t*>(alignof(std::int64_t));
  out.shape = options.null_shape ? nullptr : some;
  out.strides = options.null_strides ? nullptr : some;
  return prepared;
}

template <class Managed>
Managed* Producer::stamp(const Prepared<Managed>& prepared, Keeper keeper) const {
  const std::size_t rank = tensor_.shape.size();
  const Managed& image = prepared.image;
  detail::ExportBlock* block =
      log_->core_->begin(sizeof(detail::ExportBlock) + 2 * rank * sizeof(std::int64_t),
                         image.deleter != nullptr, keeper);
  std::int64_t* numbers = block->numbers();
  // By hand: of so few numbers a call of memcpy costs more than the copy.
  for (std::size_t axis = 0; axis < rank; ++axis) {
    numbers[axis] = extents_[axis];
    numbers[rank + axis] = extents_[rank + axis];
  }
  // The member is chosen anew each time: blocks are used again for either struct.
  Managed* managed = nullptr;
  if constexpr (std::is_same_v<Managed, DLManagedTensorVersioned>) {
    managed = new (&block->versioned) DLManagedTensorVersioned(image);
  } else {
    managed = new (&block->legacy) DLManagedTensor(image);
  }
  managed->manager_ctx = block;
  if (image.dl_tensor.shape != nullptr) managed->dl_tensor.shape = numbers;
  if (image.dl_tensor.strides != nullptr) managed->dl_tensor.strides = numbers + rank;
  return managed;
}

LegacyPtr Producer::export_legacy(const ExportOptions& options, Keeper keeper) const {
  return LegacyPtr(stamp(prepare<DLManagedTensor>(options, false), keeper));
}

VersionedPtr Producer::export_versioned(const ExportOptions& options, Keeper keeper) const {
  return VersionedPtr(stamp(prepare<DLManagedTensorVersioned>(options, false), keeper));
}

Prepared<DLManagedTensor> Producer::prepare_legacy(const ExportOptions& options) const {
  return prepare<DLManagedTensor>(options, false);
}

Prepared<DLManagedTensorVersioned> Producer::prepare_versioned(const ExportOptions& options) const {
  return prepare<DLManagedTensorVersioned>(options, false);
}

LegacyPtr Producer::export_prepared(const Prepared<DLManagedTensor>& prepared,
                                    Keeper keeper) const {
  return LegacyPtr(stamp(prepared, keeper));
}

VersionedPtr Producer::export_prepared(const Prepared<DLManagedTensorVersioned>& prepared,
                                       Keeper keeper) const {
  return VersionedPtr(stamp(prepared, keeper));
}

Producer Producer::copy() const {
  const std::vector<std::byte> bytes = gather();
  SourceTensor fresh;
  fresh.dtype = tensor_.dtype;
  fresh.shape = tensor_.shape;
  fresh.strides = producer_strides(tensor_.shape);
  fresh.origin = cpu_memory().allocate(bytes.size(), kCopyAlignment);
  cpu_memory().write(fresh.origin, bytes.data(), bytes.size());
  return {std::move(fresh), log_};
}

template <class Managed>
Managed* Producer::make_copy(const ExportOptions& options) const {
  // The copy's elements begin at its origin and it stays owned by the export, whatever the source's
  // options say.
  DLCONFORM_EXPECTS(!options.null_deleter, InvalidArgument,
                    detail::field_message("deleter", "NULL", "a deleter, as a copy must be freed"));
  const Producer fresh = copy();
  const Keeper keeper = keep_memory(fresh.tensor_.origin);
  try {
    return fresh.stamp(fresh.prepare<Managed>(options, true), keeper);
  } catch (...) {
    keeper.release(keeper.context);
    throw;
  }
}

LegacyPtr Producer::copy_legacy(const ExportOptions& options) const {
  return LegacyPtr(make_copy<DLManagedTensor>(options));
}

VersionedPtr Producer::copy_versioned(const ExportOptions& options) const {
  return VersionedPtr(make_copy<DLManagedTensorVersioned>(options));
}

std::int64_t Producer::bit_position(Int64View index) const {
  DLCONFORM_EXPECTS(index.size() == tensor_.shape.size(), InvalidArgument,
                    detail::field_message("index", std::to_string(index.size()) + " numbers",
                                          std::to_string(tensor_.shape.size()) + ", one an axis"));
  std::int64_t element = 0;
  for (std::size_t axis = 0; axis < index.size(); ++axis) {
    DLCONFORM_EXPECTS(index[axis] >= 0 && index[axis] < tensor_.shape[axis], InvalidArgument,
                      detail::field_message("index[" + std::to_string(axis) + "]", index[axis],
                                            "0 to " + std::to_string(tensor_.shape[axis] - 1)));
    element += index[axis] * tensor_.strides[axis];
  }
  return tensor_.offset_bytes * 8 + element * tensor_.dtype.element_bits();
}

void* Producer::first() const noexcept {
  // As a number: beside a guard page the origin may lie outside the allocation.
  return reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(tensor_.origin) +
                                 static_cast<std::uintptr_t>(tensor_.offset_bytes));
}

void* Producer::address(Int64View index) const {
  return reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(tensor_.origin) +
                                 static_cast<std::uintptr_t>(bit_position(index) >> 3));
}

void Producer::get(Int64View index, void* element) const {
  const std::int64_t bits = tensor_.dtype.element_bits();
  if (bits % 8 == 0) {
    std::memcpy(element, address(index), static_cast<std::size_t>(bits / 8));
    return;
  }
  std::memset(element, 0, static_cast<std::size_t>(tensor_.dtype.element_bytes()));
  move_bits(static_cast<std::byte*>(element), 0, static_cast<const std::byte*>(tensor_.origin),
            bit_position(index), bits);
}

void Producer::set(Int64View index, const void* element) const {
  const std::int64_t bits = tensor_.dtype.element_bits();
  if (bits % 8 == 0) {
    std::memcpy(address(index), element, static_cast<std::size_t>(bits / 8));
    return;
  }
  move_bits(static_cast<std::byte*>(tensor_.origin), bit_position(index),
            static_cast<const std::byte*>(element), 0, bits);
}

std::vector<std::byte> Producer::gather() const {
  DLCONFORM_EXPECTS(
      count_ <= kMaxElements, BufferError,
      detail::field_message("element count", count_, std::to_string(kMaxElements) + " in a copy"));
  DLCONFORM_EXPECTS(
      tensor_.device.is_host_readable(), BufferError,
      detail::field_message("device", device_name(tensor_.device), "memory that the host reads"));
  std::vector<std::byte> bytes(static_cast<std::size_t>(storage_bytes(tensor_.dtype, count_)));
  const std::int64_t bits = tensor_.dtype.element_bits();
  const auto step = static_cast<std::size_t>(bits / 8);
  const auto* origin = static_cast<const std::byte*>(tensor_.origin);
  for (IndexWalk walk(tensor_.shape); !walk.done(); walk.next()) {
    const std::int64_t from = bit_position(walk.index());
    if (bits % 8 == 0) {
      std::memcpy(bytes.data() + static_cast<std::size_t>(walk.position()) * step,
                  origin + (from >> 3), step);
    } else {
      move_bits(bytes.data(), walk.position() * bits, origin, from, bits);
    }
  }
  return bytes;
}

Keeper keep_block(std::shared_ptr<const DeviceMemory> memory, void* block) {
  return keep(std::shared_ptr<void>(
      block, [memory = std::move(memory)](void* kept) noexcept { memory->release(kept); }));
}

VersionedPtr make_tensor(DType dtype, Int64View shape, Device device,
                         std::shared_ptr<ExportLog> log) {
  DLCONFORM_EXPECTS(device == kCpu, BufferError,
                    detail::field_message("device", device_name(device), "cpu"));
  // Shares no ownership: the host's memory is always there.
  return make_tensor_in({std::shared_ptr<const DeviceMemory>(), &cpu_memory()}, dtype, shape,
                        std::move(log));
}

VersionedPtr make_tensor_in(std::shared_ptr<const DeviceMemory> memory, DType dtype,
                            Int64View shape, std::shared_ptr<ExportLog> log) {
  DLCONFORM_EXPECTS(is_known_dtype(dtype), InvalidArgument,
                    detail::field_message("dtype", dtype_name(dtype), "a dtype of DLPack 1.3"));
  SourceTensor fresh;
  fresh.dtype = dtype;
  fresh.shape = shape.to_vector();
  fresh.strides = producer_strides(shape);
  fresh.device = memory->device();
  const std::int64_t size = storage_bytes(dtype, element_count(shape));
  DLCONFORM_EXPECTS(size <= kMaxFreshBytes, InvalidArgument,
                    detail::field_message("shape", std::to_string(size) + " bytes", "1 GiB"));
  fresh.origin = memory->allocate(static_cast<std::size_t>(size), kCopyAlignment);
  const Keeper keeper = keep_block(memory, fresh.origin);
  try {
    const std::vector<std::byte> zeros(static_cast<std::size_t>(size));
    memory->write(fresh.origin, zeros.data(), zeros.size());
    return Producer(std::move(fresh), std::move(log)).export_versioned({}, keeper);
  } catch (...) {
    keeper.release(keeper.context);
    throw;
  }
}

}  // namespace dlpack_impl
