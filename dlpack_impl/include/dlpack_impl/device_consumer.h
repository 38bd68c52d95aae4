/// @file
/// The consumer on a device whose work runs in streams: elements as one stream sees them, on the
/// host. Its address arithmetic is the consumer's, never the producer's.
#pragma once

#include <memory>

#include "dlpack_impl/accelerator.h"
#include "dlpack_impl/consumer.h"
#include "dlpack_impl/pending_bytes.h"

namespace dlpack_impl {

/// The bytes of a tensor on a device, from the lowest to the highest element, copied to the host.
/// Refers to shape and strides of the view it was made of.
class HostImage {
 public:
  /// Queues the copy on `stream` and waits for that stream alone.
  /// @throws DeviceError  the stream or the addresses are not the device's.
  HostImage(const Accelerator& on, const TensorView& view, Stream stream, PendingBytes& pending);

  HostImage(const HostImage&) = delete;
  HostImage& operator=(const HostImage&) = delete;

  /// The elements, to be read on the host.
  [[nodiscard]] const TensorView& view() const noexcept { return host_; }

  /// Writes one element, `dtype().element_bytes()` bytes, on the host and on the device; done on
  /// return. @throws  as `TensorView::set`; DeviceError
  void set(Int64View index, const void* element);

 private:
  const Accelerator* on_;
  TensorView device_;
  Stream stream_;
  PendingBytes* pending_;
  PendingBytes::Bytes bytes_;
  TensorView host_;
};

}  // namespace dlpack_impl
