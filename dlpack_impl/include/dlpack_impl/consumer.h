/// @file
/// The reference consumer: reads any managed tensor without changing it, or takes it over and frees
/// it once. It has its own decoding, default strides and address arithmetic, and never uses the
/// producer's.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dlpack_impl/device.h"
#include "dlpack_impl/dlpack.h"
#include "dlpack_impl/dtype.h"
#include "dlpack_impl/layout.h"
#include "dlpack_impl/managed_tensor.h"

namespace dlpack_impl {

// ---- decoding ----

/// Reads one element from `dtype.element_bytes()` bytes (packed types: low bits) into `dtype.lanes`
/// numbers: bool (byte other than 0 is true), int64, uint64 (opaque too), double or complex. The
/// dtype must be known.
void decode_element(DType dtype, const void* element, Number* lanes) noexcept;

/// Element `index` of compact C-order bytes; packed types are indexed by element. @spec T-20
/// @throws InvalidArgument  an unknown dtype, or an index below 0 or with bits beyond `size_bytes`.
std::vector<Number> decode_at(DType dtype, const void* raw, std::size_t size_bytes,
                              std::int64_t index);

/// All of `count` elements of compact C-order bytes, `dtype.lanes` numbers each.
/// @throws InvalidArgument  as `decode_at`, or a negative count.
std::vector<Number> decode_elements(DType dtype, const void* raw, std::size_t size_bytes,
                                    std::int64_t count);

/// Strides of a compact row-major tensor as a consumer reads a NULL, in elements. The shape was
/// checked.
std::vector<std::int64_t> consumer_strides(Int64View shape);

// ---- reading ----

/// What a managed tensor says before its elements are looked at. Pointers point into it and live as
/// long.
struct Reading {
  std::optional<Version> version;      ///< none for a legacy struct
  std::optional<std::uint64_t> flags;  ///< none for a legacy struct or another major version
  bool has_deleter = false;
  bool has_context = false;
  const DLTensor* tensor =
      nullptr;  ///< NULL for another major version: nothing else may be read then

  [[nodiscard]] bool read_only() const noexcept { return has(DLPACK_FLAG_BITMASK_READ_ONLY); }
  [[nodiscard]] bool is_copied() const noexcept { return has(DLPACK_FLAG_BITMASK_IS_COPIED); }
  [[nodiscard]] bool is_padded() const noexcept {
    return has(DLPACK_FLAG_BITMASK_IS_SUBBYTE_TYPE_PADDED);
  }
  /// The dtype with `padded` set where the flag says so and the type has less than a byte.
  [[nodiscard]] DType dtype() const noexcept {
    if (tensor == nullptr) return {};
    DType dtype{tensor->dtype.code, tensor->dtype.bits, tensor->dtype.lanes, false};
    dtype.padded = dtype.is_sub_byte() && is_padded();
    return dtype;
  }
  [[nodiscard]] Device device() const noexcept {
    if (tensor == nullptr) return {0, 0};
    return {static_cast<std::int32_t>(tensor->device.device_type), tensor->device.device_id};
  }

 private:
  [[nodiscard]] bool has(std::uint64_t flag) const noexcept {
    return (flags.value_or(0) & flag) != 0;
  }
};

/// Reads the header; changes nothing, calls nothing. @spec C-08 C-09
Reading read_header(const DLManagedTensor& managed) noexcept;
Reading read_header(const DLManagedTensorVersioned& managed) noexcept;
/// A tensor that nobody manages (`dltensor_from_py_object_no_sync`).
Reading read_header(const DLTensor& tensor) noexcept;

/// What `TensorView` asks of a tensor.
enum class Rules : std::uint8_t {
  kOfVersion,  ///< what the stated version demands of the producer, NULL strides included
  kReadable,   ///< only what reading needs: to look at a tensor that breaks a rule
};

/// Which memory a view may lie in.
enum class Where : std::uint8_t {
  kHost,      ///< only where the host reads it
  kAnywhere,  ///< on a device the view has addresses only; what would read or write them throws
};

/// The elements of a tensor that was checked. Refers to its memory and to its shape and strides;
/// owns none.
class TensorView {
 public:
  TensorView() = default;
  /// Checks every field. @spec C-15 C-16 C-17 C-20 C-21 C-22 C-48
  /// @throws InvalidArgument  a negative rank or extent, a missing shape, NULL strides where the
  ///     version forbids them, NULL data with elements, lanes 0, an address or size that overflows.
  /// @throws BufferError  another major version, an unknown dtype or width, a device that the host
  ///     can't read, rank above 64.
  explicit TensorView(const Reading& reading, Rules rules = Rules::kOfVersion,
                      Where where = Where::kHost);

  /// A view of memory that the caller describes. `shape` and `strides` (elements) must outlive the
  /// view.
  /// @throws  as above.
  TensorView(DType dtype, const void* first, Int64View shape, Int64View strides,
             Device device = kCpu, Where where = Where::kHost);

