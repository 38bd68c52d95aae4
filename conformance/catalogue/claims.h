/// @file
/// Table of claims: sentences that users believe, and the cases that show them true or false.
#pragma once

#include <span>
#include <string_view>

#include "catalogue/predicate.h"

namespace dlpack_conformance {

/// Cases behind a claim. A case that matches `pattern` counts where `when` is yes; then `shows`
/// says whether the sentence was true in it, and unknown leaves it out.
struct ClaimCases {
  std::string_view pattern;
  std::string_view text;  ///< what such a case shows where the claim is true
  Clause when;            ///< empty: always
  Clause shows;
};

/// A row of the claim table. `note`: what a reader has to know besides.
struct ClaimRow {
  std::string_view id;
  std::string_view text;
  std::string_view note;
  std::span<const ClaimCases> cases;
};

/// All rows.
std::span<const ClaimRow> claims();

}  // namespace dlpack_conformance
