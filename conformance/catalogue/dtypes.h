/// @file
/// Table of element types: all of DLPack 1.3, and the words for those that DLPack cannot say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace dlpack_conformance {

/// What kind of number an element is. `kOther`: nothing that arithmetic reads (object, text, date,
/// record, opaque).
enum class DTypeFamily : std::uint8_t { kBool, kInt, kUint, kFloat, kComplex, kOther };

/// Which numbers the elements of an array hold (`core/values.h`).
enum class ValueSet : std::uint8_t {
  kIndex,     ///< the index in C order plus one, modulo 127
  kComplex,   ///< the same as real part, another number as imaginary part
  kBool,      ///< a de Bruijn sequence
  kFloat8,    ///< 48 numbers that every 8-bit format with a mantissa has
  kFloat6,    ///< 38 numbers that both 6-bit formats have
  kFloat4,    ///< the 14 numbers other than zero
  kExponent,  ///< powers of two
};

/// A row of the dtype table.
struct DTypeRow {
  std::string_view name;
  std::string_view text;
  bool dlpack = false;          ///< DLPack has a (code, bits, lanes) for it
  std::uint8_t code = 0;        ///< of DLPack
  std::uint8_t bits = 0;        ///< of one lane, of DLPack
  std::uint16_t lanes = 1;      ///< of DLPack
  bool padded = false;          ///< each sub-byte lane in a byte of its own
  std::uint32_t item_bits = 0;  ///< memory of one element in bits, a multiple of 8 unless packed
  DTypeFamily family = DTypeFamily::kOther;
  ValueSet values = ValueSet::kIndex;
  std::string_view base = {};  ///< dtype of one lane in native byte order; empty where it is itself
  bool standard = false;       ///< one of the array API's dtypes
  bool swapped = false;        ///< foreign byte order

  [[nodiscard]] constexpr bool packed() const { return item_bits % 8 != 0; }
  /// Memory of one element in bytes, rounded up.
  [[nodiscard]] constexpr std::uint32_t item_bytes() const { return (item_bits + 7) / 8; }
};

/// All rows; the order is the plan's.
std::span<const DTypeRow> dtypes();

/// @return the row, or null where the catalogue has no such name.
const DTypeRow* find_dtype(std::string_view name);

/// @return the row of a DLPack triple, or null. `padded` matters for the sub-byte codes only.
const DTypeRow* find_dtype(std::uint8_t code, std::uint8_t bits, std::uint16_t lanes, bool padded);

}  // namespace dlpack_conformance
