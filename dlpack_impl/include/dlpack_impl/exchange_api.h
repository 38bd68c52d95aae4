/// @file
/// The C exchange table of DLPack 1.2 and newer, both ways, as far as it needs no Python. A Python
/// object is a `void*` here, as in the table itself. The only place where producer and consumer
/// meet.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dlpack_impl/consumer.h"
#include "dlpack_impl/dlpack.h"
#include "dlpack_impl/error.h"
#include "dlpack_impl/managed_tensor.h"
#include "dlpack_impl/producer.h"

namespace dlpack_impl {

/// Names of the five slots, in table order. @spec H-15
inline constexpr std::array<const char*, 5> kExchangeSlots = {
    "managed_tensor_allocator", "managed_tensor_from_py_object_no_sync",
    "managed_tensor_to_py_object_no_sync", "dltensor_from_py_object_no_sync",
    "current_work_stream"};

/// Most tables that a chain may have before it counts as endless.
inline constexpr std::size_t kMaxExchangeChain = 16;

/// What a table says, nothing called. `slots` only for major version 1, all false otherwise.
/// @spec X-07 X-08 X-10
struct TableDescription {
  Version version;
  std::array<bool, 5> slots{};  ///< not NULL, in the order of `kExchangeSlots`
  std::vector<Version> chain;   ///< versions of the older tables, newest first
  bool chain_ends = true;       ///< false where the chain is endless (cut at `kMaxExchangeChain`)
};

TableDescription describe_table(const DLPackExchangeAPIHeader& table);

/// The first table of the chain with major version 1. @spec X-07 X-09
/// @throws BufferError  there is none; the message has the versions met.
const DLPackExchangeAPI& usable_table(const DLPackExchangeAPIHeader& table);

/// A call through a foreign table failed. Where the slot reports by Python exception that exception
/// is pending (`python_error`), and the binding passes it on; the allocator's kind and message are
/// in the text.
class ExchangeError : public Error {
 public:
  ExchangeError(const std::string& message, bool python_error)
      : Error(message), python_error_(python_error) {}
  [[nodiscard]] bool python_error() const noexcept { return python_error_; }

 private:
  bool python_error_;
};

/// Calls a foreign table. The four functions that take or give Python objects, and the stream
/// query, need the GIL held by the caller; `allocate` needs none. @spec X-33
class ForeignTable {
 public:
  /// @throws BufferError  no table of major version 1 in the chain, or a slot that must be set is
  ///     NULL.
  explicit ForeignTable(const DLPackExchangeAPIHeader& table);

  [[nodiscard]] const DLPackExchangeAPI& table() const noexcept { return *table_; }

  /// Owning export of a Python object. @throws ExchangeError  @spec X-13
  [[nodiscard]] VersionedPtr export_object(void* object) const;
  /// Imports `managed`, which the function steals, also when it fails (A-16 leaves open who frees
  /// it then: we don't). @return a new reference. @throws ExchangeError  @spec X-19
  [[nodiscard]] void* import_object(VersionedPtr managed) const;
  [[nodiscard]] bool can_borrow() const noexcept;
  /// Fills `out`, which borrows from the object until control returns to its library.
  /// @throws ExchangeError  @throws BufferError  the slot is NULL. @spec X-17
  void borrow_object(void* object, DLTensor& out) const;
  /// A new tensor like `prototype`, of which dtype, ndim, shape and device are read.
  /// @throws ExchangeError  with the kind and message given to `SetError`. @spec X-21 X-22
  [[nodiscard]] VersionedPtr allocate(DLTensor& prototype) const;
  /// @throws ExchangeError  @spec X-27
  [[nodiscard]] void* current_stream(Device device) const;

 private:
  const DLPackExchangeAPI* table_;
};

// ---- our own table ----

/// Our allocator slot: a zeroed tensor like `prototype` on the CPU. Needs no GIL; calls `set_error`
/// exactly when it fails, with the name of a Python exception as kind. @spec X-11 X-21 X-22 X-23
///
int allocate_managed_tensor(DLTensor* prototype, DLManagedTensorVersioned** out, void* error_ctx,
                            void (*set_error)(void* error_ctx, const char* kind,
                                              const char* message)) noexcept;

/// The same in the memory of some device, which the tensor keeps alive; NULL: there is none for
/// the prototype, which is an error of the call.
int allocate_managed_tensor_in(const std::shared_ptr<const DeviceMemory>& memory,
                               DLTensor* prototype, DLManagedTensorVersioned** out, void* error_ctx,
                               void (*set_error)(void* error_ctx, const char* kind,
                                                 const char* message)) noexcept;

/// Our stream slot: NULL for the CPU. For any other device it returns -1; the caller's wrapper sets
/// the Python exception. @spec X-27
int current_work_stream(DLDeviceType device_type, std::int32_t device_id, void** out) noexcept;

/// A table of version 1.3 with the three slots that need Python given, the other two ours.
DLPackExchangeAPI make_table(DLPackManagedTensorFromPyObjectNoSync from_object,
                             DLPackManagedTensorToPyObjectNoSync to_object,
                             DLPackDLTensorFromPyObjectNoSync borrow) noexcept;

/// Fills `out` with a tensor that points into `producer`, for the borrowing slot: no allocation,
/// nothing owned.
void borrow_tensor(const Producer& producer, DLTensor& out) noexcept;

}  // namespace dlpack_impl
