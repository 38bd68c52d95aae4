/// @file
/// Case ids: text that names a case by its axes,
/// `exchange/numpy/torch/from_dlpack/plain/float32/step/plain/cpu`.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "core/case.h"

namespace dlpack_conformance {

inline constexpr std::size_t kMaxAxes = 8;

/// Spelling of a kind: `exchange`, `protocol` or `usage`.
std::string_view spelled(CaseKind kind);

/// Names of the axes of a kind in the order of the id, e.g. `producer` ... `device`.
std::span<const std::string_view> axis_names(CaseKind kind);

/// An id cut into its parts. Views live as long as the text it was parsed from.
struct CaseId {
  CaseKind kind = CaseKind::kExchange;
  std::array<std::string_view, kMaxAxes> parts{};  ///< as many as `axis_names(kind)`

  [[nodiscard]] std::span<const std::string_view> axes() const {
    return {parts.data(), axis_names(kind).size()};
  }
};

/// Letters, digits and `_ . + -`, at least one.
bool is_id_part(std::string_view text);

/// @throws CatalogueError  unknown kind, wrong number of parts, or a part with another character.
CaseId parse_case_id(std::string_view text);

/// @throws CatalogueError  wrong number of parts, or a part with another character.
std::string make_case_id(CaseKind kind, std::span<const std::string_view> axes);

/// Reads `plain`, or `key-value` tokens in alphabetical order joined by `+`.
/// @throws CatalogueError  a token that the catalogue has not, a key twice, or another order.
Request parse_request(std::string_view text);

}  // namespace dlpack_conformance
