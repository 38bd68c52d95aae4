// What a log counts in. It lives as long as its log or one of its exports, whichever is last.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "dlpack_impl/producer.h"
#include "export_block.h"

namespace dlpack_impl::detail {

// Held for a few dozen instructions and never while foreign code runs. Unlocking is a plain store,
// which makes it half the price of a mutex on the hot path.
class SpinLock {
 public:
  void lock() noexcept {
    for (int tries = 0; flag_.test_and_set(std::memory_order_acquire); ++tries) {
      if (tries > 64) std::this_thread::yield();
    }
  }
  void unlock() noexcept { flag_.clear(std::memory_order_release); }

 private:
  std::atomic_flag flag_ = ATOMIC_FLAG_INIT;
};

struct LogCounts {
  std::int64_t exports = 0;
  std::int64_t live = 0;
  std::int64_t deleter_calls = 0;
  std::int64_t double_deletes = 0;

  LogCounts& operator+=(const LogCounts& other) noexcept {
    exports += other.exports;
    live += other.live;
    deleter_calls += other.deleter_calls;
    double_deletes += other.double_deletes;
    return *this;
  }
};

class LogCore {
 public:
  explicit LogCore(LogCore* parent);

  // The log goes; the core follows when its last export has gone.
  void abandon() noexcept;

  // A block of at least `size_bytes` for one export, counted. Without a keeper of its own the
  // export shares the log's.
  [[nodiscard]] ExportBlock* begin(std::size_t size_bytes, bool has_deleter, Keeper keeper);
  // The deleter of `block` was called. Releases what only this export kept alive.
  void end(ExportBlock* block) noexcept;

  void keep(Keeper keeper) noexcept;
  void let_go() noexcept;

  [[nodiscard]] LogCounts counts() const noexcept;
  [[nodiscard]] std::vector<std::uint64_t> threads() const;

 private:
  static constexpr std::size_t kParentQuarantine = 256;

  ~LogCore();
  void note_thread() noexcept;
  // The log's own keeper, once nobody needs it; else an empty one.
  [[nodiscard]] Keeper take_common() noexcept;
  // Puts a deleted block into the ring. @return the oldest one, which fell out, or NULL.
  [[nodiscard]] ExportBlock* push(ExportBlock* block) noexcept;
  void dissolve() noexcept;
  void adopt(LogCore& child) noexcept;

  LogCore* const parent_;
  mutable SpinLock lock_;  // guards what follows; taken after the parent's, never before it
  bool has_log_ = true;
  bool owner_gone_ = false;
  Keeper common_;
  std::int64_t sharing_ = 0;  // live exports that need `common_`
  LogCounts counts_;          // a parent's: of its own exports and of dead children
  std::uint64_t last_thread_ = 0;
  std::array<std::uint64_t, ExportLog::kMaxThreads> threads_{};
  std::size_t thread_count_ = 0;
  std::vector<ExportBlock*> retired_;  // a ring, oldest at next_
  std::size_t next_ = 0;
  std::vector<ExportBlock*> static_;  // exports with a NULL deleter: nobody else frees them
  LogCore* first_child_ = nullptr;    // a list, guarded by the parent's lock
  LogCore* previous_ = nullptr;
  LogCore* following_ = nullptr;
};

}  // namespace dlpack_impl::detail
