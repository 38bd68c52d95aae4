/// @file
/// What an array on a device has besides, and its share of the array's type.
#pragma once

#include <dlpack_impl/device_producer.h>

#include <optional>

#include "ask.h"
#include "devices.h"
#include "fast.h"

namespace dlpack_impl::python {

struct DeviceSide {
  /// What is made on the device keeps the open device, not the accelerator alone: imports find it.
  explicit DeviceSide(OpenDevicePtr device)
      : open(std::move(device)), work({open, open->accelerator().get()}, open->pending()) {}

  OpenDevicePtr open;
  DeviceWork work;
};

/// One export of an array on a device. @throws  as `consumer_stream`; InvalidArgument  a stream
/// with a copy to the host. @spec S-04 S-05 S-06 S-07 S-08 S-09 S-16 S-17
[[nodiscard]] [[gnu::cold]] PyObject* export_on_device(ArrayObject& array, const Ask& ask);

/// A new array over an imported tensor, wherever it lies; `passed`: the stream that the producer
/// was given. @throws BufferError  no memory of the host or of an open device. @spec C-24
[[nodiscard]] [[gnu::cold]] PyObject* array_on_device(StoragePtr storage,
                                                      std::optional<Stream> passed);

/// A copy of an array on a device, queued on its current stream; the array is let go.
/// @throws  as `DeviceWork::copy_versioned`.
[[nodiscard]] PyObject* copy_array_on_device(Ref array);

/// The same elements, copied to the host on a stream, as `list_elements` and `raw_elements`.
PyObject* list_on_device(const ArrayObject& array, PyObject* stream);
PyObject* raw_on_device(const ArrayObject& array, PyObject* stream);

}  // namespace dlpack_impl::python
