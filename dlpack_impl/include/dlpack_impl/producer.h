/// @file
/// The reference producer: exports a tensor as a legacy or versioned managed tensor, stated exactly
/// as asked. It has its own encoding, default strides and address arithmetic, and never uses the
/// consumer's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "dlpack_impl/device.h"
#include "dlpack_impl/dlpack.h"
#include "dlpack_impl/dtype.h"
#include "dlpack_impl/layout.h"
#include "dlpack_impl/managed_tensor.h"

namespace dlpack_impl {

// ---- encoding ----

/// Writes one element: `dtype.lanes` numbers to `dtype.element_bytes()` bytes, packed types in the
/// low bits. Floating values round to nearest, ties to even.
/// @throws InvalidArgument  a value is out of the dtype's range, is no whole number for an integer
///     type, is NaN, infinite, zero or negative where the dtype has none; the message has the value
///     and the limit.
/// @throws TypeMismatch  a complex number for a type that is not complex, a number for a boolean
///     other than 0, 1.
/// @spec T-17 T-18 T-33
void encode_element(DType dtype, const Number* lanes, void* out);

/// Elements in C order, compact (packed types: dense bits, the last byte filled up with zeros).
/// `values`: `dtype.lanes` numbers an element. @throws as `encode_element`; InvalidArgument  no
/// whole elements.
/// @spec T-20 T-22
std::vector<std::byte> encode_elements(DType dtype, const std::vector<Number>& values);

/// Strides of a compact row-major tensor, in elements; all 0 where the tensor is empty.
std::vector<std::int64_t> producer_strides(Int64View shape);

// ---- what an export keeps and counts ----

/// Something that stays alive until an export's deleter ran. `release` is called once, on whatever
/// thread the consumer runs the deleter, with or without the GIL; a Python owner takes the GIL
/// itself. @spec P-11
struct Keeper {
  void* context = nullptr;
  void (*release)(void* context) noexcept = nullptr;
};

/// A keeper that holds a share of `owner`.
template <class T>
[[nodiscard]] Keeper keep(std::shared_ptr<T> owner) {
  return {new std::shared_ptr<T>(std::move(owner)),
          [](void* context) noexcept { delete static_cast<std::shared_ptr<T>*>(context); }};
}

namespace detail {
struct ExportBlock;
class LogCore;
}  // namespace detail

/// Who makes the exports of a log. Deleters may run on any thread in either case.
enum class Makers : std::uint8_t {
  kAnyThread,   ///< several threads at once; an export costs one locked operation
  kOneAtATime,  ///< one thread at a time, as the caller's own lock sees to (Python's GIL); it costs
                ///< none
};

/// Counts of the exports of one producer, or of many where it is the parent of their logs.
/// Thread-safe, as far as `Makers` says. The call of a deleter costs one locked operation.
///
/// The blocks of deleted exports are kept for a while before they are used again, so that a second
/// call of a deleter is counted and does no harm; with a parent also when this log is gone.
class ExportLog {
 public:
  static constexpr std::size_t kMaxThreads = 16;  ///< threads remembered by `deleter_threads`
  /// Deleted exports of a log that are kept before their block is used again.
  static constexpr std::size_t kQuarantine = 16;

  /// The counts of `parent` include this log's, also when this log is gone; it must outlive this
  /// log and all its exports.
  explicit ExportLog(ExportLog* parent = nullptr, Makers makers = Makers::kAnyThread);
  ExportLog(const ExportLog&) = delete;
  ExportLog& operator=(const ExportLog&) = delete;
  /// Exports that are alive keep what they count in.
  ~ExportLog();

  /// Keeps something alive for all exports that have no keeper of their own: it goes when `let_go`
  /// was called and none of them is alive; after an export with a NULL deleter never. Called once,
  /// before the first export. It saves each export two locked operations.
  void keep(Keeper keeper) noexcept;
  /// The owner of the exported memory goes. No export is made after it.
  void let_go() noexcept;

  [[nodiscard]] std::int64_t exports() const noexcept;
  /// Exports with a deleter whose deleter has not run.
  [[nodiscard]] std::int64_t live() const noexcept;
  /// Calls of deleters, second calls for one export included.
  [[nodiscard]] std::int64_t deleter_calls() const noexcept;
  /// Calls of a deleter that had run before.
  [[nodiscard]] std::int64_t double_deletes() const noexcept;
  /// Threads that ran a deleter (`pthread_self`, which Python calls `threading.get_ident`), each
  /// once, in order; of this log's own exports.
  [[nodiscard]] std::vector<std::uint64_t> deleter_threads() const;

