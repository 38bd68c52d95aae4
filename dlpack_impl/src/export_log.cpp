#include <pthread.h>

#include <algorithm>
#include <mutex>
#include <new>
#include <utility>

#include "log_core.h"

namespace dlpack_impl {
namespace detail {

ExportBlock* ExportBlock::create(std::size_t size_bytes) {
  auto* block = new (::operator new(size_bytes)) ExportBlock;
  block->size_bytes = size_bytes;
  return block;
}

void ExportBlock::destroy(ExportBlock* block) noexcept {
  block->~ExportBlock();
  ::operator delete(block);
}

void ExportBlock::finish(ExportBlock* block) noexcept {
  block->log.load(std::memory_order_relaxed)->end(block);
}

namespace {

// Last and without any lock, as it may run foreign code: an imported tensor's own deleter.
void release(const Keeper& keeper) noexcept {
  if (keeper.release != nullptr) keeper.release(keeper.context);
}

}  // namespace

LogCore::LogCore(LogCore* parent, Makers makers)
    : parent_(parent),
      one_at_a_time_(makers == Makers::kOneAtATime),
      retired_(parent == nullptr ? kParentQuarantine : ExportLog::kQuarantine, nullptr) {
  if (parent_ == nullptr) return;
  const std::lock_guard<SpinLock> lock(parent_->lock_);
  following_ = parent_->first_child_;
  if (following_ != nullptr) following_->previous_ = this;
  parent_->first_child_ = this;
}

LogCore::~LogCore() {
  for (ExportBlock* block : retired_) {
    if (block != nullptr) ExportBlock::destroy(block);
  }
  for (ExportBlock* block : static_) ExportBlock::destroy(block);
  ExportBlock* ready = ready_.load(std::memory_order_acquire);
  if (ready != nullptr) ExportBlock::destroy(ready);
}

void LogCore::abandon() noexcept {
  bool last = false;
  {
    const std::lock_guard<SpinLock> lock(lock_);
    has_log_ = false;
    last = live() == 0;
  }
  if (last) dissolve();
}

ExportBlock* LogCore::begin_locked(std::size_t size_bytes, bool has_deleter, Keeper keeper) {
  if (has_deleter && !one_at_a_time_) {
    const std::lock_guard<SpinLock> lock(lock_);
    if (ExportBlock* block = take_ready(size_bytes)) return count(block, has_deleter, keeper);
  }
  ExportBlock* block = ExportBlock::create(size_bytes);
  block->log.store(this, std::memory_order_relaxed);
  const std::lock_guard<SpinLock> lock(lock_);
  if (!has_deleter) {
    try {
      static_.push_back(block);
    } catch (...) {
      ExportBlock::destroy(block);
      throw;
    }
  }
  return count(block, has_deleter, keeper);
}

std::int64_t LogCore::live() const noexcept {
  return begun_with_deleter_.load(std::memory_order_relaxed) - ended_;
}

void LogCore::end(ExportBlock* block) noexcept {
  Keeper keeper;
  Keeper common;
  ExportBlock* oldest = nullptr;
  bool last = false;
  {
    const std::lock_guard<SpinLock> lock(lock_);
    ++counts_.deleter_calls;
    const auto self = static_cast<std::uint64_t>(pthread_self());
    if (last_thread_ != self) note_thread(self);
    if (block->deleted.load(std::memory_order_acquire)) {
      ++counts_.double_deletes;
      return;
    }
    block->deleted.store(true, std::memory_order_relaxed);
    ++ended_;
    ended_sharing_ += block->shares ? 1 : 0;
    keeper = std::exchange(block->keeper, {});
    oldest = push(block);
    if (oldest != nullptr && ready_.load(std::memory_order_relaxed) == nullptr) {
      // The next export looks there, and it was long unused.
      __builtin_prefetch(&oldest->size_bytes, 1);
      ready_.store(std::exchange(oldest, nullptr), std::memory_order_release);
    }
    last = !has_log_ && live() == 0;
    common = take_common();
  }
  if (oldest != nullptr) ExportBlock::destroy(oldest);
  if (last) dissolve();
  release(keeper);
  release(common);
}

void LogCore::keep(Keeper keeper) noexcept {
  const std::lock_guard<SpinLock> lock(lock_);
  common_ = keeper;
}

void LogCore::let_go() noexcept {
  Keeper common;
  {
    const std::lock_guard<SpinLock> lock(lock_);
    owner_gone_ = true;
    common = take_common();
  }
  release(common);
}

Keeper LogCore::take_common() noexcept {
  // A NULL deleter tells nobody when the memory may go, so it stays (T-30).
  if (!owner_gone_ || !static_.empty()) return {};
  // No export is made after the owner went, so this is final.
  if (begun_sharing_.load(std::memory_order_relaxed) != ended_sharing_) return {};
  return std::exchange(common_, {});
}

void LogCore::note_thread(std::uint64_t self) noexcept {
  last_thread_ = self;
  auto* end = threads_.begin() + thread_count_;
  if (thread_count_ < threads_.size() && std::find(threads_.begin(), end, self) == end) {
    threads_[thread_count_++] = self;
  }
}

ExportBlock* LogCore::push(ExportBlock* block) noexcept {
  ExportBlock* oldest = std::exchange(retired_[next_], block);
  if (++next_ == retired_.size()) next_ = 0;
  return oldest;
}

// Nobody exports any more and no export is alive: only second calls of deleters can still come, and
// these find the parent in the blocks.
void LogCore::dissolve() noexcept {
  if (parent_ != nullptr) parent_->adopt(*this);
  delete this;
}

void LogCore::adopt(LogCore& child) noexcept {
  std::array<ExportBlock*, ExportLog::kQuarantine> fallen{};
  std::size_t count = 0;
  {
    const std::lock_guard<SpinLock> lock(lock_);
    counts_ += child.own_counts();
    (child.previous_ != nullptr ? child.previous_->following_ : first_child_) = child.following_;
    if (child.following_ != nullptr) child.following_->previous_ = child.previous_;
    for (ExportBlock*& block : child.retired_) {
      if (block == nullptr) continue;
      block->log.store(this, std::memory_order_relaxed);
      fallen[count++] = push(std::exchange(block, nullptr));
    }
    // A NULL deleter tells nobody when the struct may go: it stays as long as the parent. Where
    // there is no memory for the list, it stays for good.
    try {
      static_.insert(static_.end(), child.static_.begin(), child.static_.end());
    } catch (const std::bad_alloc&) {
    }
    child.static_.clear();
  }
  for (ExportBlock* block : fallen) {
    if (block != nullptr) ExportBlock::destroy(block);
  }
}

LogCounts LogCore::own_counts() const noexcept {
  LogCounts sum = counts_;
  sum.exports += begun_.load(std::memory_order_relaxed);
  sum.live += live();
  return sum;
}

LogCounts LogCore::counts() const noexcept {
  const std::lock_guard<SpinLock> lock(lock_);
  LogCounts sum = own_counts();
  for (const LogCore* child = first_child_; child != nullptr; child = child->following_) {
    const std::lock_guard<SpinLock> child_lock(child->lock_);
    sum += child->own_counts();
  }
  return sum;
}

std::vector<std::uint64_t> LogCore::threads() const {
  const std::lock_guard<SpinLock> lock(lock_);
  return {threads_.begin(), threads_.begin() + static_cast<std::ptrdiff_t>(thread_count_)};
}

}  // namespace detail

ExportLog::ExportLog(ExportLog* parent, Makers makers)
    : core_(new detail::LogCore(parent == nullptr ? nullptr : parent->core_, makers)) {}

ExportLog::~ExportLog() { core_->abandon(); }

void ExportLog::keep(Keeper keeper) noexcept { core_->keep(keeper); }
void ExportLog::let_go() noexcept { core_->let_go(); }

std::int64_t ExportLog::exports() const noexcept { return core_->counts().exports; }
std::int64_t ExportLog::live() const noexcept { return core_->counts().live; }
std::int64_t ExportLog::deleter_calls() const noexcept { return core_->counts().deleter_calls; }
std::int64_t ExportLog::double_deletes() const noexcept { return core_->counts().double_deletes; }
std::vector<std::uint64_t> ExportLog::deleter_threads() const { return core_->threads(); }

}  // namespace dlpack_impl
