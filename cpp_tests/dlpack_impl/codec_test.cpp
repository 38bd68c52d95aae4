// Encoding and decoding, each alone against patterns that come from the formats' definitions: IEEE
// 754 for binary16 to 64, the OCP 8-bit and microscaling papers for e4m3fn, e5m2, fp6, fp4 and
// e8m0, and the fnuz papers for the rest.
#include <dlpack_impl/consumer.h>
#include <dlpack_impl/error.h>
#include <dlpack_impl/producer.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

namespace dlpack_impl {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

struct Pattern {
  const char* dtype;
  Number value;
  std::vector<unsigned> bytes;  // lowest address first
};

std::vector<Pattern> patterns() {
  using I = std::int64_t;
  using U = std::uint64_t;
  using C = std::complex<double>;
  return {
      {"bool", false, {0}},
      {"bool", true, {1}},
      {"int8", I{-128}, {0x80}},
      {"int8", I{127}, {0x7F}},
      {"int16", I{-2}, {0xFE, 0xFF}},
      {"int32", I{0x01020304}, {4, 3, 2, 1}},
      {"int32", I{-1}, {0xFF, 0xFF, 0xFF, 0xFF}},
      {"int64", std::numeric_limits<I>::min(), {0, 0, 0, 0, 0, 0, 0, 0x80}},
      {"uint8", U{255}, {0xFF}},
      {"uint16", U{0x0102}, {2, 1}},
      {"uint32", U{0xFFFFFFFE}, {0xFE, 0xFF, 0xFF, 0xFF}},
      {"uint64", ~U{0}, {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}},
      {"opaque", U{0x10}, {0x10, 0, 0, 0, 0, 0, 0, 0}},
      {"float16", 1.0, {0x00, 0x3C}},
      {"float16", -2.0, {0x00, 0xC0}},
      {"float16", 65504.0, {0xFF, 0x7B}},
      {"float16", std::ldexp(1.0, -24), {0x01, 0x00}},
      {"float16", std::ldexp(1.0, -14), {0x00, 0x04}},
      {"float16", -kInf, {0x00, 0xFC}},
      {"float32", 1.0, {0, 0, 0x80, 0x3F}},
      {"float32", -0.15625, {0, 0, 0x20, 0xBE}},
      {"float64", 1.0, {0, 0, 0, 0, 0, 0, 0xF0, 0x3F}},
      {"float64", -kInf, {0, 0, 0, 0, 0, 0, 0xF0, 0xFF}},
      {"bfloat16", 1.0, {0x80, 0x3F}},
      {"bfloat16", -3.140625, {0x49, 0xC0}},
      {"bfloat16", std::ldexp(1.0, -133), {0x01, 0x00}},
      {"bfloat16", kInf, {0x80, 0x7F}},
      {"complex32", C(1.0, -2.0), {0x00, 0x3C, 0x00, 0xC0}},
      {"complex64", C(1.0, 2.0), {0, 0, 0x80, 0x3F, 0, 0, 0, 0x40}},
      {"complex128", C(1.0, -1.0), {0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0xF0, 0xBF}},
      {"float8_e3m4", 1.0, {0x30}},
      {"float8_e3m4", 15.5, {0x6F}},
      {"float8_e3m4", 0.015625, {0x01}},
      {"float8_e3m4", 0.25, {0x10}},
      {"float8_e3m4", -kInf, {0xF0}},
      {"float8_e4m3", 1.0, {0x38}},
      {"float8_e4m3", 240.0, {0x77}},
      {"float8_e4m3", kInf, {0x78}},
      {"float8_e4m3", std::ldexp(1.0, -9), {0x01}},
      {"float8_e4m3b11fnuz", 1.0, {0x58}},
      {"float8_e4m3b11fnuz", 30.0, {0x7F}},
      {"float8_e4m3b11fnuz", -30.0, {0xFF}},
      {"float8_e4m3b11fnuz", std::ldexp(1.0, -13), {0x01}},
      {"float8_e4m3fn", 1.0, {0x38}},
      {"float8_e4m3fn", 448.0, {0x7E}},
      {"float8_e4m3fn", -448.0, {0xFE}},
      {"float8_e4m3fn", std::ldexp(1.0, -9), {0x01}},
      {"float8_e4m3fn", std::ldexp(1.0, -6), {0x08}},
      {"float8_e4m3fnuz", 1.0, {0x40}},
      {"float8_e4m3fnuz", 240.0, {0x7F}},
      {"float8_e4m3fnuz", std::ldexp(1.0, -10), {0x01}},
      {"float8_e5m2", 1.0, {0x3C}},
      {"float8_e5m2", 57344.0, {0x7B}},
      {"float8_e5m2", std::ldexp(1.0, -16), {0x01}},
      {"float8_e5m2", -kInf, {0xFC}},
      {"float8_e5m2fnuz", 1.0, {0x40}},
      {"float8_e5m2fnuz", 57344.0, {0x7F}},
      {"float8_e5m2fnuz", std::ldexp(1.0, -17), {0x01}},
      {"float8_e8m0fnu", 1.0, {0x7F}},
      {"float8_e8m0fnu", std::ldexp(1.0, -127), {0x00}},
      {"float8_e8m0fnu", std::ldexp(1.0, 127), {0xFE}},
      {"float6_e2m3fn", 1.0, {0x08}},
      {"float6_e2m3fn", 7.5, {0x1F}},
      {"float6_e2m3fn", 0.125, {0x01}},
      {"float6_e2m3fn", -7.5, {0x3F}},
      {"float6_e3m2fn", 1.0, {0x0C}},
      {"float6_e3m2fn", 28.0, {0x1F}},
      {"float6_e3m2fn", 0.0625, {0x01}},
      {"float6_e3m2fn", -28.0, {0x3F}},
      {"float4_e2m1fn", 0.5, {0x01}},
      {"float4_e2m1fn", 1.0, {0x02}},
      {"float4_e2m1fn", 1.5, {0x03}},
      {"float4_e2m1fn", 2.0, {0x04}},
      {"float4_e2m1fn", 3.0, {0x05}},
      {"float4_e2m1fn", 4.0, {0x06}},
      {"float4_e2m1fn", 6.0, {0x07}},
      {"float4_e2m1fn", -6.0, {0x0F}},
      {"float4_e2m1fn-padded", -1.5, {0x0B}},
      {"float6_e3m2fn-padded", -28.0, {0x3F}},
  };
}

std::vector<std::byte> as_bytes(const std::vector<unsigned>& numbers) {
  std::vector<std::byte> bytes;
  for (const unsigned number : numbers) bytes.push_back(static_cast<std::byte>(number));
  return bytes;
}

TEST(Codec, EncodingGivesTheDefinedPattern) {
  RecordProperty("requirement", "T-17 T-18 T-33");
  for (const Pattern& row : patterns()) {
    const DType dtype = dtype_from_name(row.dtype);
    std::vector<std::byte> element(static_cast<std::size_t>(dtype.element_bytes()),
                                   std::byte{0xAA});
    encode_element(dtype, &row.value, element.data());
    EXPECT_EQ(element, as_bytes(row.bytes)) << row.dtype;
    EXPECT_EQ(encode_elements(dtype, {row.value}), as_bytes(row.bytes)) << row.dtype;
  }
}

TEST(Codec, DecodingGivesTheDefinedValue) {
  RecordProperty("requirement", "T-17 T-18 T-33");
  for (const Pattern& row : patterns()) {
    const DType dtype = dtype_from_name(row.dtype);
    const std::vector<std::byte> bytes = as_bytes(row.bytes);
    Number decoded;
    decode_element(dtype, bytes.data(), &decoded);
    EXPECT_EQ(decoded, row.value) << row.dtype;
  }
}

TEST(Codec, EveryKnownDtypeHasAPattern) {
  for (const NamedDType& row : all_dtypes()) {
    bool found = false;
    for (const Pattern& pattern : patterns()) found = found || row.name == pattern.dtype;
    // Padded forms of one type differ from the packed only in where lanes begin.
    EXPECT_TRUE(found || row.name == "float6_e2m3fn-padded") << row.name;
  }
}

// Formats by counts that their papers state: how many patterns are NaN and infinite, and the
// largest value.
struct Count {
  const char* dtype;
  int patterns, nans, infinities;
  double largest, smallest;
};

constexpr Count kCounts[] = {
    {"float8_e3m4", 256, 30, 2, 15.5, 0x1p-6},
    {"float8_e4m3", 256, 14, 2, 240, 0x1p-9},
    {"float8_e4m3b11fnuz", 256, 1, 0, 30, 0x1p-13},
    {"float8_e4m3fn", 256, 2, 0, 448, 0x1p-9},
    {"float8_e4m3fnuz", 256, 1, 0, 240, 0x1p-10},
    {"float8_e5m2", 256, 6, 2, 57344, 0x1p-16},
    {"float8_e5m2fnuz", 256, 1, 0, 57344, 0x1p-17},
    {"float8_e8m0fnu", 256, 1, 0, 0x1p127, 0x1p-127},
    {"float6_e2m3fn", 64, 0, 0, 7.5, 0.125},
    {"float6_e3m2fn", 64, 0, 0, 28, 0.0625},
    {"float4_e2m1fn", 16, 0, 0, 6, 0.5},
};

TEST(Codec, AllPatternsOfSmallTypesDecodeAndEncodeBack) {
  for (const Count& row : kCounts) {
    const DType dtype = dtype_from_name(row.dtype);
    int nans = 0;
    int infinities = 0;
    double largest = 0;
    double smallest = kInf;
    for (int i = 0; i < row.patterns; ++i) {
      const auto pattern = static_cast<std::byte>(i);
      Number decoded;
      decode_element(dtype, &pattern, &decoded);
      const double value = std::get<double>(decoded);
      nans += std::isnan(value) ? 1 : 0;
      infinities += std::isinf(value) ? 1 : 0;
      if (std::isfinite(value)) largest = std::max(largest, std::fabs(value));
      if (value > 0) smallest = std::min(smallest, value);
      if (std::isnan(value)) continue;
      std::byte again{};
      encode_element(dtype, &decoded, &again);
      EXPECT_EQ(again, pattern) << row.dtype << " pattern " << i;
    }
    EXPECT_EQ(nans, row.nans) << row.dtype;
    EXPECT_EQ(infinities, row.infinities) << row.dtype;
    EXPECT_EQ(largest, row.largest) << row.dtype;
    EXPECT_EQ(smallest, row.smallest) << row.dtype;
  }
}

TEST(Codec, AllPatternsOfSixteenBitTypesDecodeAndEncodeBack) {
  for (const char* name : {"float16", "bfloat16"}) {
    const DType dtype = dtype_from_name(name);
    for (unsigned i = 0; i < 65536; ++i) {
      const auto pattern = static_cast<std::uint16_t>(i);
      Number decoded;
      decode_element(dtype, &pattern, &decoded);
      if (std::isnan(std::get<double>(decoded))) continue;
      std::uint16_t again = 0;
      encode_element(dtype, &decoded, &again);
      ASSERT_EQ(again, pattern) << name;
    }
  }
}

TEST(Codec, RoundsToNearestTiesToEven) {
  const auto code = [](const char* name, double value) {
    return std::to_integer<int>(encode_elements(dtype_from_name(name), {value})[0]);
  };
  EXPECT_EQ(code("float4_e2m1fn", 0.25), 0x00);  // between 0 and 0.5
  EXPECT_EQ(code("float4_e2m1fn", 0.75), 0x02);  // between 0.5 and 1
  EXPECT_EQ(code("float4_e2m1fn", 2.5), 0x04);   // between 2 and 3
  EXPECT_EQ(code("float4_e2m1fn", 5.0), 0x06);   // between 4 and 6
  EXPECT_EQ(code("float4_e2m1fn", 5.1), 0x07);
  EXPECT_EQ(code("float8_e4m3fn", 1.0625), 0x38);
  EXPECT_EQ(code("float8_e4m3fn", 1.1875), 0x3A);
  EXPECT_EQ(code("float8_e4m3fn", 1.97), 0x40);  // carries into the exponent
  EXPECT_EQ(code("float8_e8m0fnu", 1.5), 0x80);
  EXPECT_EQ(code("float8_e8m0fnu", 3.0), 0x80);
}

TEST(Codec, PackedElementsStartAtBitIndexTimesBits) {
  RecordProperty("requirement", "T-20");
  const auto four = encode_elements(dtype_from_name("float4_e2m1fn"), {0.5, 1.0, 1.5});
  EXPECT_EQ(four, as_bytes({0x21, 0x03}));
  // 6-bit codes 0x01, 0x3F, 0x08, 0x1F: bits 0-5, 6-11, 12-17, 18-23
  const auto six = encode_elements(dtype_from_name("float6_e2m3fn"), {0.125, -7.5, 1.0, 7.5});
  EXPECT_EQ(six, as_bytes({0xC1, 0x8F, 0x7C}));
  const auto pairs = encode_elements(dtype_from_name("float4_e2m1fnx2"), {0.5, 1.0, 1.5, 2.0});
  EXPECT_EQ(pairs, as_bytes({0x21, 0x43}));
  const auto padded = encode_elements(dtype_from_name("float4_e2m1fnx2-padded"), {0.5, 1.0});
  EXPECT_EQ(padded, as_bytes({0x01, 0x02}));
}

TEST(Codec, PackedElementsAreDecodedByIndex) {
  RecordProperty("requirement", "T-20");
  const auto six = as_bytes({0xC1, 0x8F, 0x7C});
  const DType dtype = dtype_from_name("float6_e2m3fn");
  const double expected[] = {0.125, -7.5, 1.0, 7.5};
  for (std::int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(std::get<double>(decode_at(dtype, six.data(), six.size(), i)[0]), expected[i]);
  }
  EXPECT_THROW(decode_at(dtype, six.data(), six.size(), 4), InvalidArgument);
  EXPECT_THROW(decode_at(dtype, six.data(), six.size(), -1), InvalidArgument);
  EXPECT_EQ(decode_elements(dtype, six.data(), six.size(), 4).size(), 4U);
}

TEST(Codec, LanesAreSideBySide) {
  RecordProperty("requirement", "T-16");
  const DType dtype = dtype_from_name("int16x3");
  const auto bytes = encode_elements(dtype, {std::int64_t{1}, std::int64_t{2}, std::int64_t{3},
                                             std::int64_t{4}, std::int64_t{5}, std::int64_t{6}});
  EXPECT_EQ(bytes, as_bytes({1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0}));
  const std::vector<Number> second = decode_at(dtype, bytes.data(), bytes.size(), 1);
  EXPECT_EQ(second, (std::vector<Number>{std::int64_t{4}, std::int64_t{5}, std::int64_t{6}}));
  EXPECT_THROW(encode_elements(dtype, {std::int64_t{1}}), InvalidArgument);
}

TEST(Codec, PaddingBitsOfAPaddedLaneSayNothing) {
  RecordProperty("requirement", "C-48");
  const auto noisy = std::byte{0xF3};
  Number decoded;
  decode_element(dtype_from_name("float4_e2m1fn-padded"), &noisy, &decoded);
  EXPECT_EQ(std::get<double>(decoded), 1.5);
}

TEST(Codec, NanIsTheTypesOwnOrRefused) {
  const double nan = std::nan("");
  for (const char* name : {"float16", "float32", "float64", "bfloat16", "float8_e3m4",
                           "float8_e4m3", "float8_e4m3b11fnuz", "float8_e4m3fn", "float8_e4m3fnuz",
                           "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu"}) {
    const DType dtype = dtype_from_name(name);
    const auto bytes = encode_elements(dtype, {nan});
    EXPECT_TRUE(std::isnan(std::get<double>(decode_at(dtype, bytes.data(), bytes.size(), 0)[0])))
        << name;
  }
  for (const char* name : {"float6_e2m3fn", "float6_e3m2fn", "float4_e2m1fn", "int32"}) {
    EXPECT_THROW(encode_elements(dtype_from_name(name), {nan}), InvalidArgument) << name;
  }
}

struct Refusal {
  const char* dtype;
  Number value;
};

TEST(Codec, ValuesOutOfRangeAreRefusedWithTheLimit) {
  const Refusal refusals[] = {
      {"int8", std::int64_t{128}},
      {"int8", std::int64_t{-129}},
      {"uint8", std::int64_t{-1}},
      {"uint64", std::int64_t{-1}},
      {"int64", ~std::uint64_t{0}},
      {"int32", 1.5},
      {"int64", 1e19},
      {"float16", 65520.0},
      {"float32", 1e39},
      {"float8_e4m3fn", 480.0},
      {"float8_e4m3fn", kInf},
      {"float8_e4m3fnuz", kInf},
      {"float4_e2m1fn", 8.0},
      {"float8_e8m0fnu", 0.0},
      {"float8_e8m0fnu", -1.0},
      {"float8_e8m0fnu", 0x1p128},
      {"bfloat16", 3.4e38},
      {"float6_e3m2fn", kInf},
  };
  for (const Refusal& row : refusals) {
    try {
      encode_elements(dtype_from_name(row.dtype), {row.value});
      ADD_FAILURE() << row.dtype << " took a value out of its range";
    } catch (const InvalidArgument& error) {
      EXPECT_NE(std::string(error.what()).find(row.dtype), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find("limit: "), std::string::npos) << error.what();
    }
  }
}

TEST(Codec, KindsOfNumberThatDoNotFitAreATypeMismatch) {
  EXPECT_THROW(encode_elements(dtype_from_name("float32"), {std::complex<double>(1, 0)}),
               TypeMismatch);
  EXPECT_THROW(encode_elements(dtype_from_name("int8"), {std::complex<double>(1, 0)}),
               TypeMismatch);
  EXPECT_THROW(encode_elements(dtype_from_name("bool"), {std::int64_t{2}}), TypeMismatch);
}

TEST(Codec, WholeNumbersOfAnyKindAreTaken) {
  EXPECT_EQ(encode_elements(dtype_from_name("int8"), {2.0, true, std::uint64_t{3}}),
            as_bytes({2, 1, 3}));
  EXPECT_EQ(encode_elements(dtype_from_name("bool"), {std::int64_t{1}, 0.0}), as_bytes({1, 0}));
  EXPECT_EQ(encode_elements(dtype_from_name("complex64"), {1.0}),
            as_bytes({0, 0, 0x80, 0x3F, 0, 0, 0, 0}));
}

TEST(Codec, NegativeZeroBecomesZeroWhereTheTypeHasNone) {
  EXPECT_EQ(encode_elements(dtype_from_name("float8_e4m3fnuz"), {-0.0}), as_bytes({0x00}));
  EXPECT_EQ(encode_elements(dtype_from_name("float8_e4m3fn"), {-0.0}), as_bytes({0x80}));
}

}  // namespace
}  // namespace dlpack_impl
