/// @file
/// What a table of the C exchange API says and does, as facts. Every function is called raw, as a
/// consumer calls it, and what came back is recorded and not judged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "core/facts.h"
#include "dlpack_impl/dlpack.h"
#include "dlpack_impl/managed_tensor.h"
#include "observe/addresses.h"

namespace dlpack_conformance {

/// Records version, chain and empty slots of a table; beyond its header only one of major version 1
/// is read. At most 16 tables of a chain are visited. @spec X-07 X-08 X-10
void observe_table(Facts& facts, const DLPackExchangeAPIHeader& table);

/// What an allocator is asked for. The other fields of the prototype that it gets are zero, or
/// where `poisoned` values with which nothing can be done.
struct AskedTensor {
  DLDataType dtype{};
  std::vector<std::int64_t> shape;
  DLDevice device{};
  bool poisoned = false;
};

/// The elements that a borrowed tensor is compared with: where they lie and what they hold.
struct AskedElements {
  Origin origin;
  std::span<const std::byte> raw;  ///< compact, in C order; empty: values are not looked at
};

/// Calls the functions of one table of major version 1 and fills the facts `table` of each call.
class TableCaller {
 public:
  /// Does a Python exception pend on this thread? Empty for a host without Python: then the fact
  /// `raised` is left out.
  using Pending = std::function<bool()>;

  explicit TableCaller(const DLPackExchangeAPI& table, Pending pending = {})
      : table_(&table), pending_(std::move(pending)) {}

  /// @return the tensor, or none where the function failed or gave none. @spec X-12 X-13
  dlpack_impl::VersionedPtr export_object(Facts& facts, void* object) const;

  /// Borrows twice, and reads at once what the second call filled in; facts `export` as of a
  /// capsule named "borrowed". `owned`: an owning export of the same object to compare with, or
  /// NULL.
  /// @return whether the tensor was filled in. False where the table has no such function: then
  /// nothing is recorded. @spec X-17 X-18
  bool borrow_object(Facts& facts, void* object, const DLManagedTensorVersioned* owned,
                     const AskedElements& asked) const;

  /// @param stolen  belongs to the function from here on, also where it fails
  /// @return the object, or NULL where the function failed or gave none. @spec X-12 X-19 X-20
  void* import_tensor(Facts& facts, DLManagedTensorVersioned* stolen) const;

  /// The place for the answer holds a value that is no stream before the call. @spec X-12 X-27
  void current_stream(Facts& facts, DLDevice device) const;

  /// Besides the call: does the tensor match, and can each of its elements be written (of more than
  /// 4096 the first and the last)?
  /// @spec X-21 X-22 X-23
  dlpack_impl::VersionedPtr allocate(Facts& facts, const AskedTensor& asked) const;

  /// The same on a thread that Python does not know. `meanwhile(done)` runs on this thread while
  /// that one works; `done(milliseconds)` waits for it and says whether it came back. @spec X-24
  dlpack_impl::VersionedPtr allocate_on_thread(
      Facts& facts, const AskedTensor& asked,
      const std::function<void(const std::function<bool(int)>&)>& meanwhile) const;

 private:
  struct Answer;
  void record(Facts& facts, const Answer& answer) const;
  [[nodiscard]] Answer ask_allocator(const AskedTensor& asked) const;
  dlpack_impl::VersionedPtr look_at(Facts& facts, const AskedTensor& asked,
                                    const Answer& answer) const;

  const DLPackExchangeAPI* table_;
  Pending pending_;
};

}  // namespace dlpack_conformance
