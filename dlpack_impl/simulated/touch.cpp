#include "simulated/touch.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>

#include "dlpack_impl/error.h"
#include "simulated/simulated.h"

namespace dlpack_impl::simulated {
namespace {

using Action = struct sigaction;

// A range is live where `begin` is not 0; the other two are written before it.
struct Range {
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::uintptr_t> end{0};
  std::atomic<std::uintptr_t> region_bytes{0};
};

// What handled one signal before us. Two places, so that the one in force is never written.
struct Chained {
  int signal;
  std::array<Action, 2> actions{};
  std::atomic<std::size_t> in_force{0};
  std::atomic<bool> called{false};
};

// Signals belong to the process, and so does what their handler reads.
constexpr std::size_t kRanges = 256;
std::array<Range, kRanges> ranges;
std::array<Chained, 2> chained = {{{SIGSEGV}, {SIGBUS}}};
std::atomic<std::uint64_t*> touch_word{nullptr};
std::mutex mutex;  // never taken by the handler
bool installed = false;

static_assert(std::atomic<std::uintptr_t>::is_always_lock_free &&
                  std::atomic<std::uint64_t*>::is_always_lock_free,
              "a handler takes no locks");

void mark(std::uintptr_t address) noexcept {
  for (const Range& range : ranges) {
    const std::uintptr_t begin = range.begin.load(std::memory_order_acquire);
    if (begin == 0 || address < begin || address >= range.end.load(std::memory_order_relaxed)) {
      continue;
    }
    std::uint64_t* word = touch_word.load(std::memory_order_acquire);
    if (word == nullptr) return;
    const std::uintptr_t region =
        (address - begin) / range.region_bytes.load(std::memory_order_relaxed);
    std::atomic_ref<std::uint64_t>(*word).store(region + 1, std::memory_order_relaxed);
    return;
  }
}

// The instruction runs again, or the sent signal comes again, when the handler returns.
void meet_again(int signal, const Action& action, bool sent) noexcept {
  sigaction(signal, &action, nullptr);
  if (sent) raise(signal);
}

void on_fault(int signal, siginfo_t* info, void* context) noexcept {
  const int kept = errno;
  // Else it was sent (kill, raise, another handler that passes it on) and has no address.
  const bool sent = info->si_code <= 0;
  if (!sent) mark(reinterpret_cast<std::uintptr_t>(info->si_addr));
  Chained& before = signal == SIGSEGV ? chained[0] : chained[1];
  const Action action = before.actions[before.in_force.load(std::memory_order_acquire)];
  const bool plain = (action.sa_flags & SA_SIGINFO) == 0;
  if (plain && (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN)) {
    if (!sent || action.sa_handler == SIG_DFL) meet_again(signal, action, sent);
  } else if (sent && before.called.load(std::memory_order_relaxed)) {
    // A handler that was called by us, and found us when it looked for what was before it.
    Action standard{};
    standard.sa_handler = SIG_DFL;
    meet_again(signal, standard, sent);
  } else {
    before.called.store(true, std::memory_order_relaxed);
    if (plain) {
      action.sa_handler(signal);
    } else {
      action.sa_sigaction(signal, info, context);
    }
  }
  errno = kept;
}

bool is_ours(const Action& action) noexcept {
  return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == on_fault;
}

// With `mutex` held.
void put_in_front() {
  for (Chained& before : chained) {
    Action found{};
    sigaction(before.signal, nullptr, &found);
    if (is_ours(found)) continue;
    const std::size_t other = 1 - before.in_force.load(std::memory_order_relaxed);
    before.actions[other] = found;
    before.in_force.store(other, std::memory_order_release);
    Action ours{};
    ours.sa_sigaction = on_fault;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&ours.sa_mask);
    sigaction(before.signal, &ours, nullptr);
  }
  installed = true;
}

}  // namespace

TouchRange::TouchRange(const void* begin, std::size_t region_bytes, int regions) {
  const std::lock_guard<std::mutex> lock(mutex);
  while (slot_ < kRanges && ranges[slot_].begin.load(std::memory_order_relaxed) != 0) ++slot_;
  DLCONFORM_EXPECTS(slot_ < kRanges, DeviceError,
                    detail::field_message("runtimes", slot_ + 1, std::to_string(kRanges)));
  const auto address = reinterpret_cast<std::uintptr_t>(begin);
  ranges[slot_].end.store(address + region_bytes * static_cast<std::size_t>(regions),
                          std::memory_order_relaxed);
  ranges[slot_].region_bytes.store(region_bytes, std::memory_order_relaxed);
  ranges[slot_].begin.store(address, std::memory_order_release);
  put_in_front();
}

TouchRange::~TouchRange() {
  const std::lock_guard<std::mutex> lock(mutex);
  ranges[slot_].begin.store(0, std::memory_order_release);
}

bool overlaps_touch_range(const void* address, std::size_t size_bytes) noexcept {
  const auto first = reinterpret_cast<std::uintptr_t>(address);
  for (const Range& range : ranges) {
    const std::uintptr_t begin = range.begin.load(std::memory_order_acquire);
    if (begin != 0 && first < range.end.load(std::memory_order_relaxed) &&
        first + size_bytes > begin) {
      return true;
    }
  }
  return false;
}

void set_touch_word(std::uint64_t* word) {
  const std::lock_guard<std::mutex> lock(mutex);
  touch_word.store(word, std::memory_order_release);
  if (installed) put_in_front();
}

}  // namespace dlpack_impl::simulated
