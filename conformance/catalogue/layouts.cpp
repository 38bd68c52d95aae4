#include "catalogue/layouts.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace dlpack_conformance {
namespace {

constexpr std::int64_t kHugeExtent = (std::int64_t{1} << 31) + 8;

constexpr Dims compact(const Dims& shape) {
  Dims strides = shape;
  std::int64_t step = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = step;
    step *= shape[axis] > 0 ? shape[axis] : 1;
  }
  return strides;
}

constexpr Dims compact_fortran(const Dims& shape) {
  Dims strides = shape;
  std::int64_t step = 1;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    strides[axis] = step;
    step *= shape[axis] > 0 ? shape[axis] : 1;
  }
  return strides;
}

/// `rank` axes of extent 1, apart from the extents 2, 3 and 2 spread over the first, middle and
/// last axis.
constexpr Dims spread(std::size_t rank) {
  Dims shape;
  for (std::size_t axis = 0; axis < rank; ++axis) shape.push_back(1);
  shape[0] = 2;
  shape[rank / 2] = 3;
  shape[rank - 1] = 2;
  return shape;
}

constexpr bool matters(const LayoutRow& row, std::size_t axis) { return row.shape[axis] > 1; }

constexpr bool same_where_it_matters(const LayoutRow& row, const Dims& strides) {
  for (std::size_t axis = 0; axis < row.shape.size(); ++axis) {
    if (matters(row, axis) && row.strides[axis] != strides[axis]) return false;
  }
  return true;
}

constexpr std::int64_t magnitude(std::int64_t value) { return value < 0 ? -value : value; }

/// Can two indices share an element? Exact for the strides in this table: either the sorted
/// magnitudes nest, or the layout is small enough to look.
constexpr bool overlaps(const LayoutRow& row) {
  Dims extents;
  Dims steps;
  for (std::size_t axis = 0; axis < row.shape.size(); ++axis) {
    if (!matters(row, axis)) continue;
    if (row.strides[axis] == 0) return true;
    extents.push_back(row.shape[axis]);
    steps.push_back(magnitude(row.strides[axis]));
  }
  for (std::size_t done = 0, reach = 0; done < steps.size(); ++done) {
    std::size_t next = done;
    for (std::size_t axis = done; axis < steps.size(); ++axis) {
      if (steps[axis] < steps[next]) next = axis;
    }
    if (static_cast<std::size_t>(steps[next]) <= reach) return true;
    reach += static_cast<std::size_t>((extents[next] - 1) * steps[next]);
    const std::int64_t extent = extents[next];
    const std::int64_t step = steps[next];
    extents[next] = extents[done];
    steps[next] = steps[done];
    extents[done] = extent;
    steps[done] = step;
  }
  return false;
}

constexpr LayoutRow tagged(LayoutRow row) {
  const std::int64_t count = row.elements();
  std::uint32_t tags = 0;
  std::int64_t lowest = row.offset;
  std::int64_t highest = row.offset;
  if (row.shape.empty()) tags |= kScalar;
  if (row.shape.size() > 4) tags |= kRankHigh;
  if (count == 0) tags |= kEmpty;
  if (count > (std::int64_t{1} << 31)) tags |= kHuge;
  const Dims c_order = compact(row.shape);
  for (std::size_t axis = 0; axis < row.shape.size(); ++axis) {
    if (row.shape[axis] == 1 && row.strides[axis] != c_order[axis]) tags |= kSizeOne;
    if (!matters(row, axis)) continue;
    if (row.strides[axis] < 0) tags |= kNegative;
    if (row.strides[axis] == 0 && count != 0) tags |= kZeroStride;
    (row.strides[axis] < 0 ? lowest : highest) += (row.shape[axis] - 1) * row.strides[axis];
  }
  if (count == 0 || same_where_it_matters(row, c_order)) tags |= kContiguous;
  if (count == 0 || same_where_it_matters(row, compact_fortran(row.shape))) tags |= kFortran;
  if (count != 0 && overlaps(row)) tags |= kOverlap;
  if (count != 0 && (tags & kOverlap) == 0 && highest - lowest + 1 > count) tags |= kGaps;
  if ((count == 0 ? row.offset : lowest) != 0) tags |= kOffset;
  row.tags = tags;
  return row;
}

constexpr LayoutRow c_order(std::string_view name, std::string_view text, const Dims& shape,
                            std::int64_t offset = 0) {
  return {.name = name, .text = text, .shape = shape, .strides = compact(shape), .offset = offset};
}

