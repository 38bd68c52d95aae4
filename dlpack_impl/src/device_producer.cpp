#include "dlpack_impl/device_producer.h"

#include <string>
#include <utility>

#include "dlpack_impl/dlpack.h"
#include "dlpack_impl/error.h"

namespace dlpack_impl {
namespace {

constexpr std::size_t kCopyAlignment = 256;

std::uintptr_t number(const void* address) { return reinterpret_cast<std::uintptr_t>(address); }

// Runs `run(address, position, bytes)` over stretches of neighbouring elements, in C order;
// `position` counts bytes of the compact elements. Byte-addressed types only.
template <class Run>
void for_each_run(const Producer& tensor, Run run) {
  const auto size = static_cast<std::size_t>(tensor.tensor().dtype.element_bits() / 8);
  std::byte* begin = nullptr;
  std::size_t position = 0;
  std::size_t length = 0;
  for (IndexWalk walk(tensor.tensor().shape); !walk.done(); walk.next()) {
    auto* at = static_cast<std::byte*>(tensor.address(walk.index()));
    if (length != 0 && number(begin) + length == number(at)) {
      length += size;
      continue;
    }
    if (length != 0) run(begin, position, length);
    begin = at;
    position = static_cast<std::size_t>(walk.position()) * size;
    length = size;
  }
  if (length != 0) run(begin, position, length);
}

// Lowest byte of the elements and how many there are to the highest, relative to element 0.
struct Span {
  std::int64_t low = 0;
  std::size_t size_bytes = 0;
};

Span span_of(const Producer& tensor) {
  if (tensor.element_count() == 0) return {};
  const ElementSpan span = element_span(tensor.tensor().shape, tensor.tensor().strides);
  const std::int64_t bits = tensor.tensor().dtype.element_bits();
  // Arithmetic shifts round down; the end is rounded up.
  const std::int64_t low = (span.lowest * bits) >> 3;
  const std::int64_t end = ((span.highest + 1) * bits + 7) >> 3;
  return {low, static_cast<std::size_t>(end - low)};
}

void expect_copyable(const Producer& tensor, const ExportOptions& options) {
  DLCONFORM_EXPECTS(tensor.element_count() <= kMaxElements, BufferError,
                    detail::field_message("element count", tensor.element_count(),
                                          std::to_string(kMaxElements) + " in a copy"));
  DLCONFORM_EXPECTS(!options.null_deleter, InvalidArgument,
                    detail::field_message("deleter", "NULL", "a deleter, as a copy must be freed"));
}

}  // namespace

std::optional<Stream> consumer_stream(const Accelerator& on, std::optional<std::int64_t> asked) {
  if (!asked.has_value()) return kLegacyStream;
  if (*asked == -1) return std::nullopt;
  const auto stream = static_cast<Stream>(*asked);
  DLCONFORM_EXPECTS(*asked > 0 && on.has_stream(stream), InvalidArgument,
                    detail::field_message(
                        "stream", *asked,
                        "-1, 1, 2 or the handle of a live stream of " + device_name(on.device())));
  return stream;
}

void DeviceWork::write(const Producer& tensor, const std::vector<std::byte>& raw, Stream stream) {
  const DType dtype = tensor.tensor().dtype;
  const std::int64_t wanted = storage_bytes(dtype, tensor.element_count());
  DLCONFORM_EXPECTS(raw.size() == static_cast<std::size_t>(wanted), InvalidArgument,
                    detail::field_message("values", std::to_string(raw.size()) + " bytes",
                                          std::to_string(wanted)));
  DLCONFORM_EXPECTS(on_->has_stream(stream), DeviceError,
                    detail::field_message("stream", stream, "a live stream"));
  if (raw.empty()) return;
  PendingBytes::Bytes bytes;
  try {
    if (dtype.is_byte_addressed()) {
      bytes = std::make_shared<std::vector<std::byte>>(raw);
      for_each_run(tensor, [&](std::byte* at, std::size_t position, std::size_t length) {
        on_->queue_copy(stream, at, bytes->data() + position, length);
      });
    } else {
      order_before(stream, stream);
      const Producer host = on_host(tensor, stream, bytes);
      std::byte element{};
      const std::int64_t bits = dtype.element_bits();
      for (IndexWalk walk(tensor.tensor().shape); !walk.done(); walk.next()) {
        element = std::byte{0};
        for (std::int64_t i = 0; i < bits; ++i) {
          const std::int64_t from = walk.position() * bits + i;
          const std::byte bit =
              raw[static_cast<std::size_t>(from / 8)] >> (from % 8) & std::byte{1};
          element |= bit << i;
        }
        host.set(walk.index(), &element);
      }
      const Span span = span_of(tensor);
      on_->queue_copy(stream, static_cast<std::byte*>(tensor.first()) + span.low, bytes->data(),
                      bytes->size());
    }
  } catch (...) {
    if (bytes != nullptr) pending_->keep(std::move(bytes), stream);
    throw;
  }
  pending_->keep(std::move(bytes), stream);
  stream_ = stream;
}

void DeviceWork::order_before(Stream second, Stream otherwise) const {
  const Stream first = stream_.value_or(otherwise);
  if (first == second) return;
  if (!on_->has_stream(first)) {
    // No event can be recorded on it any more, and its work may still run.
    on_->synchronize_device();
    return;
  }
  on_->order(first, second);
}

// The elements as a producer over host bytes, which hold all from the lowest to the highest.
Producer DeviceWork::on_host(const Producer& tensor, Stream stream,
                             PendingBytes::Bytes& bytes) const {
  const Span span = span_of(tensor);
  bytes = std::make_shared<std::vector<std::byte>>(span.size_bytes);
  if (span.size_bytes != 0) {
    on_->queue_copy(stream, bytes->data(), static_cast<std::byte*>(tensor.first()) + span.low,
                    span.size_bytes);
    on_->synchronize(stream);
  }
  SourceTensor host = tensor.tensor();
  host.origin = bytes->data();
  host.offset_bytes = -span.low;
  host.device = kCpu;
  return {std::move(host), tensor.log()};
}

template <class Export>
auto DeviceWork::copy(const Producer& tensor, const ExportOptions& options, Stream over,
                      Export&& make) const {
  expect_copyable(tensor, options);
  SourceTensor fresh;
  fresh.dtype = tensor.tensor().dtype;
  fresh.shape = tensor.tensor().shape;
  fresh.strides = producer_strides(fresh.shape);
  fresh.device = tensor.tensor().device;
  const auto size = static_cast<std::size_t>(storage_bytes(fresh.dtype, tensor.element_count()));
  // It lies where its source lies, since it states the same.
  fresh.origin = on_->allocate_from(pool_of(fresh.device), size, kCopyAlignment);
  const Keeper keeper = keep_block(on_, fresh.origin);
  PendingBytes::Bytes bytes;
  try {
    auto* to = static_cast<std::byte*>(fresh.origin);
    if (fresh.dtype.is_byte_addressed()) {
      for_each_run(tensor, [&](const std::byte* at, std::size_t position, std::size_t length) {
        on_->queue_copy(over, to + position, at, length);
      });
    } else if (size != 0) {
      // Elements that share bytes are moved by the host.
      const std::vector<std::byte> raw = on_host(tensor, over, bytes).gather();
      pending_->keep(std::move(bytes), over);
      bytes = std::make_shared<std::vector<std::byte>>(raw);
      on_->queue_copy(over, to, bytes->data(), size);
      pending_->keep(std::exchange(bytes, nullptr), over);
    }
    ExportOptions stated = options;
    if (!stated.flags.has_value()) {
      stated.flags = DLPACK_FLAG_BITMASK_IS_COPIED;
      if (fresh.dtype.padded) *stated.flags |= DLPACK_FLAG_BITMASK_IS_SUBBYTE_TYPE_PADDED;
    }
    return make(Producer(std::move(fresh), tensor.log()), stated, keeper);
  } catch (...) {
    if (bytes != nullptr) pending_->keep(std::move(bytes), over);
    keeper.release(keeper.context);
    throw;
  }
}

VersionedPtr DeviceWork::copy_versioned(const Producer& tensor, const ExportOptions& options,
                                        Stream over) const {
  return copy(tensor, options, over,
              [](const Producer& fresh, const ExportOptions& stated, Keeper keeper) {
                return fresh.export_versioned(stated, keeper);
              });
}

LegacyPtr DeviceWork::copy_legacy(const Producer& tensor, const ExportOptions& options,
                                  Stream over) const {
  return copy(tensor, options, over,
              [](const Producer& fresh, const ExportOptions& stated, Keeper keeper) {
                return fresh.export_legacy(stated, keeper);
              });
}

VersionedPtr DeviceWork::host_versioned(const Producer& tensor, const ExportOptions& options,
                                        Stream after) const {
  expect_copyable(tensor, options);
  PendingBytes::Bytes bytes;
  try {
    return on_host(tensor, after, bytes).copy_versioned(options);
  } catch (...) {
    if (bytes != nullptr) pending_->keep(std::move(bytes), after);
    throw;
  }
}

LegacyPtr DeviceWork::host_legacy(const Producer& tensor, const ExportOptions& options,
                                  Stream after) const {
  expect_copyable(tensor, options);
  PendingBytes::Bytes bytes;
  try {
    return on_host(tensor, after, bytes).copy_legacy(options);
  } catch (...) {
    if (bytes != nullptr) pending_->keep(std::move(bytes), after);
    throw;
  }
}

}  // namespace dlpack_impl
