/// @file
/// Table of ambiguities: questions to which the texts give no answer, or more than one.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace dlpack_conformance {

/// One way to read the texts; a rule's readings and a record's reason spell its id.
struct AmbiguityReading {
  std::string_view id;
  std::string_view text;
};

/// What was measured of one library. `readings`: ids that its choice follows, joined by `+`; empty
/// where it is none of those.
struct AmbiguityChoice {
  std::string_view library;
  std::string_view readings;
  std::string_view what;
};

/// A row of the ambiguity table. `texts`: what the sources say.
struct AmbiguityRow {
  std::string_view id;
  std::string_view question;
  std::string_view texts;
  std::span<const AmbiguityReading> readings;
  std::span<const AmbiguityChoice> choices;
};

inline constexpr std::size_t kAmbiguityCount = 31;

/// Ids are `A-01` and on, without gaps; the rows are in ambiguities.cpp.
constexpr bool is_ambiguity(std::string_view id) {
  if (id.size() != 4 || !id.starts_with("A-")) return false;
  if (!std::ranges::all_of(id.substr(2), [](char digit) { return '0' <= digit && digit <= '9'; }))
    return false;
  const auto number = static_cast<std::size_t>((id[2] - '0') * 10 + (id[3] - '0'));
  return number >= 1 && number <= kAmbiguityCount;
}

/// All rows.
std::span<const AmbiguityRow> ambiguities();

}  // namespace dlpack_conformance
