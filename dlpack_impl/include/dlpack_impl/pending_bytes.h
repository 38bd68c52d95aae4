/// @file
/// Host bytes that queued copies still read or write.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "dlpack_impl/accelerator.h"

namespace dlpack_impl {

/// Keeps bytes until the streams they were queued on are done with them. Thread-safe.
class PendingBytes {
 public:
  using Bytes = std::shared_ptr<std::vector<std::byte>>;

  explicit PendingBytes(std::shared_ptr<const Accelerator> on) noexcept : on_(std::move(on)) {}
  PendingBytes(const PendingBytes&) = delete;
  PendingBytes& operator=(const PendingBytes&) = delete;
  /// Waits for the device where bytes are still kept.
  ~PendingBytes();

  /// Keeps `bytes` until what is queued on `stream` by now is done, and lets go what is not needed
  /// any more. Called after the work was queued, also where queueing failed half-way.
  void keep(Bytes bytes, Stream stream) noexcept;

 private:
  std::shared_ptr<const Accelerator> on_;
  std::mutex mutex_;
  std::vector<std::pair<Stream, Bytes>> kept_;
};

}  // namespace dlpack_impl