 private:
  friend class Producer;

  detail::LogCore* core_;
};

// ---- exports ----

/// The tensor that a producer exports. Memory belongs to the caller.
struct SourceTensor {
  DType dtype;
  std::vector<std::int64_t> shape;    ///< extents
  std::vector<std::int64_t> strides;  ///< elements
  void* origin = nullptr;  ///< where `byte_offset` counts from when it carries the offset
  /// From `origin` to element 0; may be negative when carried in `data`.
  std::int64_t offset_bytes = 0;
  Device device = kCpu;
  bool readonly = false;
};

enum class OffsetIn : std::uint8_t { kData, kByteOffset };

/// How an export states things. Every rule of the stated version is kept unless `break_rules` is
/// set.
struct ExportOptions {
  Version version = kNewestVersion;  ///< of a versioned export: 1.0 or newer, 2.0 included
  /// Exactly these bits; none: by state (READ_ONLY, IS_COPIED, PADDED).
  std::optional<std::uint64_t> flags;
  bool null_strides = false;  ///< compact row-major only; versioned: only below 1.2 or rank 0
  bool null_shape = false;    ///< rank 0 only
  bool null_data = false;     ///< empty tensors only
  OffsetIn offset_in = OffsetIn::kData;
  bool null_deleter = false;     ///< the log frees the struct, the caller keeps the memory alive
  std::optional<Device> device;  ///< stated instead of the tensor's own
  bool break_rules = false;      ///< crafted tensors: state exactly what is asked, checking nothing
};

/// What follows the deleter in a struct of another major version, which nobody may read.
enum class Tail : std::uint8_t {
  kStated,      ///< the fields as of version 1
  kPoisoned,    ///< bytes that are no valid address and no valid rank
  kUnreadable,  ///< a page that cannot be touched
};

/// Fields of a managed tensor as a test wants them, whatever the rules say and whatever the memory
/// holds: nothing is checked. What is left out is as the export's options say.
struct Stated {
  std::optional<std::int32_t> ndim;  ///< else the length of `shape`
  std::optional<std::vector<std::int64_t>> shape;
  std::optional<std::vector<std::int64_t>> strides;
  std::optional<DType> dtype;
  std::optional<Device> device;
  std::optional<std::int64_t> data_offset;   ///< bytes from element 0 to `data`
  std::optional<std::uint64_t> byte_offset;  ///< bytes
  bool null_context = false;
  Tail tail = Tail::kStated;  ///< versioned only
};

/// What all exports of one producer with one set of options have in common, checked once. Made by
/// `Producer::prepare_legacy` and `prepare_versioned`, used with that producer only.
template <class Managed>
struct Prepared {
  Managed image;  ///< shape and strides: NULL where the export has NULL
};

/// Exports one tensor. Exports are independent of the producer's life: they hold the log and their
/// keeper. Constant after construction; exports may be made from several threads.
class Producer {
 public:
  /// @throws InvalidArgument  rank above 64, lengths of shape and strides that differ, a negative
  ///     extent, an element count above 2^63 - 1, elements more than 2^61 bits or an origin more
  ///     than 2^57 bytes from element 0, an unknown dtype, or a NULL origin where there are
  ///     elements.
  Producer(SourceTensor tensor, std::shared_ptr<ExportLog> log);

  [[nodiscard]] const SourceTensor& tensor() const noexcept { return tensor_; }
  [[nodiscard]] const std::shared_ptr<ExportLog>& log() const noexcept { return log_; }
  [[nodiscard]] std::int64_t element_count() const noexcept { return count_; }
  [[nodiscard]] bool is_c_contiguous() const noexcept { return c_contiguous_; }
  /// Address of element 0.
  [[nodiscard]] void* first() const noexcept;

  /// Exports without copying. The result is the sole owner; its deleter runs once, on any thread.
  /// When this throws, `keeper` was not taken; with `null_deleter` it is not taken either.
  /// @throws InvalidArgument  the options break a rule of the stated version and `break_rules` is
  ///     not set.
  /// @throws BufferError  a padded type: a legacy struct, and version 1.0, can't say so.
  /// @spec T-05 T-06 T-07 T-08 T-28 P-13 P-16
  [[nodiscard]] LegacyPtr export_legacy(const ExportOptions& options, Keeper keeper) const;
  [[nodiscard]] VersionedPtr export_versioned(const ExportOptions& options, Keeper keeper) const;

