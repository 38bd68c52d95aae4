/// @file
/// The accelerators that are open in this process, and the type `Accelerator`.
#pragma once

#include <dlpack_impl/accelerator.h>
#include <dlpack_impl/pending_bytes.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "python.h"

namespace dlpack_impl::simulated {
class Simulated;
}  // namespace dlpack_impl::simulated

namespace dlpack_impl::python {

/// One accelerator of this process. Arrays, memories and their exports keep it.
class OpenDevice {
 public:
  /// `simulated`: the same device where it is one, else NULL.
  OpenDevice(std::string name, std::shared_ptr<const Accelerator> accelerator,
             const simulated::Simulated* simulated);
  OpenDevice(const OpenDevice&) = delete;
  OpenDevice& operator=(const OpenDevice&) = delete;
  ~OpenDevice();

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::shared_ptr<const Accelerator>& accelerator() const noexcept {
    return accelerator_;
  }
  [[nodiscard]] const simulated::Simulated* simulated() const noexcept { return simulated_; }
  [[nodiscard]] const std::shared_ptr<PendingBytes>& pending() const noexcept { return pending_; }
  /// Its memory of one pool, for templates.
  [[nodiscard]] const DeviceMemory& memory(DevicePool pool) const noexcept;
  [[nodiscard]] bool has_memory(const DeviceMemory& memory) const noexcept;
  /// CUDA by what it states: consumers pass streams.
  [[nodiscard]] bool is_cuda() const noexcept { return accelerator_->device().type == 2; }

  /// This thread's stream of work; the legacy default at first.
  [[nodiscard]] Stream current_stream() const;
  void set_current_stream(Stream stream) const;

 private:
  std::string name_;
  std::shared_ptr<const Accelerator> accelerator_;
  const simulated::Simulated* simulated_;
  std::shared_ptr<PendingBytes> pending_;
  std::array<std::unique_ptr<DeviceMemory>, 2> pools_;  ///< pinned, managed
  std::uint64_t serial_;
};

using OpenDevicePtr = std::shared_ptr<const OpenDevice>;

/// How many are open. While there is none nothing can be on a device.
extern std::atomic<int> open_devices;

/// The newest open one that states this device, or NULL. Any thread, without the GIL.
[[nodiscard]] OpenDevicePtr find_open(Device device) noexcept;
/// The one with an allocation around `address`, or NULL. `device` is what the tensor states: its id
/// counts, and its type as far as that it is no host memory.
[[nodiscard]] OpenDevicePtr find_open_at(const void* address, Device device) noexcept;
/// The same for an address alone.
[[nodiscard]] OpenDevicePtr find_open_holding(const void* address) noexcept;
/// The one that this memory belongs to, or NULL.
[[nodiscard]] OpenDevicePtr find_open_memory(const DeviceMemory& memory) noexcept;

/// What an `Accelerator` object stands for. @throws TypeMismatch  named by `field`.
[[nodiscard]] OpenDevicePtr open_device_from(PyObject* object, const char* field);
/// A new reference to an `Accelerator`. @throws PythonErrorIsSet
[[nodiscard]] PyObject* from_open_device(const OpenDevicePtr& device);

/// A stream's number, NULL and None for the current one. @throws TypeMismatch, InvalidArgument
/// DeviceError  no live stream of the device.
[[nodiscard]] Stream stream_from(PyObject* value, const OpenDevice& device);

}  // namespace dlpack_impl::python
