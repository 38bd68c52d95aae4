// Says that the host touched device memory: a signal handler that knows the address ranges.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dlpack_impl::simulated {

// Addresses that the host must not touch: regions of one length, one a device. While it lives the
// handler marks touches of them. Nothing that Python or the standard library does may be in flight
// in a handler, so what it reads are plain atomics of the process.
class TouchRange {
 public:
  // Installs the handler. Throws DeviceError where too many ranges live.
  TouchRange(const void* begin, std::size_t region_bytes, int regions);
  ~TouchRange();
  TouchRange(const TouchRange&) = delete;
  TouchRange& operator=(const TouchRange&) = delete;

 private:
  std::size_t slot_ = 0;
};

// True where the bytes lie, at least in part, in a live range.
bool overlaps_touch_range(const void* address, std::size_t size_bytes) noexcept;

}  // namespace dlpack_impl::simulated
