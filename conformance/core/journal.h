/// @file
/// Where a runner says what it is about to do, in memory that its supervisor can read when the
/// runner is gone.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>

namespace dlpack_conformance {

/// The steps of a case, in order; the number of a step is its place here.
std::span<const std::string_view> journal_steps();

/// What a journal says. `beat` grows with every write, so that standing still shows.
struct JournalEntry {
  std::int64_t case_index = -1;  ///< -1: no case
  std::int32_t step = 0;
  std::uint64_t beat = 0;
  bool touched = false;  ///< the word of `touch_word` is not 0
};

/// Shared memory between one runner and its supervisor. One side writes, any side reads.
class Journal {
 public:
  /// Makes new shared memory whose descriptor child processes inherit.
  /// @throws std::system_error  the system has none left.
  Journal();
  /// Maps the memory of another `Journal`, by its inherited descriptor; the descriptor stays the
  /// caller's.
  /// @throws std::system_error  `fd` is not such memory.
  explicit Journal(int fd);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  [[nodiscard]] int fd() const { return fd_; }

  /// Written before each step. Case and step are one word, so that no reader sees a mixture.
  void step(std::int64_t case_index, std::int32_t step) noexcept {
    page_->place.store(
        (static_cast<std::uint64_t>(case_index) << 8) | static_cast<std::uint8_t>(step),
        std::memory_order_relaxed);
    page_->beat.store(page_->beat.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  [[nodiscard]] JournalEntry read() const noexcept;
  /// No case, nothing touched; the beat goes on.
  void clear() noexcept {
    page_->touched.store(0, std::memory_order_relaxed);
    step(-1, 0);
  }
  /// A word of the shared memory in which a signal handler of the runner leaves that the host
  /// touched memory of a device. It lives as long as this object.
  [[nodiscard]] std::uint64_t* touch_word() noexcept {
    return reinterpret_cast<std::uint64_t*>(&page_->touched);
  }

 private:
  struct Page {
    std::atomic<std::uint64_t> place;
    std::atomic<std::uint64_t> beat;
    std::atomic<std::uint64_t> touched;
  };
  static_assert(sizeof(std::atomic<std::uint64_t>) == sizeof(std::uint64_t),
                "a handler writes the word as a plain one");
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free,
                "a lock would be lost with its runner");

  void map();

  int fd_ = -1;
  bool owns_fd_ = false;
  Page* page_ = nullptr;
};

}  // namespace dlpack_conformance
