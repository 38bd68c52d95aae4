// The one allocation behind an export: the managed struct, what it keeps alive, and its shape and
// strides.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "dlpack_impl/producer.h"

namespace dlpack_impl::detail {

class LogCore;

// Shape and strides follow the struct in the same allocation. After the deleter ran the block is
// kept by a log, so that a second call still finds `deleted` and the log to count in.
struct ExportBlock {
  union {
    DLManagedTensor legacy;
    DLManagedTensorVersioned versioned;
  };
  Keeper keeper;
  std::atomic<LogCore*> log{nullptr};  // counts; alive at least until the block is used again
  std::atomic<bool> deleted{false};    // written last by a new export, so that the rest is seen too
  bool shares = false;                 // needs the log's common keeper; guarded by the log
  std::size_t size_bytes = 0;

  ExportBlock() noexcept : versioned{} {}
  ExportBlock(const ExportBlock&) = delete;
  ExportBlock& operator=(const ExportBlock&) = delete;
  ~ExportBlock() = default;

  // 2 * rank numbers: shape, then strides.
  [[nodiscard]] std::int64_t* numbers() noexcept {
    return reinterpret_cast<std::int64_t*>(this + 1);
  }

  static ExportBlock* create(std::size_t size_bytes);
  static void destroy(ExportBlock* block) noexcept;

  // What every deleter of ours does. Any thread, with or without the GIL.
  static void finish(ExportBlock* block) noexcept;
};
static_assert(sizeof(ExportBlock) % alignof(std::int64_t) == 0);

}  // namespace dlpack_impl::detail
