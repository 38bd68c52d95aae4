/// @file
/// Table of profiles: which products of axes a run takes. No profile names a library or a route.
#pragma once

#include <span>
#include <string_view>

namespace dlpack_conformance {

/// Cases whose five axes are all selected. A selector is a list of terms separated by spaces: `*`,
/// a name, or the
/// `:tag` of a layout or dtype. Any term selects, unless a term with `!` before it takes the row
/// out again.
struct ProductRow {
  std::string_view sources;
  std::string_view dtypes;
  std::string_view layouts;
  std::string_view requests;
  std::string_view text;
  std::string_view devices = "cpu";
};

/// A row of the profile table. A case is planned when one of the products takes it.
struct ProfileRow {
  std::string_view name;
  std::string_view text;
  std::span<const ProductRow> products;
};

std::span<const ProfileRow> profiles();

/// @return the row, or null where the catalogue has no such name.
const ProfileRow* find_profile(std::string_view name);

}  // namespace dlpack_conformance
