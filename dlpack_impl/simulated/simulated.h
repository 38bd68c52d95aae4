/// @file
/// An accelerator that needs no hardware: memory that the host can't touch, and streams that really
/// run late, on a virtual clock.
///
/// Nothing is done by the call that queues it. Each piece of work gets its time when it is queued:
/// it begins at the latest of now plus the queue's delay, the end of what its stream must wait for,
/// and the events awaited. Its bytes move when the clock reaches its end, in order of end, then of
/// queueing. The clock passes by host waits, and by `kCallNs` with each call that queues, orders
/// or asks a stream. So every run of the same calls gives the same bytes at the same times.
///
/// Order is CUDA's: the legacy default stream waits for all blocking streams of its device, and
/// they for it; each thread has a default stream of its own, which is blocking; other streams wait
/// for events alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dlpack_impl/accelerator.h"

namespace dlpack_impl::simulated {

class Runtime;

/// What `make_simulated` makes.
struct SimulatedOptions {
  int devices = 1;  ///< 1 to 16; they copy from one another
  /// How long each piece of work lies in its queue before it can begin; 0 to
  /// `Accelerator::kMaxDelay`. It is the same for all streams: that one of them lags behind the
  /// others takes `queue_delay`.
  std::int64_t delay_ns = 0;
  std::int64_t operation_ns = 0;  ///< what a fill, copy or check takes
  std::size_t memory_bytes = std::size_t{1}
                             << 24;  ///< of each device; 4096 to 64 GiB, rounded down to blocks
  std::int32_t device_type = 2;      ///< 2 (CUDA) or 12 (extension)
  /// False: no work is ever late. `queue_delay`, `delay_ns` and `operation_ns` take no time, so
  /// that a missing wait can't show.
  bool late = true;
};

/// Codes of `DeviceError`, after the CUDA runtime's.
enum SimulatedError : int {
  kInvalidValue = 1,
  kOutOfMemory = 2,
  kInvalidStream = 400,
  kFailedOnDemand = 999,
};

/// One simulated device. All functions may be called from any thread. A forked child has a copy of
/// its own, as of all memory.
///
/// Memory: `kDevice` is an address in pages without access, the bytes lie elsewhere: a touch by the
/// host is SIGSEGV (see `set_touch_word`). `kPinned` and `kManaged` are ordinary pages, for
/// `device_type` 2 only: DLPack numbers no such memory of an extension device. `kDevice` and
/// `kManaged` share `memory_bytes`; `kPinned` has as much again. Blocks are multiples of 256 bytes.
///
/// `release` waits, as `cudaFree` does: for all work of the device, and for all that uses the
/// block. An address that is none of its own is ignored.
///
/// `queue_fill` and `queue_check` take memory of this device, pinned or managed memory;
/// `queue_copy` also memory of the other devices, and host memory. A stream's number counts on its
/// own device; `order` takes streams that were made on any device of the same call.
class Simulated final : public Accelerator {
 public:
  /// How much time passes with each call that queues, orders or asks a stream.
  static constexpr std::int64_t kCallNs = 1'000;

  Simulated(Runtime& runtime, int id) noexcept : runtime_(&runtime), id_(id) {}
  Simulated(const Simulated&) = delete;
  Simulated& operator=(const Simulated&) = delete;

  [[nodiscard]] Device device() const noexcept override;
  [[nodiscard]] void* allocate(std::size_t size_bytes, std::size_t alignment_bytes) const override;
  void release(void* memory) const noexcept override;
  void write(void* device_bytes, const void* host_bytes, std::size_t size_bytes) const override;
  void read(void* host_bytes, const void* device_bytes, std::size_t size_bytes) const override;

  [[nodiscard]] void* allocate_from(DevicePool pool, std::size_t size_bytes,
                                    std::size_t alignment_bytes) const override;
  [[nodiscard]] std::size_t free_bytes() const override;
  [[nodiscard]] PointerInfo query(const void* address) const noexcept override;

  [[nodiscard]] Stream make_stream(bool blocking = true) const override;
  void end_stream(Stream stream) const override;
  [[nodiscard]] bool has_stream(Stream stream) const noexcept override;

  void queue_fill(Stream stream, void* at, std::byte value, std::size_t size_bytes) const override;
  void queue_copy(Stream stream, void* to, const void* from, std::size_t size_bytes) const override;
  void queue_check(Stream stream, const void* at, std::byte value, std::size_t size_bytes,
                   std::uint64_t* different) const override;
  void queue_delay(Stream stream, std::int64_t nanoseconds) const override;

  void order(Stream first, Stream second) const override;
  void synchronize(Stream stream) const override;
  void synchronize_device() const override;
  [[nodiscard]] bool is_idle(Stream stream) const override;
  [[nodiscard]] std::int64_t now_ns() const noexcept override;

  /// Makes the `after`-th next call of that name on this device throw a DeviceError of code
  /// `kFailedOnDemand` and do nothing else; 1 is the next, 0 takes the order back. It happens once.
  /// Names: `failing_calls()`.
  /// @throws InvalidArgument  an unknown name; `after` below 0.
  void fail(std::string_view call, int after) const;
  /// `allocate` (of any pool), `write`, `read`, `make_stream`, `end_stream`, `queue_fill`,
  /// `queue_copy`, `queue_check`, `queue_delay`, `order`, `synchronize` (of stream or device),
  /// `is_idle`.
  static const std::vector<std::string>& failing_calls();

 private:
  Runtime* runtime_;
  int id_;
};

/// The devices 0, 1, .. of one new runtime; it lives as long as any of them, then all its memory is
/// unmapped, and work that is still queued is dropped.
/// @throws InvalidArgument  an option out of its limits. @throws DeviceError  the system has no
///     memory, or 256 runtimes live.
std::vector<std::shared_ptr<Simulated>> make_simulated(const SimulatedOptions& options = {});

/// Where a signal handler of this process leaves a mark when the host touches device memory of a
/// simulated device: its id plus 1, stored at once; null: nowhere. The word must stay mapped. The
/// process then goes on to what handled SIGSEGV before, and dies as it would have died.
///
/// The handler is there from the first `make_simulated` on. Each call of this function or of
/// `make_simulated` puts it in front again if somebody else installed one meanwhile.
void set_touch_word(std::uint64_t* word);

}  // namespace dlpack_impl::simulated
