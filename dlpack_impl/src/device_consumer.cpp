#include "dlpack_impl/device_consumer.h"

#include <utility>

namespace dlpack_impl {

HostImage::HostImage(const Accelerator& on, const TensorView& view, Stream stream,
                     PendingBytes& pending)
    : on_(&on), device_(view), stream_(stream), pending_(&pending) {
  const auto [lowest, end] = view.span_bytes();
  const auto size = static_cast<std::size_t>(end - lowest);
  bytes_ = std::make_shared<std::vector<std::byte>>(size + 1);  // never empty: it has an address
  try {
    if (size != 0) {
      on.queue_copy(stream, bytes_->data(), static_cast<std::byte*>(view.first()) + lowest, size);
    }
    on.synchronize(stream);
  } catch (...) {
    pending.keep(std::move(bytes_), stream);
    throw;
  }
  host_ = TensorView(view.dtype(), bytes_->data() - lowest, view.shape(), device_.strides());
}

void HostImage::set(Int64View index, const void* element) {
  host_.set(index, element);
  const auto [lowest, end] = device_.span_bytes();
  try {
    if (device_.dtype().is_byte_addressed()) {
      on_->queue_copy(stream_, device_.address(index), host_.address(index),
                      static_cast<std::size_t>(device_.dtype().element_bytes()));
    } else {
      on_->queue_copy(stream_, static_cast<std::byte*>(device_.first()) + lowest, bytes_->data(),
                      static_cast<std::size_t>(end - lowest));
    }
    on_->synchronize(stream_);
  } catch (...) {
    pending_->keep(bytes_, stream_);
    throw;
  }
}

}  // namespace dlpack_impl
