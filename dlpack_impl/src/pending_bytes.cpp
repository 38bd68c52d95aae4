#include "dlpack_impl/pending_bytes.h"

#include <algorithm>

namespace dlpack_impl {
namespace {

// Looking at a stream is a call of its runtime, and lets simulated time pass: not at every write.
constexpr std::size_t kLookFrom = 32;
constexpr std::size_t kWaitFrom = 1024;

}  // namespace

PendingBytes::~PendingBytes() {
  if (kept_.empty()) return;
  try {
    on_->synchronize_device();
  } catch (...) {
    // A device that can't be waited for may still use the bytes: they stay.
    static_cast<void>(new std::vector<std::pair<Stream, Bytes>>(std::move(kept_)));
  }
}

void PendingBytes::keep(Bytes bytes, Stream stream) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  kept_.emplace_back(stream, std::move(bytes));
  if (kept_.size() < kLookFrom) return;
  try {
    const auto done = [&](const std::pair<Stream, Bytes>& one) {
      return on_->has_stream(one.first) && on_->is_idle(one.first);
    };
    kept_.erase(std::remove_if(kept_.begin(), kept_.end(), done), kept_.end());
    if (kept_.size() < kWaitFrom) return;
    on_->synchronize_device();  // many streams that were ended meanwhile
    kept_.clear();
  } catch (...) {
    return;  // the next call looks again
  }
}

}  // namespace dlpack_impl
