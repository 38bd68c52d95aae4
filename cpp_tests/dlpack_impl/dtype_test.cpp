#include <dlpack_impl/dtype.h>
#include <dlpack_impl/error.h>
#include <gtest/gtest.h>

#include <cctype>
#include <ostream>
#include <set>
#include <string>

namespace dlpack_impl {
namespace {

struct Expected {
  const char* name;
  int code, bits, lanes;
  bool padded;
  std::int64_t element_bits;

  friend void PrintTo(const Expected& row, std::ostream* out) { *out << row.name; }
};

// Codes and bits from the table of releases 1.0 to 1.3, by number.
constexpr Expected kExpected[] = {
    {"bool", 6, 8, 1, false, 8},
    {"int8", 0, 8, 1, false, 8},
    {"int16", 0, 16, 1, false, 16},
    {"int32", 0, 32, 1, false, 32},
    {"int64", 0, 64, 1, false, 64},
    {"uint8", 1, 8, 1, false, 8},
    {"uint16", 1, 16, 1, false, 16},
    {"uint32", 1, 32, 1, false, 32},
    {"uint64", 1, 64, 1, false, 64},
    {"float16", 2, 16, 1, false, 16},
    {"float32", 2, 32, 1, false, 32},
    {"float64", 2, 64, 1, false, 64},
    {"bfloat16", 4, 16, 1, false, 16},
    {"complex32", 5, 32, 1, false, 32},
    {"complex64", 5, 64, 1, false, 64},
    {"complex128", 5, 128, 1, false, 128},
    {"float8_e3m4", 7, 8, 1, false, 8},
    {"float8_e4m3", 8, 8, 1, false, 8},
    {"float8_e4m3b11fnuz", 9, 8, 1, false, 8},
    {"float8_e4m3fn", 10, 8, 1, false, 8},
    {"float8_e4m3fnuz", 11, 8, 1, false, 8},
    {"float8_e5m2", 12, 8, 1, false, 8},
    {"float8_e5m2fnuz", 13, 8, 1, false, 8},
    {"float8_e8m0fnu", 14, 8, 1, false, 8},
    {"float6_e2m3fn", 15, 6, 1, false, 6},
    {"float6_e3m2fn", 16, 6, 1, false, 6},
    {"float4_e2m1fn", 17, 4, 1, false, 4},
    {"float6_e2m3fn-padded", 15, 6, 1, true, 8},
    {"float6_e3m2fn-padded", 16, 6, 1, true, 8},
    {"float4_e2m1fn-padded", 17, 4, 1, true, 8},
    {"opaque", 3, 64, 1, false, 64},
    {"float32x4", 2, 32, 4, false, 128},
    {"uint8x3", 1, 8, 3, false, 24},
    {"complex64x2", 5, 64, 2, false, 128},
    {"float4_e2m1fnx2", 17, 4, 2, false, 8},
    {"float4_e2m1fnx3", 17, 4, 3, false, 12},
    {"float4_e2m1fnx2-padded", 17, 4, 2, true, 16},
};

class NamedDTypes : public testing::TestWithParam<Expected> {};

TEST_P(NamedDTypes, NameAndNumbersAgreeBothWays) {
  RecordProperty("requirement", "H-11 T-15");
  const Expected& row = GetParam();
  const std::optional<DType> dtype = find_dtype(row.name);

  ASSERT_TRUE(dtype.has_value());
  EXPECT_EQ(dtype->code, row.code);
  EXPECT_EQ(dtype->bits, row.bits);
  EXPECT_EQ(dtype->lanes, row.lanes);
  EXPECT_EQ(dtype->padded, row.padded);
  EXPECT_EQ(dtype->element_bits(), row.element_bits);
  EXPECT_EQ(dtype_name(*dtype), row.name);
  EXPECT_TRUE(is_known_dtype(*dtype));
}

std::string test_name(const testing::TestParamInfo<Expected>& info) {
  std::string name;
  for (const char c : std::string(info.param.name)) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, NamedDTypes, testing::ValuesIn(kExpected), test_name);

TEST(DType, TableHasEveryOneLaneTypeOnce) {
  std::set<std::string> names;
  for (const NamedDType& row : all_dtypes()) names.emplace(row.name);
  std::set<std::string> expected;
  for (const Expected& row : kExpected) {
    if (row.lanes == 1) expected.emplace(row.name);
  }

  EXPECT_EQ(names, expected);
  EXPECT_EQ(all_dtypes().size(), expected.size());
}

TEST(DType, UnknownNamesAreNotFound) {
  for (const char* name : {"", "x4", "float", "float32x", "float32x0", "float32x1", "float32x04",
                           "float32x65536", "float32x-4", "float32-padded", "float32x4x2",
                           "float4_e2m1fn-paddedx2", "Float32", "int4"}) {
    EXPECT_FALSE(find_dtype(name).has_value()) << name;
  }
  EXPECT_THROW(dtype_from_name("int4"), InvalidArgument);
}

TEST(DType, WhatDlpackDoesNotListIsUnknownAndStillHasAName) {
  const DType unlisted[] = {{200, 8, 1, false}, {0, 4, 1, false},  {6, 1, 1, false},
                            {2, 128, 1, false}, {17, 8, 1, false}, {15, 4, 1, false},
                            {2, 32, 0, false},  {2, 32, 1, true},  {3, 32, 1, false},
                            {10, 4, 1, false},  {18, 8, 1, false}};
  for (const DType dtype : unlisted) {
    EXPECT_FALSE(is_known_dtype(dtype)) << dtype_name(dtype);
    EXPECT_FALSE(find_dtype(dtype_name(dtype)).has_value()) << dtype_name(dtype);
  }
  EXPECT_EQ(dtype_name({200, 8, 1, false}), "code200-bits8-lanes1");
}

TEST(DType, StorageRoundsUpOnce) {
  RecordProperty("requirement", "T-22");
  EXPECT_EQ(storage_bytes(dtype_from_name("float4_e2m1fn"), 3), 2);
  EXPECT_EQ(storage_bytes(dtype_from_name("float6_e3m2fn"), 4), 3);
  EXPECT_EQ(storage_bytes(dtype_from_name("float6_e3m2fn-padded"), 4), 4);
  EXPECT_EQ(storage_bytes(dtype_from_name("float32x4"), 3), 48);
  EXPECT_EQ(storage_bytes(dtype_from_name("float64"), 0), 0);
}

TEST(DType, StorageHasALimit) {
  EXPECT_THROW(storage_bytes(dtype_from_name("float64"), (std::int64_t{1} << 62) / 8 + 1),
               InvalidArgument);
  EXPECT_THROW(storage_bytes(dtype_from_name("int8"), -1), InvalidArgument);
}

}  // namespace
}  // namespace dlpack_impl
