/// @file
/// The producer on a device whose work runs in streams: queued writes, order before a consumer's
/// stream, copies. Its address arithmetic is the producer's, never the consumer's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "dlpack_impl/accelerator.h"
#include "dlpack_impl/pending_bytes.h"
#include "dlpack_impl/producer.h"

namespace dlpack_impl {

/// The stream that `__dlpack__(stream=...)` names on CUDA: none asked and 1 the legacy default, 2
/// the per-thread default, above 2 a live handle.
/// @return none for -1: no ordering.
/// @throws InvalidArgument  0, below -1, or no live stream of the device.
/// @spec S-04 S-05 S-06 S-07 S-08 S-09
[[nodiscard]] std::optional<Stream> consumer_stream(const Accelerator& on,
                                                    std::optional<std::int64_t> asked);

/// Where the work of one array's producer runs. Not thread-safe; every function may throw
/// DeviceError.
class DeviceWork {
 public:
  DeviceWork(std::shared_ptr<const Accelerator> on, std::shared_ptr<PendingBytes> pending)
      : on_(std::move(on)), pending_(std::move(pending)) {}

  [[nodiscard]] const std::shared_ptr<const Accelerator>& device() const noexcept { return on_; }
  /// The stream of the last work; none before the first.
  [[nodiscard]] std::optional<Stream> stream() const noexcept { return stream_; }
  /// Other work on the array was queued on `stream`.
  void note(Stream stream) noexcept { stream_ = stream; }

  /// Queues the writing of all elements; `raw`: in C order, compact (packed types: dense bits).
  /// Of packed types the host first reads the bytes that elements share, and waits for that.
  /// @throws InvalidArgument  `raw` has another length than the elements.
  void write(const Producer& tensor, const std::vector<std::byte>& raw, Stream stream);

  /// What is queued on `second` from now on sees this producer's work, or that of `otherwise` where
  /// there was none. The host waits only if the stream of that work was ended meanwhile.
  /// @spec S-08 S-15
  void order_before(Stream second, Stream otherwise) const;

  /// A copy on the device, queued on `over`; its own memory, IS_COPIED set (versioned).
  /// @throws BufferError  more than `kMaxElements` elements. @spec S-17 P-29 P-32
  [[nodiscard]] VersionedPtr copy_versioned(const Producer& tensor, const ExportOptions& options,
                                            Stream over) const;
  [[nodiscard]] LegacyPtr copy_legacy(const Producer& tensor, const ExportOptions& options,
                                      Stream over) const;

  /// A copy in host memory, complete on return: the host waits for `after`. @throws BufferError
  /// as above. @spec S-16 P-27
  [[nodiscard]] VersionedPtr host_versioned(const Producer& tensor, const ExportOptions& options,
                                            Stream after) const;
  [[nodiscard]] LegacyPtr host_legacy(const Producer& tensor, const ExportOptions& options,
                                      Stream after) const;

 private:
  [[nodiscard]] Producer on_host(const Producer& tensor, Stream stream,
                                 PendingBytes::Bytes& bytes) const;
  template <class Export>
  auto copy(const Producer& tensor, const ExportOptions& options, Stream over, Export&& make) const;

  std::shared_ptr<const Accelerator> on_;
  std::shared_ptr<PendingBytes> pending_;
  std::optional<Stream> stream_;
};

}  // namespace dlpack_impl
