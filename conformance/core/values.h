/// @file
/// The numbers that the elements of a source hold, and the pairs of layouts that they cannot tell
/// apart.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "catalogue/dtypes.h"
#include "catalogue/layouts.h"
#include "dlpack_impl/dtype.h"

namespace dlpack_conformance {

using dlpack_impl::Number;

/// Up to this many elements have a number each; above, axes of stride zero count once (`huge`).
inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 20;

/// Numbers of the elements, in C order, `dtype.lanes` for each element.
///
/// No NaN; every number is exact in `dtype`. Indices that share an element have one number. Where
/// the dtype has fewer numbers than the array has elements, the sequence starts where layouts of
/// that shape read alike least.
std::vector<Number> element_values(const DTypeRow& dtype, const LayoutRow& layout);

/// A number of the dtype other than `value`: what the write proof writes.
Number other_value(const DTypeRow& dtype, const Number& value);

/// True where memory filled for `written` gives the same numbers when it is read by `read`, from
/// element 0 or from the origin, although the two are at different addresses. Shapes must be equal.
bool read_alike(const DTypeRow& dtype, const LayoutRow& written, const LayoutRow& read);

}  // namespace dlpack_conformance