constexpr LayoutRow f_order(std::string_view name, std::string_view text, const Dims& shape) {
  return {.name = name, .text = text, .shape = shape, .strides = compact_fortran(shape)};
}

constexpr auto kPlainRows = std::to_array<LayoutRow>({
    c_order("scalar", "rank 0", {}),
    // No elements, each position of the 0.
    c_order("empty-0", "one empty axis", {0}),
    c_order("empty-0x3", "first axis empty", {0, 3}),
    c_order("empty-3x0", "last axis empty", {3, 0}),
    c_order("empty-2x0x3", "middle axis empty", {2, 0, 3}),
    {.name = "empty-reversed",
     .text = "no rows of a reversed matrix",
     .shape = {0, 3},
     .strides = {-3, 1},
     .offset = 6},
    // Axes of extent 1, whose stride moves nothing.
    c_order("one", "one element", {1}),
    {.name = "one-odd", .text = "one element, stride 7", .shape = {1}, .strides = {7}},
    {.name = "one-negative", .text = "one element, stride -5", .shape = {1}, .strides = {-5}},
    {.name = "row-1x6",
     .text = "a row; the axis of extent 1 has stride 17",
     .shape = {1, 6},
     .strides = {17, 1}},
    {.name = "column-6x1",
     .text = "a column of a matrix",
     .shape = {6, 1},
     .strides = {5, -1},
     .offset = 2},
    {.name = "middle-2x1x3",
     .text = "the axis of extent 1 has stride 0",
     .shape = {2, 1, 3},
     .strides = {3, 0, 1}},
    // C and Fortran order.
    c_order("vector", "six elements", {6}),
    c_order("matrix", "C order", {3, 4}),
    c_order("cube", "C order", {2, 3, 4}),
    c_order("images", "C order, rank 4", {2, 3, 2, 2}),
    f_order("fortran", "Fortran order", {3, 4}),
    f_order("fortran-cube", "Fortran order", {2, 3, 4}),
    {.name = "permuted", .text = "axes rotated", .shape = {2, 3, 4}, .strides = {1, 8, 2}},
    {.name = "swapped-axes",
     .text = "last two axes swapped",
     .shape = {2, 3, 4},
     .strides = {12, 1, 3}},
    {.name = "channels-last",
     .text = "second axis lies last",
     .shape = {2, 3, 2, 2},
     .strides = {12, 1, 6, 3}},
    // Slices.
    {.name = "step", .text = "every second element", .shape = {6}, .strides = {2}},
    {.name = "rows", .text = "every second row", .shape = {3, 4}, .strides = {8, 1}},
    {.name = "columns", .text = "every second column", .shape = {3, 4}, .strides = {8, 2}},
    {.name = "inner",
     .text = "a window inside a larger matrix",
     .shape = {3, 4},
     .strides = {7, 1},
     .offset = 9},
    {.name = "diagonal", .text = "diagonal of a matrix", .shape = {4}, .strides = {5}},
    {.name = "block",
     .text = "every second index of each axis",
     .shape = {2, 3, 4},
     .strides = {96, 16, 2}},
    {.name = "fortran-columns",
     .text = "every second row of a Fortran matrix",
     .shape = {3, 4},
     .strides = {2, 6}},
    // Reversed.
    {.name = "reversed", .text = "backwards", .shape = {6}, .strides = {-1}, .offset = 5},
    {.name = "reversed-step",
     .text = "backwards, every second element",
     .shape = {6},
     .strides = {-2},
     .offset = 11},
    {.name = "reversed-rows",
     .text = "rows backwards",
     .shape = {3, 4},
     .strides = {-4, 1},
     .offset = 8},
    {.name = "reversed-columns",
     .text = "columns backwards",
     .shape = {3, 4},
     .strides = {4, -1},
     .offset = 3},
    {.name = "reversed-both",
     .text = "both axes backwards",
     .shape = {3, 4},
     .strides = {-4, -1},
     .offset = 11},
    {.name = "reversed-cube",
     .text = "all axes backwards",
     .shape = {2, 3, 4},
     .strides = {-12, -4, -1},
     .offset = 23},
    // Several indices, one element.
    {.name = "broadcast-vector",
     .text = "one element seen six times",
     .shape = {6},
     .strides = {0}},
    {.name = "broadcast",
     .text = "one element seen twelve times",
     .shape = {3, 4},
     .strides = {0, 0}},
    {.name = "broadcast-rows",
     .text = "one row seen three times",
     .shape = {3, 4},
     .strides = {0, 1}},
    {.name = "broadcast-columns",
     .text = "one column seen four times",
     .shape = {3, 4},
     .strides = {1, 0}},
    {.name = "windows", .text = "sliding windows, step 1", .shape = {3, 4}, .strides = {1, 1}},
    {.name = "windows-step", .text = "sliding windows, step 2", .shape = {3, 4}, .strides = {2, 1}},
    // The first element is not at the start of the memory.
    c_order("offset-one", "starts at element 1", {6}, 1),
    c_order("offset-odd", "starts at element 7", {3, 4}, 7),
    // Many axes.
    c_order("rank-5", "five axes", spread(5)),
    c_order("rank-8", "eight axes", {2, 1, 2, 1, 2, 1, 2, 1}),
    {.name = "rank-8-permuted",
     .text = "eight axes, reversed order",
     .shape = {2, 1, 2, 1, 2, 1, 2, 1},
     .strides = {1, 2, 2, 4, 4, 8, 8, 16}},
    c_order("rank-16", "sixteen axes", spread(16)),
    c_order("rank-32", "the most that NumPy 1 has", spread(32)),
    c_order("rank-33", "one more than NumPy 1 has", spread(33)),
    c_order("rank-64", "the most that the buffer protocol has", spread(64)),
    // More than 2^31 elements without the memory.
    {.name = "huge", .text = "2^31 + 8 times one element", .shape = {kHugeExtent}, .strides = {0}},
    {.name = "huge-rows",
     .text = "two elements, each 2^31 + 8 times",
     .shape = {2, kHugeExtent},
     .strides = {1, 0}},
});

