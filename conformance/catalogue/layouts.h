/// @file
/// Table of layouts: shape, strides and offset of the elements in their memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "catalogue/dims.h"

namespace dlpack_conformance {

/// What is true of a layout; computed from its numbers, so that no row can say otherwise.
enum LayoutTag : std::uint32_t {
  kContiguous = 1u << 0,  ///< C order without gaps (axes of extent 1 do not count)
  kFortran = 1u << 1,     ///< Fortran order without gaps
  kNegative = 1u << 2,    ///< an axis of extent above 1 has a negative stride
  kZeroStride = 1u << 3,  ///< an axis of extent above 1 has stride zero
  kOverlap = 1u << 4,     ///< two indices share an element (zero strides included)
  kEmpty = 1u << 5,       ///< no elements
  kScalar = 1u << 6,      ///< rank 0
  kSizeOne = 1u << 7,     ///< an axis of extent 1 whose stride is not the compact one
  kOffset = 1u << 8,      ///< the lowest element is not at the origin
  kRankHigh = 1u << 9,    ///< rank above 4
  kHuge = 1u << 10,       ///< more than 2^31 elements
  kGaps = 1u << 11,       ///< memory between the elements that belongs to none
};

inline constexpr LayoutTag kLayoutTags[] = {kContiguous, kFortran,  kNegative, kZeroStride,
                                            kOverlap,    kEmpty,    kScalar,   kSizeOne,
                                            kOffset,     kRankHigh, kHuge,     kGaps};

/// A row of the layout table. Element 0 lies `offset` elements after an aligned origin; no element
/// lies before it.
struct LayoutRow {
  std::string_view name;
  std::string_view text;
  Dims shape;
  Dims strides;             ///< elements
  std::int64_t offset = 0;  ///< elements from the origin to element 0
  std::uint32_t tags = 0;   ///< `LayoutTag` bits

  [[nodiscard]] constexpr bool has(LayoutTag tag) const { return (tags & tag) != 0; }
  /// Product of the extents.
  [[nodiscard]] constexpr std::int64_t elements() const {
    std::int64_t count = 1;
    for (const std::int64_t extent : shape) count *= extent;
    return count;
  }
};

/// All rows; the order is the plan's.
std::span<const LayoutRow> layouts();

/// @return the row, or null where the catalogue has no such name.
const LayoutRow* find_layout(std::string_view name);

/// Spelling of one tag (`contiguous`, `zero-stride` ...), as queries and profiles write it.
std::string_view spelled(LayoutTag tag);

/// Lowest element and one past the highest, in elements from element 0; both 0 without elements.
struct Extent {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};
Extent extent_elems(std::span<const std::int64_t> shape,
                    std::span<const std::int64_t> strides_elems);

}  // namespace dlpack_conformance
