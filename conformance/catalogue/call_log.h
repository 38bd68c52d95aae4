/// @file
/// Reads the texts of `calls.log`: `__dlpack__(max_version=(1, 0), copy=None)`, values as Python
/// writes them.
#pragma once

#include <functional>
#include <string_view>

#include "catalogue/predicate.h"

namespace dlpack_conformance {

/// One keyword of a call.
struct Keyword {
  std::string_view name;
  std::string_view value;
};

/// Asks `fits` of every keyword of every `__dlpack__` call.
/// @return unknown where the log was not collected, has no such call, or cannot be read.
Answer every_keyword(const Facts& facts, const std::function<bool(const Keyword&)>& fits);

/// Two integers in parentheses.
bool is_pair_of_ints(std::string_view value);

/// A decimal integer.
bool is_int(std::string_view value);

}  // namespace dlpack_conformance