constexpr auto kRows = [] {
  auto rows = kPlainRows;
  for (LayoutRow& row : rows) row = tagged(row);
  return rows;
}();

/// Equal names, or equal numbers wherever they move an element.
constexpr bool rows_differ() {
  for (std::size_t a = 0; a < kRows.size(); ++a) {
    for (std::size_t b = a + 1; b < kRows.size(); ++b) {
      if (kRows[a].name == kRows[b].name) return false;
      if (kRows[a].shape == kRows[b].shape && kRows[a].strides == kRows[b].strides &&
          kRows[a].offset == kRows[b].offset)
        return false;
    }
  }
  return true;
}

constexpr bool numbers_fit() {
  for (const LayoutRow& row : kRows) {
    if (row.shape.size() != row.strides.size()) return false;
    std::int64_t lowest = row.offset;
    for (std::size_t axis = 0; axis < row.shape.size(); ++axis) {
      if (row.strides[axis] < 0 && row.shape[axis] > 1)
        lowest += (row.shape[axis] - 1) * row.strides[axis];
    }
    if (row.elements() != 0 && lowest < 0) return false;
    if (row.elements() > 64 && !row.has(kHuge)) return false;
  }
  return true;
}

static_assert(rows_differ(), "two layouts are the same");
static_assert(numbers_fit(), "a layout reaches before its memory, or is larger than tests need");

}  // namespace

std::span<const LayoutRow> layouts() { return kRows; }

const LayoutRow* find_layout(std::string_view name) {
  const auto* row = std::ranges::find(kRows, name, &LayoutRow::name);
  return row == kRows.end() ? nullptr : row;
}

std::string_view spelled(LayoutTag tag) {
  switch (tag) {
    case kContiguous:
      return "contiguous";
    case kFortran:
      return "fortran";
    case kNegative:
      return "negative";
    case kZeroStride:
      return "zero-stride";
    case kOverlap:
      return "overlap";
    case kEmpty:
      return "empty";
    case kScalar:
      return "scalar";
    case kSizeOne:
      return "size-one";
    case kOffset:
      return "offset";
    case kRankHigh:
      return "rank-high";
    case kHuge:
      return "huge";
    case kGaps:
      return "gaps";
  }
  return {};
}

Extent extent_elems(std::span<const std::int64_t> shape,
                    std::span<const std::int64_t> strides_elems) {
  Extent extent;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == 0) return {};
    const std::int64_t reach = (shape[axis] - 1) * strides_elems[axis];
    (reach < 0 ? extent.begin : extent.end) += reach;
  }
  ++extent.end;
  return extent;
}

}  // namespace dlpack_conformance
