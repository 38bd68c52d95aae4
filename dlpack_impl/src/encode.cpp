// The producer's encoding: numbers to bytes. The consumer's decoding is written apart, from its own
// table.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "dlpack_impl/error.h"
#include "dlpack_impl/producer.h"

namespace dlpack_impl {
namespace {

constexpr std::uint32_t kNone = 0xFFFFFFFF;

// A binary floating format of at most 16 bits. Codes are without the sign bit, which is the highest
// of `bits`.
struct SmallFloat {
  std::uint8_t code;
  std::uint8_t bits;
  int mantissa_bits;
  int bias;
  std::uint32_t largest;   // code of the largest finite value
  std::uint32_t infinity;  // kNone where the format has none
  std::uint32_t nan;       // kNone where the format has none
  bool negative_zero;
};

constexpr SmallFloat kSmallFloats[] = {
    {kDLFloat, 16, 10, 15, 0x7BFF, 0x7C00, 0x7E00, true},
    {kDLBfloat, 16, 7, 127, 0x7F7F, 0x7F80, 0x7FC0, true},
    {kDLFloat8_e3m4, 8, 4, 3, 0x6F, 0x70, 0x78, true},
    {kDLFloat8_e4m3, 8, 3, 7, 0x77, 0x78, 0x7C, true},
    {kDLFloat8_e4m3b11fnuz, 8, 3, 11, 0x7F, kNone, 0x80, false},
    {kDLFloat8_e4m3fn, 8, 3, 7, 0x7E, kNone, 0x7F, true},
    {kDLFloat8_e4m3fnuz, 8, 3, 8, 0x7F, kNone, 0x80, false},
    {kDLFloat8_e5m2, 8, 2, 15, 0x7B, 0x7C, 0x7E, true},
    {kDLFloat8_e5m2fnuz, 8, 2, 16, 0x7F, kNone, 0x80, false},
    {kDLFloat6_e2m3fn, 6, 3, 1, 0x1F, kNone, kNone, true},
    {kDLFloat6_e3m2fn, 6, 2, 3, 0x1F, kNone, kNone, true},
    {kDLFloat4_e2m1fn, 4, 1, 1, 0x07, kNone, kNone, true},
};

[[noreturn]] void out_of_range(DType dtype, const std::string& value, const std::string& limit) {
  throw InvalidArgument(detail::field_message("value of " + dtype_name(dtype), value, limit));
}

// Shortest text that tells the value apart, for messages.
std::string number_text(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

struct Real {
  double operator()(bool v) const { return v ? 1.0 : 0.0; }
  double operator()(std::int64_t v) const { return static_cast<double>(v); }
  double operator()(std::uint64_t v) const { return static_cast<double>(v); }
  double operator()(double v) const { return v; }
  double operator()(const std::complex<double>&) const {
    throw TypeMismatch(detail::field_message("value", "a complex number", "a real number"));
  }
};

// A whole number as sign and magnitude, wide enough for both 64-bit types.
struct Whole {
  bool negative = false;
  std::uint64_t magnitude = 0;
};

Whole whole_number(DType dtype, const Number& value) {
  if (const auto* b = std::get_if<bool>(&value)) return {false, *b ? 1U : 0U};
  if (const auto* u = std::get_if<std::uint64_t>(&value)) return {false, *u};
  if (const auto* i = std::get_if<std::int64_t>(&value)) {
    const auto bits = static_cast<std::uint64_t>(*i);
    return {*i < 0, *i < 0 ? 0 - bits : bits};
  }
  const double real = std::visit(Real{}, value);
  if (!(real > -9.3e18 && real < 1.8446744073709552e19) || real != std::trunc(real)) {
    out_of_range(dtype, number_text(real), "a whole number of 64 bits");
  }
  return {real < 0, static_cast<std::uint64_t>(std::fabs(real))};
}

std::uint64_t integer_code(DType dtype, const Number& value) {
  const Whole whole = whole_number(dtype, value);
  const bool has_sign = dtype.code == kDLInt;
  const std::uint64_t all =
      dtype.bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << dtype.bits) - 1;
  const std::uint64_t highest = has_sign ? all >> 1U : all;
  const std::uint64_t lowest = has_sign ? highest + 1 : 0;
  const bool negative = whole.negative && whole.magnitude != 0;
  if (whole.magnitude > (negative ? lowest : highest)) {
    out_of_range(dtype, (negative ? "-" : "") + std::to_string(whole.magnitude),
                 (has_sign ? "-" : "") + std::to_string(lowest) + " to " + std::to_string(highest));
  }
  return (negative ? 0 - whole.magnitude : whole.magnitude) & all;
}

double small_float_value(const SmallFloat& format, std::uint32_t code) {
  const std::uint32_t hidden = 1U << static_cast<unsigned>(format.mantissa_bits);
  return std::ldexp(hidden + code % hidden,
                    static_cast<int>(code / hidden) - format.bias - format.mantissa_bits);
}

std::uint32_t small_float_code(DType dtype, const SmallFloat& format, double value) {
  const std::uint32_t sign = 1U << (format.bits - 1U);
  if (std::isnan(value)) {
    if (format.nan == kNone) out_of_range(dtype, "nan", "a number; the type has no nan");
    return format.nan;
  }
  const bool negative = std::signbit(value);
  if (std::isinf(value)) {
    if (format.infinity == kNone) {
      out_of_range(dtype, "inf", "a finite number; the type has no inf");
    }
    return format.infinity | (negative ? sign : 0U);
  }
  const double magnitude = std::fabs(value);
  // Exponent of the value's leading bit, not below that of the smallest normal number: there the
  // steps are as wide as in the lowest binade, which is what a subnormal number is.
  const int lowest = 1 - format.bias;
  const int exponent = magnitude == 0 ? lowest : std::max(std::ilogb(magnitude), lowest);
  const double steps = std::nearbyint(std::ldexp(magnitude, format.mantissa_bits - exponent));
  // The leading bit of a normal number adds 1 to the exponent field, and rounding up to the next
  // power of two carries into it: both are plain addition.
  const double code = std::ldexp(exponent - lowest, format.mantissa_bits) + steps;
  if (code > format.largest) {
    out_of_range(dtype, number_text(value),
                 "magnitude " + number_text(small_float_value(format, format.largest)));
  }
  const auto whole = static_cast<std::uint32_t>(code);
  return whole == 0 && !format.negative_zero ? 0U : whole | (negative ? sign : 0U);
}

// e8m0fnu: a power of two with bias 127 and nothing else.
std::uint32_t power_code(DType dtype, double value) {
  if (std::isnan(value)) return 0xFF;
  if (!(value > 0) || std::isinf(value)) {
    out_of_range(dtype, number_text(value), "2^-127 to 2^127; the type has no zero and no sign");
  }
  const int exponent = std::ilogb(value);
  // A tie lies at 1.5 times a power; codes are even and odd in turn, and the even one is taken.
  const double fraction = std::ldexp(value, -exponent);
  const bool odd = (exponent + 127) % 2 != 0;
  const int code = exponent + 127 + (fraction > 1.5 || (fraction == 1.5 && odd) ? 1 : 0);
  if (code < 0 || code > 254) out_of_range(dtype, number_text(value), "2^-127 to 2^127");
  return static_cast<std::uint32_t>(code);
}

std::uint64_t real_code(DType dtype, unsigned bits, double value) {
  if (bits == 64) {
    std::uint64_t code = 0;
    std::memcpy(&code, &value, sizeof code);
    return code;
  }
  if (bits == 32) {
    // Beyond this double, half a step above the largest float, rounding would give infinity.
    if (std::isfinite(value) && std::fabs(value) >= 0x1.ffffffp+127) {
      out_of_range(dtype, number_text(value),
                   "magnitude " + number_text(std::numeric_limits<float>::max()));
    }
    const auto single = static_cast<float>(value);
    std::uint32_t code = 0;
    std::memcpy(&code, &single, sizeof code);
    return code;
  }
  return small_float_code(dtype, kSmallFloats[0], value);  // float16, alone or as half of complex32
}

// One lane that fits in 64 bits.
std::uint64_t lane_code(DType dtype, const Number& value) {
  switch (dtype.code) {
    case kDLBool: {
      const Whole whole = whole_number(dtype, value);
      DLCONFORM_EXPECTS(whole.magnitude == 0 || (whole.magnitude == 1 && !whole.negative),
                        TypeMismatch,
                        detail::field_message("value of bool", whole.magnitude, "False or True"));
      return whole.magnitude;
    }
    case kDLInt:
    case kDLUInt:
    case kDLOpaqueHandle:
      return integer_code(dtype, value);
    case kDLFloat:
      return real_code(dtype, dtype.bits, std::visit(Real{}, value));
    case kDLFloat8_e8m0fnu:
      return power_code(dtype, std::visit(Real{}, value));
    default:
      break;
  }
  for (const SmallFloat& format : kSmallFloats) {
    if (format.code == dtype.code) {
      return small_float_code(dtype, format, std::visit(Real{}, value));
    }
  }
  throw InvalidArgument(detail::field_message("dtype", dtype_name(dtype), "a dtype of DLPack 1.3"));
}

std::complex<double> complex_number(const Number& value) {
  if (const auto* c = std::get_if<std::complex<double>>(&value)) return *c;
  return {std::visit(Real{}, value), 0.0};
}

void store(std::uint64_t code, unsigned bytes, std::byte* out) {
  switch (bytes) {
    case 1: {
      out[0] = static_cast<std::byte>(code);
      return;
    }
    case 2: {
      const auto value = static_cast<std::uint16_t>(code);
      std::memcpy(out, &value, sizeof value);
      return;
    }
    case 4: {
      const auto value = static_cast<std::uint32_t>(code);
      std::memcpy(out, &value, sizeof value);
      return;
    }
    default:
      std::memcpy(out, &code, sizeof code);
  }
}

// Puts the low `count` bits at bit `at` of zeroed bytes; element i of packed data starts at bit i *
// bits (T-20).
void put_bits(std::uint64_t code, unsigned count, std::size_t at, std::byte* out) {
  for (unsigned i = 0; i < count; ++i, ++at) {
    if ((code >> i & 1U) != 0) out[at / 8] |= std::byte{1} << static_cast<unsigned>(at % 8);
  }
}

void encode_lane(DType dtype, const Number& value, std::byte* out) {
  if (dtype.code == kDLComplex) {
    const std::complex<double> number = complex_number(value);
    const unsigned part = dtype.bits / 16U;  // bytes of the real part, which comes first (T-33)
    store(real_code(dtype, part * 8, number.real()), part, out);
    store(real_code(dtype, part * 8, number.imag()), part, out + part);
    return;
  }
  store(lane_code(dtype, value), dtype.bits <= 8 ? 1 : dtype.bits / 8U, out);
}

void check_known(DType dtype) {
  DLCONFORM_EXPECTS(is_known_dtype(dtype), InvalidArgument,
                    detail::field_message("dtype", dtype_name(dtype), "a dtype of DLPack 1.3"));
}

bool lanes_at_bytes(DType dtype) { return dtype.lane_bits() % 8 == 0; }

}  // namespace

void encode_element(DType dtype, const Number* lanes, void* out) {
  check_known(dtype);
  auto* bytes = static_cast<std::byte*>(out);
  if (!lanes_at_bytes(dtype)) {
    std::memset(bytes, 0, static_cast<std::size_t>(dtype.element_bytes()));
  }
  for (std::size_t lane = 0; lane < dtype.lanes; ++lane) {
    if (lanes_at_bytes(dtype)) {
      encode_lane(dtype, lanes[lane],
                  bytes + lane * static_cast<std::size_t>(dtype.lane_bits() / 8));
    } else {
      put_bits(lane_code(dtype, lanes[lane]), dtype.bits, lane * dtype.bits, bytes);
    }
  }
}

std::vector<std::byte> encode_elements(DType dtype, const std::vector<Number>& values) {
  check_known(dtype);
  DLCONFORM_EXPECTS(values.size() % dtype.lanes == 0, InvalidArgument,
                    detail::field_message("values", values.size(),
                                          "a multiple of " + std::to_string(dtype.lanes) +
                                              ", the lanes of an element"));
  const auto count = static_cast<std::int64_t>(values.size() / dtype.lanes);
  std::vector<std::byte> bytes(static_cast<std::size_t>(storage_bytes(dtype, count)));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (lanes_at_bytes(dtype)) {
      encode_lane(dtype, values[i],
                  bytes.data() + i * static_cast<std::size_t>(dtype.lane_bits() / 8));
    } else {
      put_bits(lane_code(dtype, values[i]), dtype.bits, i * dtype.bits, bytes.data());
    }
  }
  return bytes;
}

}  // namespace dlpack_impl
