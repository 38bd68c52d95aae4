// The consumer's decoding: bytes to numbers. The producer's encoding is written apart, from its own
// table.
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "dlpack_impl/consumer.h"
#include "dlpack_impl/error.h"

namespace dlpack_impl {
namespace {

// What the bit patterns mean that are no ordinary number.
enum class Family : std::uint8_t {
  kIeee,    // exponent all ones: infinity, or NaN where the mantissa is not 0
  kOneNan,  // "fn": exponent and mantissa all ones: NaN; no infinity
  kFnuz,    // the pattern of negative zero: NaN; no infinity, no negative zero
  kNone,    // every pattern is a number
};

struct Format {
  unsigned exponent_bits;
  unsigned mantissa_bits;
  int bias;
  Family family;
};

double small_float(const Format& format, unsigned pattern) {
  const unsigned exponents = (1U << format.exponent_bits) - 1;
  const unsigned mantissas = (1U << format.mantissa_bits) - 1;
  const unsigned exponent = pattern >> format.mantissa_bits & exponents;
  const unsigned mantissa = pattern & mantissas;
  const bool negative = (pattern >> (format.exponent_bits + format.mantissa_bits) & 1U) != 0;
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  switch (format.family) {
    case Family::kIeee:
      if (exponent == exponents) {
        if (mantissa != 0) return kNan;
        return negative ? -std::numeric_limits<double>::infinity()
                        : std::numeric_limits<double>::infinity();
      }
      break;
    case Family::kOneNan:
      if (exponent == exponents && mantissa == mantissas) return kNan;
      break;
    case Family::kFnuz:
      if (negative && exponent == 0 && mantissa == 0) return kNan;
      break;
    case Family::kNone:
      break;
  }
  const double fraction = static_cast<double>(mantissa) / (mantissas + 1);
  const double magnitude =
      exponent == 0 ? std::ldexp(fraction, 1 - format.bias)
                    : std::ldexp(1.0 + fraction, static_cast<int>(exponent) - format.bias);
  return negative ? -magnitude : magnitude;
}

template <class T>
T load(const std::byte* bytes) noexcept {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

double half(const std::byte* bytes) noexcept {
  return small_float({5, 10, 15, Family::kIeee}, load<std::uint16_t>(bytes));
}

double bfloat(const std::byte* bytes) noexcept {
  // The upper half of a float32.
  const std::uint32_t wide = std::uint32_t{load<std::uint16_t>(bytes)} << 16U;
  float value = 0;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

double real(unsigned bits, const std::byte* bytes) noexcept {
  if (bits == 16) return half(bytes);
  return bits == 32 ? static_cast<double>(load<float>(bytes)) : load<double>(bytes);
}

Number signed_integer(unsigned bits, const std::byte* bytes) noexcept {
  switch (bits) {
    case 8:
      return std::int64_t{load<std::int8_t>(bytes)};
    case 16:
      return std::int64_t{load<std::int16_t>(bytes)};
    case 32:
      return std::int64_t{load<std::int32_t>(bytes)};
    default:
      return load<std::int64_t>(bytes);
  }
}

Number unsigned_integer(unsigned bits, const std::byte* bytes) noexcept {
  switch (bits) {
    case 8:
      return std::uint64_t{load<std::uint8_t>(bytes)};
    case 16:
      return std::uint64_t{load<std::uint16_t>(bytes)};
    case 32:
      return std::uint64_t{load<std::uint32_t>(bytes)};
    default:
      return load<std::uint64_t>(bytes);
  }
}

// A type of at most 8 bits, from its pattern in the low bits.
double tiny_float(std::uint8_t code, unsigned pattern) noexcept {
  switch (code) {
    case kDLFloat8_e3m4:
      return small_float({3, 4, 3, Family::kIeee}, pattern);
    case kDLFloat8_e4m3:
      return small_float({4, 3, 7, Family::kIeee}, pattern);
    case kDLFloat8_e4m3b11fnuz:
      return small_float({4, 3, 11, Family::kFnuz}, pattern);
    case kDLFloat8_e4m3fn:
      return small_float({4, 3, 7, Family::kOneNan}, pattern);
    case kDLFloat8_e4m3fnuz:
      return small_float({4, 3, 8, Family::kFnuz}, pattern);
    case kDLFloat8_e5m2:
      return small_float({5, 2, 15, Family::kIeee}, pattern);
    case kDLFloat8_e5m2fnuz:
      return small_float({5, 2, 16, Family::kFnuz}, pattern);
    case kDLFloat8_e8m0fnu:
      return pattern == 0xFF ? std::numeric_limits<double>::quiet_NaN()
                             : std::ldexp(1.0, static_cast<int>(pattern) - 127);
    case kDLFloat6_e2m3fn:
      return small_float({2, 3, 1, Family::kNone}, pattern);
    case kDLFloat6_e3m2fn:
      return small_float({3, 2, 3, Family::kNone}, pattern);
    default:
      return small_float({2, 1, 1, Family::kNone}, pattern);  // float4_e2m1fn, the last one
  }
}

Number whole_byte_lane(DType dtype, const std::byte* bytes) noexcept {
  switch (dtype.code) {
    case kDLInt:
      return signed_integer(dtype.bits, bytes);
    case kDLUInt:
    case kDLOpaqueHandle:
      return unsigned_integer(dtype.bits, bytes);
    case kDLFloat:
      return real(dtype.bits, bytes);
    case kDLBfloat:
      return bfloat(bytes);
    case kDLComplex: {
      const unsigned part_bits = dtype.bits / 2U;
      return std::complex<double>(real(part_bits, bytes), real(part_bits, bytes + part_bits / 8));
    }
    case kDLBool:
      return bytes[0] != std::byte{0};
    default:
      // A padded lane has its bits at the low end; what fills the byte up says nothing.
      return tiny_float(dtype.code, std::to_integer<unsigned>(bytes[0]) & ((1U << dtype.bits) - 1));
  }
}

// Lane `number` of bytes that hold lanes one behind the other, packed or not.
Number lane_at(DType dtype, const std::byte* bytes, std::int64_t number) noexcept {
  const std::int64_t bit = number * dtype.lane_bits();
  if (dtype.lane_bits() % 8 == 0) return whole_byte_lane(dtype, bytes + bit / 8);
  unsigned pattern = 0;
  for (unsigned i = 0; i < dtype.bits; ++i) {
    const std::int64_t at = bit + i;
    pattern |= (std::to_integer<unsigned>(bytes[at / 8]) >> (at % 8) & 1U) << i;
  }
  return tiny_float(dtype.code, pattern);
}

void check_extent(DType dtype, std::size_t size_bytes, std::int64_t count, const char* field) {
  DLCONFORM_EXPECTS(is_known_dtype(dtype), InvalidArgument,
                    detail::field_message("dtype", dtype_name(dtype), "a dtype of DLPack 1.3"));
  const std::int64_t needed = storage_bytes(dtype, count);
  DLCONFORM_EXPECTS(
      static_cast<std::uint64_t>(needed) <= size_bytes, InvalidArgument,
      detail::field_message(
          field, std::to_string(count) + " elements, " + std::to_string(needed) + " bytes",
          std::to_string(size_bytes) + " bytes"));
}

}  // namespace

void decode_element(DType dtype, const void* element, Number* lanes) noexcept {
  for (std::int64_t lane = 0; lane < dtype.lanes; ++lane) {
    lanes[lane] = lane_at(dtype, static_cast<const std::byte*>(element), lane);
  }
}

std::vector<Number> decode_at(DType dtype, const void* raw, std::size_t size_bytes,
                              std::int64_t index) {
  DLCONFORM_EXPECTS(index >= 0 && index < std::numeric_limits<std::int64_t>::max(), InvalidArgument,
                    detail::field_message("index", index, ">= 0"));
  check_extent(dtype, size_bytes, index + 1, "index");
  std::vector<Number> lanes(dtype.lanes);
  for (std::int64_t lane = 0; lane < dtype.lanes; ++lane) {
    lanes[static_cast<std::size_t>(lane)] =
        lane_at(dtype, static_cast<const std::byte*>(raw), index * dtype.lanes + lane);
  }
  return lanes;
}

std::vector<Number> decode_elements(DType dtype, const void* raw, std::size_t size_bytes,
                                    std::int64_t count) {
  check_extent(dtype, size_bytes, count, "count");
  std::vector<Number> numbers(static_cast<std::size_t>(count) * dtype.lanes);
  const auto* bytes = static_cast<const std::byte*>(raw);
  const std::int64_t step = dtype.lane_bits() / 8;
  const bool whole = dtype.lane_bits() % 8 == 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto lane = static_cast<std::int64_t>(i);
    numbers[i] = whole ? whole_byte_lane(dtype, bytes + lane * step) : lane_at(dtype, bytes, lane);
  }
  return numbers;
}

}  // namespace dlpack_impl