  /// The same in two steps, for many exports: what is checked and worked out once, and the export.
  /// @throws  as `export_legacy` and `export_versioned`.
  [[nodiscard]] Prepared<DLManagedTensor> prepare_legacy(const ExportOptions& options) const;
  [[nodiscard]] Prepared<DLManagedTensorVersioned> prepare_versioned(
      const ExportOptions& options) const;
  [[nodiscard]] LegacyPtr export_prepared(const Prepared<DLManagedTensor>& prepared,
                                          Keeper keeper) const;
  [[nodiscard]] VersionedPtr export_prepared(const Prepared<DLManagedTensorVersioned>& prepared,
                                             Keeper keeper) const;

  /// Exports the fields of `stated`, the others as `options` say, and breaks any rule. Counted as
  /// any other export; where it is to share the log's keeper, `keeper` is empty.
  [[nodiscard]] LegacyPtr export_stated_legacy(const ExportOptions& options, const Stated& stated,
                                               Keeper keeper) const;
  [[nodiscard]] VersionedPtr export_stated_versioned(const ExportOptions& options,
                                                     const Stated& stated, Keeper keeper) const;

  /// Exports a compact row-major copy, 256-byte aligned, writable, with IS_COPIED set (versioned).
  /// It keeps its own memory; more than `kMaxElements` elements are refused. @spec P-29 P-32 P-34
  /// @throws BufferError  too many elements, or memory that the host can't read.
  [[nodiscard]] LegacyPtr copy_legacy(const ExportOptions& options) const;
  [[nodiscard]] VersionedPtr copy_versioned(const ExportOptions& options) const;

  /// Address of the byte in which an element begins. `index`: one number an axis.
  /// @throws InvalidArgument  the index has another length than the rank, or is outside the shape.
  [[nodiscard]] void* address(Int64View index) const;
  /// Copies one element to or from `dtype.element_bytes()` bytes (packed types: low bits). Host
  /// memory only.
  /// @throws InvalidArgument  as `address`.
  void get(Int64View index, void* element) const;
  void set(Int64View index, const void* element) const;
  /// All elements in C order, compact. @throws BufferError  as `copy_versioned`.
  [[nodiscard]] std::vector<std::byte> gather() const;

 private:
  template <class Managed>
  Prepared<Managed> prepare(const ExportOptions& options, bool copied) const;
  template <class Managed>
  Managed* stamp(const Prepared<Managed>& prepared, Keeper keeper) const;
  template <class Managed>
  Managed* make_copy(const ExportOptions& options) const;
  template <class Managed>
  Managed* state(const ExportOptions& options, const Stated& stated, Keeper keeper) const;
  [[nodiscard]] Producer copy() const;
  void check(const ExportOptions& options, bool versioned) const;
  [[nodiscard]] std::int64_t bit_position(Int64View index) const;

  SourceTensor tensor_;
  std::vector<std::int64_t> extents_;  // shape, then strides, as every export has them
  std::shared_ptr<ExportLog> log_;
  std::int64_t count_ = 0;
  bool c_contiguous_ = false;
};

/// A fresh, zeroed, writable, compact tensor, 256-byte aligned, that owns its memory: what an
/// allocator returns.
/// @throws InvalidArgument  as `Producer`; or a shape that needs more than 1 GiB.
/// @throws BufferError  a device without memory here.
[[nodiscard]] VersionedPtr make_tensor(DType dtype, Int64View shape, Device device,
                                       std::shared_ptr<ExportLog> log);
/// The same in some memory, which the tensor keeps alive. @throws  as above; DeviceError  there is
/// too little of it.
[[nodiscard]] VersionedPtr make_tensor_in(std::shared_ptr<const DeviceMemory> memory, DType dtype,
                                          Int64View shape, std::shared_ptr<ExportLog> log);

/// A keeper of one allocation, which keeps its memory's runtime alive too.
[[nodiscard]] Keeper keep_block(std::shared_ptr<const DeviceMemory> memory, void* block);

}  // namespace dlpack_impl
