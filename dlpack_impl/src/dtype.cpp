#include "dlpack_impl/dtype.h"

#include <charconv>

#include "dlpack_impl/dlpack.h"
#include "dlpack_impl/error.h"

namespace dlpack_impl {
namespace {

constexpr std::string_view kPaddedSuffix = "-padded";

std::vector<NamedDType> make_table() {
  return {
      {"bool", {kDLBool, 8, 1, false}},
      {"int8", {kDLInt, 8, 1, false}},
      {"int16", {kDLInt, 16, 1, false}},
      {"int32", {kDLInt, 32, 1, false}},
      {"int64", {kDLInt, 64, 1, false}},
      {"uint8", {kDLUInt, 8, 1, false}},
      {"uint16", {kDLUInt, 16, 1, false}},
      {"uint32", {kDLUInt, 32, 1, false}},
      {"uint64", {kDLUInt, 64, 1, false}},
      {"float16", {kDLFloat, 16, 1, false}},
      {"float32", {kDLFloat, 32, 1, false}},
      {"float64", {kDLFloat, 64, 1, false}},
      {"bfloat16", {kDLBfloat, 16, 1, false}},
      {"complex32", {kDLComplex, 32, 1, false}},
      {"complex64", {kDLComplex, 64, 1, false}},
      {"complex128", {kDLComplex, 128, 1, false}},
      {"float8_e3m4", {kDLFloat8_e3m4, 8, 1, false}},
      {"float8_e4m3", {kDLFloat8_e4m3, 8, 1, false}},
      {"float8_e4m3b11fnuz", {kDLFloat8_e4m3b11fnuz, 8, 1, false}},
      {"float8_e4m3fn", {kDLFloat8_e4m3fn, 8, 1, false}},
      {"float8_e4m3fnuz", {kDLFloat8_e4m3fnuz, 8, 1, false}},
      {"float8_e5m2", {kDLFloat8_e5m2, 8, 1, false}},
      {"float8_e5m2fnuz", {kDLFloat8_e5m2fnuz, 8, 1, false}},
      {"float8_e8m0fnu", {kDLFloat8_e8m0fnu, 8, 1, false}},
      {"float6_e2m3fn", {kDLFloat6_e2m3fn, 6, 1, false}},
      {"float6_e3m2fn", {kDLFloat6_e3m2fn, 6, 1, false}},
      {"float4_e2m1fn", {kDLFloat4_e2m1fn, 4, 1, false}},
      {"float6_e2m3fn-padded", {kDLFloat6_e2m3fn, 6, 1, true}},
      {"float6_e3m2fn-padded", {kDLFloat6_e3m2fn, 6, 1, true}},
      {"float4_e2m1fn-padded", {kDLFloat4_e2m1fn, 4, 1, true}},
      {"opaque", {kDLOpaqueHandle, 64, 1, false}},
  };
}

std::optional<DType> find_one_lane(std::string_view name) {
  for (const NamedDType& row : all_dtypes()) {
    if (row.name == name) return row.dtype;
  }
  return std::nullopt;
}

std::string_view one_lane_name(DType dtype) {
  dtype.lanes = 1;
  for (const NamedDType& row : all_dtypes()) {
    if (row.dtype == dtype) return row.name;
  }
  return {};
}

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (text.size() < suffix.size() || text.substr(text.size() - suffix.size()) != suffix) {
    return false;
  }
  text.remove_suffix(suffix.size());
  return true;
}

}  // namespace

const std::vector<NamedDType>& all_dtypes() {
  static const std::vector<NamedDType> table = make_table();
  return table;
}

std::optional<DType> find_dtype(std::string_view name) {
  if (auto whole = find_one_lane(name)) return whole;
  std::string_view rest = name;
  const bool padded = take_suffix(rest, kPaddedSuffix);
  const std::size_t mark = rest.rfind('x');
  if (mark == std::string_view::npos || mark + 1 == rest.size()) return std::nullopt;
  const std::string_view digits = rest.substr(mark + 1);
  unsigned lanes = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), lanes);
  if (failure != std::errc() || end != digits.data() + digits.size() || digits.front() == '0' ||
      lanes < 2 || lanes > 65535) {
    return std::nullopt;
  }
  std::string base(rest.substr(0, mark));
  if (padded) base.append(kPaddedSuffix);
  std::optional<DType> dtype = find_one_lane(base);
  if (!dtype || dtype->padded != padded) return std::nullopt;  // `-padded` comes after the lanes
  dtype->lanes = static_cast<std::uint16_t>(lanes);
  return dtype;
}

DType dtype_from_name(std::string_view name) {
  const std::optional<DType> dtype = find_dtype(name);
  DLCONFORM_EXPECTS(dtype.has_value(), InvalidArgument,
                    detail::field_message("dtype", name,
                                          "a name of DLPack 1.3 such as float32, float32x4 or "
                                          "float4_e2m1fn-padded"));
  return *dtype;
}

std::string dtype_name(DType dtype) {
  std::string_view base = one_lane_name(dtype);
  if (base.empty() || dtype.lanes == 0) {
    return "code" + std::to_string(dtype.code) + "-bits" + std::to_string(dtype.bits) + "-lanes" +
           std::to_string(dtype.lanes) + (dtype.padded ? "-padded" : "");
  }
  if (dtype.lanes == 1) return std::string(base);
  const bool padded = take_suffix(base, kPaddedSuffix);
  std::string name(base);
  name.append("x").append(std::to_string(dtype.lanes));
  if (padded) name.append(kPaddedSuffix);
  return name;
}

std::int64_t storage_bytes(DType dtype, std::int64_t count) {
  constexpr std::int64_t kLimit = std::int64_t{1} << 62;
  DLCONFORM_EXPECTS(count >= 0, InvalidArgument,
                    detail::field_message("element count", count, ">= 0"));
  const std::int64_t bits = dtype.element_bits();
  if (count == 0 || bits == 0) return 0;
  if (bits % 8 == 0) {
    DLCONFORM_EXPECTS(
        count <= kLimit / (bits / 8), InvalidArgument,
        detail::field_message("element count", count,
                              "2^62 bytes in all, " + std::to_string(bits / 8) + " an element"));
    return count * (bits / 8);
  }
  DLCONFORM_EXPECTS(
      count <= kLimit / bits, InvalidArgument,
      detail::field_message("element count", count,
                            "2^62 bits in all, " + std::to_string(bits) + " an element"));
  return (count * bits + 7) / 8;
}

}  // namespace dlpack_impl
