/// @file
/// Element types of DLPack 1.3 as values, and their names in the catalogue's words.
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dlpack_impl/dlpack.h"

namespace dlpack_impl {

/// One number of one lane. Opaque handles are `std::uint64_t`.
using Number = std::variant<bool, std::int64_t, std::uint64_t, double, std::complex<double>>;

/// What an element is: `code`, `bits` and `lanes` as in `DLDataType`, and whether a type of less
/// than a byte is padded to whole bytes, which DLPack says in a flag and not in the type.
/// @spec H-03 T-15 T-16 T-21
struct DType {
  std::uint8_t code = 0;  ///< a `DLDataTypeCode`
  std::uint8_t bits = 0;  ///< of one lane; complex counts both parts
  std::uint16_t lanes = 1;
  bool padded = false;  ///< each lane starts at a byte although it has fewer than 8 bits

  friend constexpr bool operator==(const DType& a, const DType& b) noexcept {
    return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes && a.padded == b.padded;
  }
  friend constexpr bool operator!=(const DType& a, const DType& b) noexcept { return !(a == b); }

  /// True where a lane does not fill whole bytes (fp6, fp4).
  [[nodiscard]] constexpr bool is_sub_byte() const noexcept { return bits % 8 != 0; }

  /// Distance from one lane to the next, in bits.
  [[nodiscard]] constexpr std::int64_t lane_bits() const noexcept {
    return padded ? (bits + 7) / 8 * 8 : bits;
  }

  /// Distance from one element to the next in a compact tensor, in bits. At most 255 * 65535.
  [[nodiscard]] constexpr std::int64_t element_bits() const noexcept { return lane_bits() * lanes; }

  /// Bytes that hold one element alone, rounded up.
  [[nodiscard]] constexpr std::int64_t element_bytes() const noexcept {
    return (element_bits() + 7) / 8;
  }

  /// True where every element starts at a byte, so that addresses alone say where it is.
  [[nodiscard]] constexpr bool is_byte_addressed() const noexcept {
    return element_bits() % 8 == 0;
  }
};
static_assert(sizeof(DType) <= 8);

/// A dtype and its name.
struct NamedDType {
  std::string_view name;
  DType dtype;
};

/// All one-lane dtypes of DLPack 1.3 by name: bool, int8 to uint64, float16 to float64, bfloat16,
/// complex32 to complex128, the fp8, fp6 and fp4 codes, the padded forms of the last two, and
/// `opaque` (a 64-bit handle).
/// @spec H-11 T-14 T-19
const std::vector<NamedDType>& all_dtypes();

/// The dtype of a name, with `x<lanes>` for short vectors before `-padded`: `float32x4`,
/// `float4_e2m1fnx2-padded`.
/// @return none where there is no such name, or lanes are 1 (written without suffix), 0 or above
///     65535.
std::optional<DType> find_dtype(std::string_view name);

/// @throws InvalidArgument  there is no such dtype; the message has the name.
DType dtype_from_name(std::string_view name);

/// The catalogue's name, or `code<code>-bits<bits>-lanes<lanes>` for what DLPack 1.3 does not list.
std::string dtype_name(DType dtype);

/// True where code and bits are listed in DLPack 1.3 (any lanes above 0) and `padded` only where
/// bits are no multiple of 8.
constexpr bool is_known_dtype(DType dtype) noexcept {
  if (dtype.lanes == 0 || (dtype.padded && !dtype.is_sub_byte())) return false;
  switch (dtype.code) {
    case kDLInt:
    case kDLUInt:
      return dtype.bits == 8 || dtype.bits == 16 || dtype.bits == 32 || dtype.bits == 64;
    case kDLFloat:
      return dtype.bits == 16 || dtype.bits == 32 || dtype.bits == 64;
    case kDLOpaqueHandle:
      return dtype.bits == 64;
    case kDLBfloat:
      return dtype.bits == 16;
    case kDLComplex:
      return dtype.bits == 32 || dtype.bits == 64 || dtype.bits == 128;
    case kDLFloat6_e2m3fn:
    case kDLFloat6_e3m2fn:
      return dtype.bits == 6;
    case kDLFloat4_e2m1fn:
      return dtype.bits == 4;
    default:
      // bool and the fp8 codes lie between kDLBool and kDLFloat8_e8m0fnu without a hole
      return dtype.code >= kDLBool && dtype.code <= kDLFloat8_e8m0fnu && dtype.bits == 8;
  }
}

/// Bytes of `count` elements that lie compactly: the bits of all, rounded up once. @spec T-22 A-07
/// @throws InvalidArgument  `count` is negative, or the result is above 2^62.
std::int64_t storage_bytes(DType dtype, std::int64_t count);

}  // namespace dlpack_impl
