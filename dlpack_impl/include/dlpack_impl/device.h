/// @file
/// Devices by number and name, and the small interface through which memory of a device is made and
/// copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dlpack_impl {

/// A device as DLPack numbers it: `type` is a `DLDeviceType`. CPU, pinned and managed memory have
/// id 0.
/// @spec H-02 H-09 T-23
struct Device {
  std::int32_t type = 1;
  std::int32_t id = 0;

  friend constexpr bool operator==(const Device& a, const Device& b) noexcept {
    return a.type == b.type && a.id == b.id;
  }
  friend constexpr bool operator!=(const Device& a, const Device& b) noexcept { return !(a == b); }

  /// True where the host reads the memory by ordinary loads: CPU, pinned host and managed memory.
  [[nodiscard]] constexpr bool is_host_readable() const noexcept {
    return type == 1 || type == 3 || type == 11 || type == 13;
  }
};

inline constexpr Device kCpu{1, 0};

/// `cpu`, `cuda-host` and `rocm-host` where the id is 0, otherwise `<type>-<id>` (`cuda-0`,
/// `cuda-managed-0`); `type<type>-<id>` for types that DLPack 1.3 does not list.
std::string device_name(Device device);

/// The device of a name that `device_name` gives.
/// @return none where there is no such name.
std::optional<Device> find_device(std::string_view name);

/// Where a device's memory comes from and how bytes reach it. Implementations hold no global state
/// and may be called from any thread.
class DeviceMemory {
 public:
  virtual ~DeviceMemory() = default;
  [[nodiscard]] virtual Device device() const noexcept = 0;
  /// At least `size_bytes` (1 where 0 is asked), aligned to `alignment_bytes`, a power of two.
  /// @throws DeviceError  there is no memory; the message has size and alignment.
  [[nodiscard]] virtual void* allocate(std::size_t size_bytes,
                                       std::size_t alignment_bytes) const = 0;
  virtual void release(void* memory) const noexcept = 0;
  /// Copies host bytes to the device, done on return. @throws DeviceError
  virtual void write(void* device_bytes, const void* host_bytes, std::size_t size_bytes) const = 0;
  /// Copies device bytes to the host, done on return. @throws DeviceError
  virtual void read(void* host_bytes, const void* device_bytes, std::size_t size_bytes) const = 0;
};

/// The host's own memory.
const DeviceMemory& cpu_memory() noexcept;

}  // namespace dlpack_impl
