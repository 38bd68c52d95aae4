#include "catalogue/dtypes.h"

#include <algorithm>
#include <array>

namespace dlpack_conformance {
namespace {

constexpr std::uint8_t kIntCode = 0, kUintCode = 1, kFloatCode = 2, kOpaqueCode = 3,
                       kBfloatCode = 4, kComplexCode = 5, kBoolCode = 6;

constexpr DTypeRow integer(std::string_view name, std::string_view text, std::uint8_t bits) {
  const bool is_signed = name.front() != 'u';
  return {.name = name,
          .text = text,
          .dlpack = true,
          .code = is_signed ? kIntCode : kUintCode,
          .bits = bits,
          .item_bits = bits,
          .family = is_signed ? DTypeFamily::kInt : DTypeFamily::kUint,
          .standard = true};
}

constexpr DTypeRow floating(std::string_view name, std::string_view text, std::uint8_t code,
                            std::uint8_t bits, ValueSet values, bool standard) {
  return {.name = name,
          .text = text,
          .dlpack = true,
          .code = code,
          .bits = bits,
          .item_bits = bits,
          .family = DTypeFamily::kFloat,
          .values = values,
          .standard = standard};
}

constexpr DTypeRow complex(std::string_view name, std::string_view text, std::uint8_t bits,
                           bool standard) {
  return {.name = name,
          .text = text,
          .dlpack = true,
          .code = kComplexCode,
          .bits = bits,
          .item_bits = bits,
          .family = DTypeFamily::kComplex,
          .values = ValueSet::kComplex,
          .standard = standard};
}

constexpr DTypeRow padded(std::string_view name, std::string_view text, const DTypeRow& base) {
  DTypeRow row = base;
  row.name = name;
  row.text = text;
  row.padded = true;
  row.item_bits = 8;
  row.base = base.name;
  return row;
}

constexpr DTypeRow vector(std::string_view name, std::string_view text, std::uint16_t lanes,
                          const DTypeRow& base) {
  DTypeRow row = base;
  row.name = name;
  row.text = text;
  row.lanes = lanes;
  row.item_bits = base.item_bits * lanes;
  row.base = base.name;
  row.standard = false;
  return row;
}

constexpr DTypeRow swapped(std::string_view name, const DTypeRow& base) {
  DTypeRow row = base;
  row.name = name;
  row.text = "foreign byte order, which DLPack cannot say";
  row.dlpack = false;
  row.code = 0;
  row.bits = 0;
  row.base = base.name;
  row.standard = false;
  row.swapped = true;
  return row;
}

constexpr DTypeRow outside(std::string_view name, std::string_view text, std::uint32_t item_bits,
                           DTypeFamily family = DTypeFamily::kOther) {
  return {.name = name, .text = text, .item_bits = item_bits, .family = family};
}

constexpr DTypeRow kInt8 = integer("int8", "8-bit signed integer", 8);
constexpr DTypeRow kInt16 = integer("int16", "16-bit signed integer", 16);
constexpr DTypeRow kInt32 = integer("int32", "32-bit signed integer", 32);
constexpr DTypeRow kInt64 = integer("int64", "64-bit signed integer", 64);
constexpr DTypeRow kUint8 = integer("uint8", "8-bit unsigned integer", 8);
constexpr DTypeRow kUint16 = integer("uint16", "16-bit unsigned integer", 16);
constexpr DTypeRow kUint32 = integer("uint32", "32-bit unsigned integer", 32);
constexpr DTypeRow kUint64 = integer("uint64", "64-bit unsigned integer", 64);
constexpr DTypeRow kFloat16 =
    floating("float16", "IEEE half", kFloatCode, 16, ValueSet::kIndex, false);
constexpr DTypeRow kFloat32 =
    floating("float32", "IEEE single", kFloatCode, 32, ValueSet::kIndex, true);
constexpr DTypeRow kFloat64 =
    floating("float64", "IEEE double", kFloatCode, 64, ValueSet::kIndex, true);
constexpr DTypeRow kComplex64 = complex("complex64", "two float32, real part first", 64, true);
constexpr DTypeRow kComplex128 = complex("complex128", "two float64, real part first", 128, true);
constexpr DTypeRow kE4m3fn =
    floating("float8_e4m3fn", "8 bits, finite, NaN", 10, 8, ValueSet::kFloat8, false);
constexpr DTypeRow kE2m3 =
    floating("float6_e2m3fn", "6 bits, packed", 15, 6, ValueSet::kFloat6, false);
constexpr DTypeRow kE3m2 =
    floating("float6_e3m2fn", "6 bits, packed", 16, 6, ValueSet::kFloat6, false);
constexpr DTypeRow kE2m1 =
    floating("float4_e2m1fn", "4 bits, packed", 17, 4, ValueSet::kFloat4, false);

constexpr auto kRows = std::to_array<DTypeRow>({
    {.name = "bool",
     .text = "one byte, 0 or 1",
     .dlpack = true,
     .code = kBoolCode,
     .bits = 8,
     .item_bits = 8,
     .family = DTypeFamily::kBool,
     .values = ValueSet::kBool,
     .standard = true},
    kInt8,
    kInt16,
    kInt32,
    kInt64,
    kUint8,
    kUint16,
    kUint32,
    kUint64,
    kFloat16,
    kFloat32,
    kFloat64,
    floating("bfloat16", "8 bits of exponent, 7 of fraction", kBfloatCode, 16, ValueSet::kIndex,
             false),
    complex("complex32", "two float16, real part first", 32, false),
    kComplex64,
    kComplex128,
    floating("float8_e3m4", "8 bits, infinities", 7, 8, ValueSet::kFloat8, false),
    floating("float8_e4m3", "8 bits, infinities", 8, 8, ValueSet::kFloat8, false),
    floating("float8_e4m3b11fnuz", "8 bits, bias 11, no negative zero", 9, 8, ValueSet::kFloat8,
             false),
    kE4m3fn,
    floating("float8_e4m3fnuz", "8 bits, finite, no negative zero", 11, 8, ValueSet::kFloat8,
             false),
    floating("float8_e5m2", "8 bits, infinities", 12, 8, ValueSet::kFloat8, false),
    floating("float8_e5m2fnuz", "8 bits, finite, no negative zero", 13, 8, ValueSet::kFloat8,
             false),
    floating("float8_e8m0fnu", "8 bits of exponent, powers of two", 14, 8, ValueSet::kExponent,
             false),
    kE2m3,
    padded("float6_e2m3fn-padded", "6 bits in a byte each", kE2m3),
    kE3m2,
    padded("float6_e3m2fn-padded", "6 bits in a byte each", kE3m2),
    kE2m1,
    padded("float4_e2m1fn-padded", "4 bits in a byte each", kE2m1),
    vector("int8x2", "short vector", 2, kInt8),
    vector("uint8x3", "short vector of a size that is no power of two", 3, kUint8),
    vector("float16x2", "short vector", 2, kFloat16),
    vector("float32x4", "short vector", 4, kFloat32),
    vector("float4_e2m1fnx2", "a pair that fills one byte", 2, kE2m1),
    {.name = "opaque",
     .text = "64-bit handle, meaning by agreement",
     .dlpack = true,
     .code = kOpaqueCode,
     .bits = 64,
     .item_bits = 64},
    swapped("swapped-int16", kInt16),
    swapped("swapped-int32", kInt32),
    swapped("swapped-int64", kInt64),
    swapped("swapped-uint16", kUint16),
    swapped("swapped-uint32", kUint32),
    swapped("swapped-uint64", kUint64),
    swapped("swapped-float16", kFloat16),
    swapped("swapped-float32", kFloat32),
    swapped("swapped-float64", kFloat64),
    swapped("swapped-complex64", kComplex64),
    swapped("swapped-complex128", kComplex128),
    outside("longdouble", "the platform's long double; not IEEE on x86-64", 128,
            DTypeFamily::kFloat),
    {.name = "clongdouble",
     .text = "two of the platform's long double",
     .item_bits = 256,
     .family = DTypeFamily::kComplex,
     .values = ValueSet::kComplex},
    outside("object", "references to Python objects", 64),
    outside("str", "fixed-width text, UCS-4", 128),
    outside("bytes", "fixed-width bytes", 32),
    outside("datetime64-ns", "nanoseconds since 1970", 64),
    outside("timedelta64-ns", "nanoseconds", 64),
    outside("record", "two fields: int32 and float32", 64),
    outside("void", "bytes without a meaning", 64),
    outside("qint8", "quantised 8-bit signed integer", 8),
    outside("quint8", "quantised 8-bit unsigned integer", 8),
    outside("qint32", "quantised 32-bit signed integer", 32),
    outside("bits8", "eight bits without a meaning", 8),
    outside("bits16", "sixteen bits without a meaning", 16),
});

constexpr bool names_are_unique() {
  for (std::size_t a = 0; a < kRows.size(); ++a) {
    for (std::size_t b = a + 1; b < kRows.size(); ++b) {
      if (kRows[a].name == kRows[b].name) return false;
    }
  }
  return true;
}

constexpr bool sizes_agree() {
  return std::ranges::all_of(kRows, [](const DTypeRow& row) {
    return !row.dlpack || row.padded || row.item_bits == std::uint32_t{row.bits} * row.lanes;
  });
}

static_assert(names_are_unique(), "two dtypes share a name");
static_assert(sizes_agree(), "bits times lanes is not the item size");

}  // namespace

std::span<const DTypeRow> dtypes() { return kRows; }

const DTypeRow* find_dtype(std::string_view name) {
  const auto* row = std::ranges::find(kRows, name, &DTypeRow::name);
  return row == kRows.end() ? nullptr : row;
}

const DTypeRow* find_dtype(std::uint8_t code, std::uint8_t bits, std::uint16_t lanes, bool padded) {
  const auto* row = std::ranges::find_if(kRows, [&](const DTypeRow& candidate) {
    const bool pads = bits < 8 && padded;
    return candidate.dlpack && candidate.code == code && candidate.bits == bits &&
           candidate.lanes == lanes && candidate.padded == pads;
  });
  return row == kRows.end() ? nullptr : row;
}

}  // namespace dlpack_conformance
