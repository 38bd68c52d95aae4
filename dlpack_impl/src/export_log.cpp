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

LogCore::LogCore(LogCore* parent)
    : parent_(parent),
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
}

void LogCore::abandon() noexcept {
  bool last = false;
  {
    const std::lock_guard<SpinLock> lock(lock_);
    has_log_ = false;
    last = counts_.live == 0;
  }
  if (last) dissolve();
}

ExportBlock* LogCore::begin(std::size_t size_bytes, bool has_deleter, Keeper keeper) {
  constexpr std::size_t kStep = 128;  // blocks of few sizes, so that an old one mostly fits
  const std::size_t size = (size_bytes + kStep - 1) / kStep * kStep;
  const bool shares = has_deleter && keeper.release == nullptr;
  const auto count = [&](ExportBlock* block) {
    block->deleted = false;
    block->shares = shares;
    block->keeper = has_deleter ? keeper : Keeper{};
    ++counts_.exports;
    counts_.live += has_deleter ? 1 : 0;
    sharing_ += shares ? 1 : 0;
    return block;
  };
  if (has_deleter) {
    const std::lock_guard<SpinLock> lock(lock_);
    ExportBlock*& oldest = retired_[next_];
    if (oldest != nullptr && oldest->size_bytes >= size)
      return count(std::exchange(oldest, nullptr));
  }
  ExportBlock* block = ExportBlock::create(size);
  block->log.store(this, std::memory_order_relaxed);
  const std::lock_guard<SpinLock> lock(lock_);
  if (has_deleter) return count(block);
  try {
    static_.push_back(block);
  } catch (...) {
    ExportBlock::destroy(block);
    throw;
  }
  return count(block);
}

void LogCore::end(ExportBlock* block) noexcept {
  Keeper keeper;
  Keeper common;
  ExportBlock* oldest = nullptr;
  bool last = false;
  {
    const std::lock_guard<SpinLock> lock(lock_);
    ++counts_.deleter_calls;
    note_thread();
    if (block->deleted) {
      ++counts_.double_deletes;
      return;
    }
    block->deleted = true;
    --counts_.live;
    keeper = std::exchange(block->keeper, {});
    oldest = push(block);
    sharing_ -= block->shares ? 1 : 0;
    last = !has_log_ && counts_.live == 0;
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
  if (!owner_gone_ || sharing_ != 0 || !static_.empty()) return {};
  return std::exchange(common_, {});
}

void LogCore::note_thread() noexcept {
  const auto self = static_cast<std::uint64_t>(pthread_self());
  if (last_thread_ == self) return;
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
    counts_ += child.counts_;
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

LogCounts LogCore::counts() const noexcept {
  const std::lock_guard<SpinLock> lock(lock_);
  LogCounts sum = counts_;
  for (const LogCore* child = first_child_; child != nullptr; child = child->following_) {
    const std::lock_guard<SpinLock> child_lock(child->lock_);
    sum += child->counts_;
  }
  return sum;
}

std::vector<std::uint64_t> LogCore::threads() const {
  const std::lock_guard<SpinLock> lock(lock_);
  return {threads_.begin(), threads_.begin() + static_cast<std::ptrdiff_t>(thread_count_)};
}

}  // namespace detail

ExportLog::ExportLog(ExportLog* parent)
    : core_(new detail::LogCore(parent == nullptr ? nullptr : parent->core_)) {}

ExportLog::~ExportLog() { core_->abandon(); }

void ExportLog::keep(Keeper keeper) noexcept { core_->keep(keeper); }
void ExportLog::let_go() noexcept { core_->let_go(); }

std::int64_t ExportLog::exports() const noexcept { return core_->counts().exports; }
std::int64_t ExportLog::live() const noexcept { return core_->counts().live; }
std::int64_t ExportLog::deleter_calls() const noexcept { return core_->counts().deleter_calls; }
std::int64_t ExportLog::double_deletes() const noexcept { return core_->counts().double_deletes; }
std::vector<std::uint64_t> ExportLog::deleter_threads() const { return core_->threads(); }

}  // namespace dlpack_impl
