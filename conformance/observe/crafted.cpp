#include "observe/crafted.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace dlpack_conformance {
namespace {

using dlpack_impl::DType;
using dlpack_impl::ExportOptions;
using dlpack_impl::Stated;
using Numbers = std::vector<std::int64_t>;

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int32_t kMostId = std::numeric_limits<std::int32_t>::max();
constexpr std::int32_t kLeastRank = std::numeric_limits<std::int32_t>::min();

class Rows {
 public:
  /// What keeps the header's rules and is at their edge.
  CraftedTensor& open(std::string_view name, std::string_view text, Stated stated = {}) {
    return add({.name = name, .text = text, .stated = std::move(stated)});
  }
  /// What breaks them.
  CraftedTensor& broken(std::string_view name, std::string_view text, Stated stated = {},
                        ExportOptions options = {}) {
    return add({.name = name,
                .text = text,
                .malformed = true,
                .stated = std::move(stated),
                .options = std::move(options)});
  }
  [[nodiscard]] std::vector<CraftedTensor> take() { return std::move(rows_); }

 private:
  CraftedTensor& add(CraftedTensor row) {
    rows_.push_back(std::move(row));
    return rows_.back();
  }
  std::vector<CraftedTensor> rows_;
};

Stated extents(Numbers shape) { return {.shape = std::move(shape)}; }
Stated extents(Numbers shape, Numbers strides) {
  return {.shape = std::move(shape), .strides = std::move(strides)};
}
Stated ones(std::size_t rank, std::int64_t extent = 1) {
  return extents(Numbers(rank, extent), Numbers(rank, 1));
}

void add_ranks(Rows& rows) {
  rows.broken("ndim-minus-1", "ndim is -1", {.ndim = -1});
  rows.broken("ndim-lowest", "ndim is -2^31", {.ndim = kLeastRank});
  rows.broken("shape-null", "shape is NULL with one axis", {}, {.null_shape = true});
  rows.broken("shape-and-strides-null", "both are NULL with one axis", {},
              {.null_strides = true, .null_shape = true});
  rows.open("ndim-65", "65 axes of extent 1", ones(65));
  rows.open("ndim-129", "129 axes of extent 1", ones(129));
  rows.open("ndim-1000", "1000 axes of extent 1", ones(1000));
  rows.open("ndim-65-empty", "65 axes without elements", ones(65, 0));
}

void add_extents(Rows& rows) {
  rows.broken("extent-minus-1", "an extent of -1", extents({-1}));
  rows.broken("extent-minus-6", "an extent of -6", extents({-6}));
  rows.broken("extents-minus-minus", "two negative extents", extents({-2, -3}, {-3, 1}));
  rows.broken("extent-minus-of-matrix", "one of two extents is negative", extents({3, -4}, {4, 1}));
  rows.broken("extent-lowest", "an extent of -2^63", extents({kLeast}));
  rows.broken("extent-minus-and-0", "a negative extent beside one of 0", extents({0, -3}, {1, 1}));
  rows.broken("extent-highest", "2^63 - 1 elements", extents({kMost}, {1}));
  rows.broken("extents-product-overflows", "2^64 elements",
              extents({std::int64_t{1} << 32, std::int64_t{1} << 32}, {std::int64_t{1} << 32, 1}));
  rows.broken("extents-product-wraps-to-0", "2^64 elements, by other extents",
              extents({std::int64_t{1} << 33, std::int64_t{1} << 31}, {std::int64_t{1} << 31, 1}));
  rows.broken("bytes-overflow", "2^62 elements of four bytes", extents({std::int64_t{1} << 62}));
  rows.broken("beyond-address-space", "2^56 elements", extents({std::int64_t{1} << 56}));
  rows.open("empty-with-huge-extents", "no elements, other extents of 2^62",
            extents({0, std::int64_t{1} << 62, std::int64_t{1} << 62}, {1, 1, 1}));
}

void add_strides(Rows& rows) {
  rows.broken("strides-highest", "a stride of 2^63 - 1", extents({2}, {kMost}));
  rows.broken("strides-lowest", "a stride of -2^63", extents({2}, {kLeast}));
  rows.broken("strides-beyond", "strides beyond the address space",
              extents({4}, {std::int64_t{1} << 61}));
  CraftedTensor& overflow = rows.broken("null-strides-overflow", "NULL strides of 2^80 elements",
                                        extents({std::int64_t{1} << 40, std::int64_t{1} << 40}),
                                        {.version = {1, 1}, .null_strides = true});
  overflow.versioned_only = true;
  rows.open("overlap-windows", "windows that overlap").layout = "windows";
  rows.open("overlap-windows-step", "windows that overlap, two apart").layout = "windows-step";
  rows.open("zero-strides-huge", "one element 2^62 times", extents({std::int64_t{1} << 62}, {0}));
  rows.open("zero-strides-product-overflows", "one element 2^64 times",
            extents({std::int64_t{1} << 32, std::int64_t{1} << 32}, {0, 0}));
  rows.open("extent-1-huge-stride", "a stride of 2^63 - 1 that moves nothing",
            extents({1, 6}, {kMost, 1}));
  rows.open("empty-huge-stride", "a stride of 2^63 - 1 without elements",
            extents({0, 6}, {kMost, 1}));
}

void add_data(Rows& rows) {
  rows.broken("data-null", "data is NULL with elements", {}, {.null_data = true});
  rows.broken("data-null-with-offset", "data is NULL, byte_offset 64", {.byte_offset = 64},
              {.null_data = true});
  rows.broken("byte-offset-highest", "byte_offset is 2^64 - 1", {.byte_offset = ~std::uint64_t{0}});
  rows.broken("byte-offset-wraps", "data and byte_offset meet element 0 modulo 2^64",
              {.data_offset = 24, .byte_offset = ~std::uint64_t{0} - 23});
  rows.broken("byte-offset-half", "byte_offset is 2^63", {.byte_offset = std::uint64_t{1} << 63});
}

void add_types(Rows& rows) {
  rows.broken("bits-0", "no bits", {.dtype = DType{2, 0, 1}});
  rows.broken("lanes-0", "no lanes", {.dtype = DType{2, 32, 0}});
  rows.broken("bits-and-lanes-0", "neither bits nor lanes", {.dtype = DType{0, 0, 0}});
  const auto on = [](std::int32_t type, std::int32_t id) {
    return ExportOptions{.device = dlpack_impl::Device{type, id}};
  };
  rows.broken("device-type-0", "device type 0", {}, on(0, 0));
  rows.broken("device-type-minus-1", "device type -1", {}, on(-1, 0));
  rows.broken("cpu-id-1", "the CPU with id 1", {}, on(1, 1));
  rows.broken("cpu-id-minus-1", "the CPU with id -1", {}, on(1, -1));
  rows.broken("cpu-id-highest", "the CPU with id 2^31 - 1", {}, on(1, kMostId));
  for (const auto& [name, minor] : {std::pair("major-0", 8), std::pair("major-0-minor-0", 0)}) {
    CraftedTensor& row = rows.broken(name, "a versioned struct of major 0", {},
                                     {.version = {0, static_cast<std::uint32_t>(minor)}});
    row.versioned_only = true;
  }
}

std::vector<CraftedTensor> make_rows() {
  Rows rows;
  add_ranks(rows);
  add_extents(rows);
  add_strides(rows);
  add_data(rows);
  add_types(rows);
  return rows.take();
}

}  // namespace

std::span<const CraftedTensor> crafted_tensors() {
  static const std::vector<CraftedTensor> rows = make_rows();
  return rows;
}

const CraftedTensor* find_crafted(std::string_view name) {
  const auto rows = crafted_tensors();
  const auto row = std::ranges::find(rows, name, &CraftedTensor::name);
  return row == rows.end() ? nullptr : &*row;
}

}  // namespace dlpack_conformance
