/// @file
/// Table of crafted tensors: what the header leaves open or forbids, field by field, to hand to a
/// consumer. No Python is needed to make one.
#pragma once

#include <dlpack_impl/producer.h>

#include <span>
#include <string_view>

namespace dlpack_conformance {

/// A tensor whose fields are stated over six elements of float32 in memory of ours, or over another
/// layout of it. Nobody may read elements of a malformed one.
struct CraftedTensor {
  std::string_view name;
  std::string_view text;
  bool malformed = false;  ///< it breaks the header's rules: no consumer is judged by it
  std::string_view layout = "vector";  ///< a row of the layout table
  dlpack_impl::Stated stated;
  dlpack_impl::ExportOptions options;
  bool versioned_only = false;  ///< what is odd about it is not in a legacy struct
};

/// All rows, by name unique.
std::span<const CraftedTensor> crafted_tensors();

/// @return the row, or null where the table has no such name.
const CraftedTensor* find_crafted(std::string_view name);

}  // namespace dlpack_conformance