  [[nodiscard]] DType dtype() const noexcept { return dtype_; }
  [[nodiscard]] Device device() const noexcept { return device_; }
  [[nodiscard]] Int64View shape() const noexcept { return shape_; }
  /// Strides in elements; the compact ones where the struct has NULL.
  [[nodiscard]] Int64View strides() const noexcept {
    return own_strides_.empty() ? strides_ : Int64View(own_strides_);
  }
  [[nodiscard]] std::int64_t element_count() const noexcept { return count_; }
  /// Address of element 0: `data` plus `byte_offset`. NULL possible where empty. @spec T-01
  [[nodiscard]] void* first() const noexcept { return first_; }

  /// Address of the byte in which an element begins. @spec T-01 T-04
  /// @throws InvalidArgument  the index has another length than the rank, or is outside the shape.
  [[nodiscard]] void* address(Int64View index) const;
  /// Copies one element to or from `dtype().element_bytes()` bytes (packed types: low bits).
  /// @throws InvalidArgument  as `address`.
  /// @throws BufferError  here and below: memory that the host can't read (`Where::kAnywhere`).
  void get(Int64View index, void* element) const;
  void set(Int64View index, const void* element) const;
  /// One element as numbers. @throws InvalidArgument  as `address`.
  [[nodiscard]] std::vector<Number> at(Int64View index) const;

  /// Bytes that `read_raw` writes. @throws InvalidArgument  above 2^62.
  [[nodiscard]] std::int64_t raw_bytes() const;
  /// All elements in C order, compact (packed types: dense bits, the last byte filled up with
  /// zeros).
  /// @throws InvalidArgument  more than `kMaxElements` elements, or `size_bytes` below
  ///     `raw_bytes()`.
  void read_raw(void* out, std::size_t size_bytes) const;
  [[nodiscard]] std::vector<std::byte> read_raw() const;
  /// As `read_raw` with every zero-stride axis cut to extent 1: each element that can differ, once.
  /// @throws InvalidArgument  more than `kMaxElements` of those.
  [[nodiscard]] std::vector<std::byte> read_distinct() const;
  /// True when `read_raw` would give exactly these bytes; reads no more than it must, makes no copy
  /// of compact tensors. @throws InvalidArgument  as `read_raw`.
  [[nodiscard]] bool equals_raw(const void* raw, std::size_t size_bytes) const;

  /// Lowest and one past the highest byte of the elements, relative to `first()`; both 0 where
  /// empty.
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> span_bytes() const noexcept;

 private:
  // What both constructors share. `dtype` and `device` are the members' values, taken as arguments
  // because reading a member back right after it was written bytewise stalls.
  void resolve(const std::int64_t* strides, DType dtype, Device device, Where where);
  void expect_host() const {
    if (device_.type != kCpu.type) expect_host_readable(device_);
  }
  static void expect_host_readable(Device device);
  void gather(const std::int64_t* shape, std::byte* out) const;
  [[nodiscard]] std::int64_t bit_position(Int64View index) const;

  DType dtype_;
  Device device_;
  Int64View shape_;
  Int64View strides_;
  std::vector<std::int64_t> own_strides_;  // only where the struct has NULL
  std::int64_t count_ = 0;
  std::int64_t lowest_ = 0;  // elements from element 0
  std::int64_t highest_ = 0;
  std::byte* first_ = nullptr;
};

// ---- importing ----

/// A managed tensor that was taken over. The deleter, where there is one, runs exactly once: on
/// destruction, or on the first `release()` from whatever thread. @spec C-11 C-12 C-13 C-51
class Imported {
 public:
  Imported() = default;
  /// Takes the tensor over, also when it throws: then its deleter ran. For another major version
  /// nothing but version and deleter is touched.
  /// @throws  as `TensorView`.
  explicit Imported(LegacyPtr managed, Rules rules = Rules::kOfVersion, Where where = Where::kHost);
  explicit Imported(VersionedPtr managed, Rules rules = Rules::kOfVersion,
                    Where where = Where::kHost);

  Imported(Imported&& other) noexcept;
  Imported& operator=(Imported&& other) noexcept;
  Imported(const Imported&) = delete;
  Imported& operator=(const Imported&) = delete;
  ~Imported() {
    // Nobody else can know this object any more: no locked operation is needed.
    const LegacyPtr legacy(legacy_.load(std::memory_order_acquire));
    const VersionedPtr versioned(versioned_.load(std::memory_order_acquire));
  }

  /// The elements. Valid until `release()`.
  [[nodiscard]] const TensorView& view() const noexcept { return view_; }
  /// The header as it was on import; `tensor` is valid until `release()`.
  [[nodiscard]] const Reading& header() const noexcept { return header_; }
  [[nodiscard]] bool released() const noexcept {
    return legacy_.load() == nullptr && versioned_.load() == nullptr;
  }
  /// Runs the deleter unless it ran. Safe to call from several threads at once.
  void release() noexcept;

 private:
  std::atomic<DLManagedTensor*> legacy_{nullptr};
  std::atomic<DLManagedTensorVersioned*> versioned_{nullptr};
  Reading header_;
  TensorView view_;
};

}  // namespace dlpack_impl
