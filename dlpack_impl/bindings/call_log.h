/// @file
/// What a reference array was asked: small structs in a ring, made into `Call` objects only when
/// someone reads them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "python.h"

namespace dlpack_impl::python {

enum class Method : std::uint8_t {
  kDlpack,
  kDlpackDevice,
  kBuffer,
  kArrayInterface,
  kArrayStruct,
  kCudaArrayInterface,
  kTableExport,
  kTableView,
};

/// The newest calls of one array, at most `kCapacity`; older ones are only counted. All functions
/// need the GIL.
class CallLog {
 public:
  static constexpr std::size_t kCapacity = 256;  ///< small enough to stay in the first cache

  CallLog() = default;
  CallLog(const CallLog&) = delete;
  CallLog& operator=(const CallLog&) = delete;
  ~CallLog() {
    if (entries_ != nullptr) clear();
  }

  /// Notes a call with fastcall arguments as they came: `args` holds `positional` values, then one
  /// per keyword.
  /// @return false with MemoryError set.
  bool note(Method method, PyObject* const* args, Py_ssize_t positional,
            PyObject* keywords) noexcept;
  bool note(Method method) noexcept { return note(method, nullptr, 0, nullptr); }

  /// @return a new list of `Call`, oldest first; NULL with an exception set.
  [[nodiscard]] PyObject* calls() const;
  [[nodiscard]] std::uint64_t total() const noexcept { return total_; }
  void clear() noexcept;
  int traverse(visitproc visit, void* arg) const;

 private:
  static constexpr Py_ssize_t kInline = 4;
  struct Entry {
    PyObject* keywords;  ///< tuple of names, or NULL
    PyObject*
        values[kInline];  ///< by the order of `keywords`; more than four: a tuple in the first
    std::uint64_t thread;
    Method method;
    bool gil;
  };

  [[nodiscard]] bool grow() noexcept;
  static void release(Entry& entry) noexcept;
  [[nodiscard]] std::size_t kept() const noexcept;
  [[nodiscard]] const Entry& at(std::size_t age) const noexcept;

  Entry* entries_ = nullptr;
  std::size_t size_ = 0;  ///< entries allocated, a power of two
  std::uint64_t total_ = 0;
};

/// Makes the type `Call` and adds it to the module.
bool add_call_type(PyObject* module);

}  // namespace dlpack_impl::python
