// Exports that state what a test wants, field by field: consumers have to cope with them.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <vector>

#include "dlpack_impl/error.h"
#include "dlpack_impl/producer.h"
#include "log_core.h"

namespace dlpack_impl {
namespace {

constexpr int kPoison = 0xA5;

// The struct is the first member of its block, so a struct without context still leads to it.
template <class Managed>
void delete_by_address(Managed* self) noexcept {
  detail::ExportBlock::finish(reinterpret_cast<detail::ExportBlock*>(self));
}
static_assert(std::is_standard_layout_v<detail::ExportBlock>);

// A copy of the struct's members up to the deleter, at the end of a page; the next page cannot be
// touched. Never unmapped: a consumer that calls the deleter twice still finds it.
DLManagedTensorVersioned* before_unreadable(const DLManagedTensorVersioned& managed) {
  constexpr std::size_t kKept = offsetof(DLManagedTensorVersioned, flags);
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* mapping =
      mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED ||
      mprotect(static_cast<std::byte*>(mapping) + page, page, PROT_NONE) != 0)
    throw DeviceError(detail::field_message("mapping", 2 * page, "bytes that the host can protect"),
                      errno);
  void* place = static_cast<std::byte*>(mapping) + page - kKept;
  std::memcpy(place, &managed, kKept);
  return static_cast<DLManagedTensorVersioned*>(place);
}

}  // namespace

template <class Managed>
Managed* Producer::state(const ExportOptions& options, const Stated& stated, Keeper keeper) const {
  ExportOptions unchecked = options;
  unchecked.break_rules = true;
  constexpr bool kVersioned = std::is_same_v<Managed, DLManagedTensorVersioned>;
  Prepared<Managed> prepared;
  if constexpr (kVersioned) {
    prepared = prepare_versioned(unchecked);
  } else {
    prepared = prepare_legacy(unchecked);
  }
  const std::vector<std::int64_t>& shape = stated.shape ? *stated.shape : tensor_.shape;
  const std::vector<std::int64_t>& strides = stated.strides ? *stated.strides : tensor_.strides;
  detail::ExportBlock* block = log_->core_->begin(
      sizeof(detail::ExportBlock) + (shape.size() + strides.size()) * sizeof(std::int64_t),
      prepared.image.deleter != nullptr, keeper);
  std::int64_t* numbers = block->numbers();
  std::copy(strides.begin(), strides.end(), std::copy(shape.begin(), shape.end(), numbers));

  Managed* managed = nullptr;
  if constexpr (kVersioned) {
    managed = new (&block->versioned) DLManagedTensorVersioned(prepared.image);
  } else {
    managed = new (&block->legacy) DLManagedTensor(prepared.image);
  }
  managed->manager_ctx = block;
  if (stated.null_context) {
    managed->manager_ctx = nullptr;
    if (managed->deleter != nullptr) managed->deleter = delete_by_address<Managed>;
  }
  DLTensor& out = managed->dl_tensor;
  out.ndim = stated.ndim.value_or(static_cast<std::int32_t>(shape.size()));
  if (out.shape != nullptr) out.shape = numbers;
  if (out.strides != nullptr) out.strides = numbers + shape.size();
  if (stated.dtype) out.dtype = {stated.dtype->code, stated.dtype->bits, stated.dtype->lanes};
  if (stated.device)
    out.device = {static_cast<DLDeviceType>(stated.device->type), stated.device->id};
  if (stated.data_offset)
    out.data = reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(first()) +
                                       static_cast<std::uintptr_t>(*stated.data_offset));
  if (stated.byte_offset) out.byte_offset = *stated.byte_offset;
  if constexpr (kVersioned) {
    constexpr std::size_t kKept = offsetof(DLManagedTensorVersioned, flags);
    if (stated.tail == Tail::kPoisoned)
      std::memset(reinterpret_cast<std::byte*>(managed) + kKept, kPoison, sizeof(*managed) - kKept);
    if (stated.tail == Tail::kUnreadable) return before_unreadable(*managed);
  }
  return managed;
}

LegacyPtr Producer::export_stated_legacy(const ExportOptions& options, const Stated& stated,
                                         Keeper keeper) const {
  return LegacyPtr(state<DLManagedTensor>(options, stated, keeper));
}

VersionedPtr Producer::export_stated_versioned(const ExportOptions& options, const Stated& stated,
                                               Keeper keeper) const {
  return VersionedPtr(state<DLManagedTensorVersioned>(options, stated, keeper));
}

}  // namespace dlpack_impl
