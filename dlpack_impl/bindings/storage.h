/// @file
/// What keeps the bytes of arrays alive: a buffer of ours or an imported tensor, counted without
/// the GIL.
#pragma once

#include <dlpack_impl/buffer.h>
#include <dlpack_impl/consumer.h>
#include <dlpack_impl/producer.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <variant>

#include "python.h"

namespace dlpack_impl::python {

/// Shared by Python objects and by exports. The last share may go on any thread, with or without
/// the GIL, also after the interpreter's end: an imported tensor's own deleter takes the GIL itself
/// if it needs it (P-11).
class Storage {
 public:
  explicit Storage(Buffer buffer) noexcept
      : content_(std::in_place_type<Buffer>, std::move(buffer)) {
    live_buffers_.fetch_add(1);
  }
  /// Takes the managed tensor over, also when it throws: then its deleter ran. Built in place:
  /// moving an import costs more than all its checks.
  /// @throws  as `Imported`.
  template <class Managed>
  explicit Storage(std::unique_ptr<Managed, RunDeleter> managed)
      : content_(std::in_place_type<Imported>, std::move(managed)) {}
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void share() noexcept { shares_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (shares_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
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

  /// Buffers of this process that are still allocated.
  [[nodiscard]] static std::int64_t live_buffers() noexcept { return live_buffers_.load(); }

 private:
  ~Storage() {
    if (buffer() != nullptr) {
      live_buffers_.fetch_sub(1);
    } else if (Py_IsInitialized() != 0 && PyGILState_Check() != 0) {
      const KeepException kept;  // a foreign deleter must not disturb what is pending here (P-10)
      imported()->release();
    }
  }

  inline static std::atomic<std::int64_t> live_buffers_{0};
  std::atomic<std::int64_t> shares_{1};
  std::variant<Buffer, Imported> content_;
};

/// One share of a storage.
using StoragePtr = std::unique_ptr<Storage, Storage::Release>;

}  // namespace dlpack_impl::python
