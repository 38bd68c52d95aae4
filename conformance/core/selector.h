/// @file
/// Selectors of profile products: which rows of a table, or which requests, a product takes.
#pragma once

#include <cstdint>
#include <string_view>

namespace dlpack_conformance {

struct DTypeRow;
struct LayoutRow;

/// True where the selector (`catalogue/profiles.h`) takes a row of this name.
bool selects(std::string_view selector, std::string_view name);

/// The same for a dtype, whose tags are `dlpack`, `standard` and `swapped`.
bool selects(std::string_view selector, const DTypeRow& dtype);

/// The same for a layout, whose tags the selector may name.
bool selects(std::string_view selector, const LayoutRow& layout);

}  // namespace dlpack_conformance
