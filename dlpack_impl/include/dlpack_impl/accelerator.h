/// @file
/// Work on a device that runs in streams: memory, copies, fills, delays, events and a clock. CUDA
/// and an accelerator that needs no hardware implement it; the host is `cpu_memory()`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "dlpack_impl/device.h"

namespace dlpack_impl {

/// A stream as `__dlpack__` spells it on CUDA: the legacy default stream, the calling thread's own
/// default stream, or the handle of a stream that was made. @spec S-04 S-05 S-06 S-08
using Stream = std::intptr_t;
inline constexpr Stream kLegacyStream = 1;
inline constexpr Stream kPerThreadStream = 2;

/// Which memory `Accelerator::allocate` gives.
enum class DevicePool : std::uint8_t {
  kDevice,   ///< the device's own; the host can't touch it
  kPinned,   ///< of the host, known to the device
  kManaged,  ///< both sides touch it
};

/// Where memory that states this device lies.
[[nodiscard]] DevicePool pool_of(Device device) noexcept;

/// What the device knows of an address. @spec C-24
struct PointerInfo {
  bool known = false;    ///< inside a live allocation of this runtime
  Device device;         ///< as DLPack states it
  void* base = nullptr;  ///< of the allocation
  std::size_t size_bytes = 0;
};

/// One device. Every function may be called from any thread; what is queued on one stream runs in
/// order, and not before the call returns only by accident. The legacy default stream waits for all
/// blocking streams of its device and they for it; other streams wait for events alone.
///
/// @throws DeviceError  from every function that is not noexcept: an unknown or ended stream or
///     event, an address outside the device's memory, too little memory; the message has the field,
///     the value and the limit.
class Accelerator : public DeviceMemory {
 public:
  // Memory. `DeviceMemory::allocate` gives `kDevice`; `write` and `read` return when all work
  // queued on the legacy default stream and the copy are done.
  [[nodiscard]] virtual void* allocate_from(DevicePool pool, std::size_t size_bytes,
                                            std::size_t alignment_bytes) const = 0;
  [[nodiscard]] virtual std::size_t free_bytes() const = 0;
  [[nodiscard]] virtual PointerInfo query(const void* address) const noexcept = 0;

  // Streams.
  /// `blocking`: ordered against the legacy default stream, as streams are unless asked otherwise.
  [[nodiscard]] virtual Stream make_stream(bool blocking = true) const = 0;
  /// Queued work still runs; the handle is no stream any more.
  virtual void end_stream(Stream stream) const = 0;
  /// True where the handle is a live stream, or one of the two defaults.
  [[nodiscard]] virtual bool has_stream(Stream stream) const noexcept = 0;

  // Queued work. Host memory must stay until the stream has run it.
  virtual void queue_fill(Stream stream, void* at, std::byte value,
                          std::size_t size_bytes) const = 0;
  /// Between any two of host and device memory.
  virtual void queue_copy(Stream stream, void* to, const void* from,
                          std::size_t size_bytes) const = 0;
  /// Adds to `*different`, host memory, how many of the bytes are not `value` when it runs.
  virtual void queue_check(Stream stream, const void* at, std::byte value, std::size_t size_bytes,
                           std::uint64_t* different) const = 0;
  /// The stream does nothing for so long; at most `kMaxDelay`.
  virtual void queue_delay(Stream stream, std::int64_t nanoseconds) const = 0;
  static constexpr std::int64_t kMaxDelay = 1'000'000'000;

  // Order.
  /// All that is queued on `second` from now on runs after all that is queued on `first` now; the
  /// host does not wait.
  virtual void order(Stream first, Stream second) const = 0;
  /// The host waits for all that is queued on the stream, or on the device.
  virtual void synchronize(Stream stream) const = 0;
  virtual void synchronize_device() const = 0;
  /// True where all that was queued on the stream is done; does not wait.
  [[nodiscard]] virtual bool is_idle(Stream stream) const = 0;
  /// Time as the host feels it, from any start: waiting lets it pass.
  [[nodiscard]] virtual std::int64_t now_ns() const noexcept = 0;
};

}  // namespace dlpack_impl
