/// @file
/// What keeps the bytes of arrays alive: a buffer of ours or an imported tensor, counted without
/// the GIL.
#pragma once

#include <dlpack_impl/buffer.h>
#include <dlpack_impl/consumer.h>
#include <dlpack_impl/producer.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <variant>

#include "free_list.h"
#include "python.h"

namespace dlpack_impl::python {

/// Shared by Python objects and by exports. The last share may go on any thread, with or without
/// the GIL, also after the interpreter's end: an imported tensor's own deleter takes the GIL itself
/// if it needs it (P-11). Made with the GIL held.
class Storage {
 public:
  explicit Storage(Buffer buffer) noexcept
      : content_(std::in_place_type<Buffer>, std::move(buffer)) {
    live_buffers_.fetch_add(1);
  }
  /// Takes the managed tensor over, also when it throws: then its deleter ran. Built in place:
  /// moving an import costs more than all its checks.
  /// Where the elements lie is the caller's to check. @throws  as `Imported`.
  template <class Managed>
  explicit Storage(std::unique_ptr<Managed, RunDeleter> managed)
      : content_(std::in_place_type<Imported>, std::move(managed), Rules::kOfVersion,
                 Where::kAnywhere) {}
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void share() noexcept { shares_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (!drop()) return;
    std::optional<KeepException> kept;  // a foreign deleter must not disturb what is pending (P-10)
    if (imported() != nullptr && Py_IsInitialized() != 0 && PyGILState_Check() != 0) kept.emplace();
    delete this;
  }
  /// The same for a caller that holds the GIL; it need not be asked for then, and the memory can be
  /// kept for the next one.
  void release_with_gil() noexcept {
    if (!drop()) return;
    {
      const KeepException kept;
      this->~Storage();
    }
    if (!free_.keep(this)) ::operator delete(this);
  }
  /// A share for an export. When the export can't be made, the caller calls `release`.
  [[nodiscard]] Keeper keeper() noexcept {
    share();
    return {this, [](void* context) noexcept { static_cast<Storage*>(context)->release(); }};
  }

  struct Release {
    void operator()(Storage* storage) const noexcept { storage->release(); }
  };

  [[nodiscard]] Buffer* buffer() noexcept { return std::get_if<Buffer>(&content_); }
  [[nodiscard]] Imported* imported() noexcept { return std::get_if<Imported>(&content_); }

  static void* operator new(std::size_t size) {
    void* kept = free_.take();
    return kept != nullptr ? kept : ::operator new(size);
  }
  static void* operator new(std::size_t size, const std::nothrow_t& nothrow) noexcept {
    void* kept = free_.take();
    return kept != nullptr ? kept : ::operator new(size, nothrow);
  }
  static void operator delete(void* memory) noexcept { ::operator delete(memory); }

  /// Buffers of this process that are still allocated.
  [[nodiscard]] static std::int64_t live_buffers() noexcept { return live_buffers_.load(); }

 private:
  ~Storage() {
    if (buffer() != nullptr) live_buffers_.fetch_sub(1);
  }

  /// Gives one share back. @return true where it was the last.
  [[nodiscard]] bool drop() noexcept {
    // Shares are made from shares, so whoever holds the only one is alone: no locked operation.
    return shares_.load(std::memory_order_acquire) == 1 ||
           shares_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

  inline static FreeList free_;  // guarded by the GIL
  inline static std::atomic<std::int64_t> live_buffers_{0};
  std::atomic<std::int64_t> shares_{1};
  std::variant<Buffer, Imported> content_;
};

/// One share of a storage.
using StoragePtr = std::unique_ptr<Storage, Storage::Release>;

}  // namespace dlpack_impl::python
