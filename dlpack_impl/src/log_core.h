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
  LogCore(LogCore* parent, Makers makers);

  // The log goes; the core follows when its last export has gone.
  void abandon() noexcept;

  // A block of at least `size_bytes` for one export, counted. Without a keeper of its own the
  // export shares the log's.
  [[nodiscard]] ExportBlock* begin(std::size_t size_bytes, bool has_deleter, Keeper keeper) {
    constexpr std::size_t kStep = 128;  // blocks of few sizes, so that an old one mostly fits
    const std::size_t size = (size_bytes + kStep - 1) / kStep * kStep;
    if (has_deleter && one_at_a_time_) {
      if (ExportBlock* block = take_ready(size)) return count(block, has_deleter, keeper);
    }
    return begin_locked(size, has_deleter, keeper);
  }
  // The deleter of `block` was called. Releases what only this export kept alive.
  void end(ExportBlock* block) noexcept;

  void keep(Keeper keeper) noexcept;
  void let_go() noexcept;

  [[nodiscard]] LogCounts counts() const noexcept;
  [[nodiscard]] std::vector<std::uint64_t> threads() const;

 private:
  static constexpr std::size_t kParentQuarantine = 256;

  ~LogCore();
  void note_thread(std::uint64_t self) noexcept;
  // A block that has been deleted for long enough, or NULL where there is none of that size.
  [[nodiscard]] ExportBlock* take_ready(std::size_t size_bytes) noexcept {
    ExportBlock* block = ready_.load(std::memory_order_acquire);
    if (block == nullptr || block->size_bytes < size_bytes) return nullptr;
    ready_.store(nullptr, std::memory_order_relaxed);
    return block;
  }
  // A block becomes an export. Called by one thread at a time, locked or not.
  ExportBlock* count(ExportBlock* block, bool has_deleter, Keeper keeper) noexcept {
    const bool shares = has_deleter && keeper.release == nullptr;
    block->shares = shares;
    block->keeper = has_deleter ? keeper : Keeper{};
    block->deleted.store(false, std::memory_order_release);
    add(begun_, 1);
    add(begun_with_deleter_, has_deleter ? 1 : 0);
    add(begun_sharing_, shares ? 1 : 0);
    return block;
  }
  // One thread at a time writes the number, so a load and a store do for a locked addition.
  static void add(std::atomic<std::int64_t>& number, std::int64_t more) noexcept {
    number.store(number.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }
  // `begin` where there is more to it: the lock, or a block that has to be made.
  [[nodiscard]] ExportBlock* begin_locked(std::size_t size_bytes, bool has_deleter, Keeper keeper);
  // Exports with a deleter that has not run. Exact where no export is being made.
  [[nodiscard]] std::int64_t live() const noexcept;
  [[nodiscard]] LogCounts own_counts() const noexcept;
  // The log's own keeper, once nobody needs it; else an empty one.
  [[nodiscard]] Keeper take_common() noexcept;
  // Puts a deleted block into the ring. @return the oldest one, which fell out, or NULL.
  [[nodiscard]] ExportBlock* push(ExportBlock* block) noexcept;
  void dissolve() noexcept;
  void adopt(LogCore& child) noexcept;

  LogCore* const parent_;
  const bool one_at_a_time_;  // exports are made by one thread at a time, without the lock

  // Of exports begun: written by whoever makes an export, one at a time, and read by anybody.
  std::atomic<std::int64_t> begun_{0};
  std::atomic<std::int64_t> begun_with_deleter_{0};
  std::atomic<std::int64_t> begun_sharing_{0};  // need `common_`
  // The next block to use again: a deleter fills it when it is empty, an export empties it.
  std::atomic<ExportBlock*> ready_{nullptr};

  mutable SpinLock lock_;  // guards what follows; taken after the parent's, never before it
  bool has_log_ = true;
  bool owner_gone_ = false;
  Keeper common_;
  std::int64_t ended_ = 0;          // first calls of deleters
  std::int64_t ended_sharing_ = 0;  // of those, exports that needed `common_`
  LogCounts counts_;                // calls of deleters; a parent's: all of dead children as well
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
