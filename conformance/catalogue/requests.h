/// @file
/// Table of requests: the keywords that a case passes to its route.
#pragma once

#include <span>
#include <string_view>

namespace dlpack_conformance {

/// A token of a request: `key` and `value` are spelled `key-value`.
struct RequestTokenRow {
  std::string_view key;
  std::string_view value;
  std::string_view
      python;  ///< the argument as a user writes it; `{device}` stands for the source's device
  std::string_view text;
};

/// All tokens, by key and value. Besides these, `dtype-<name>` asks for a dtype of the catalogue.
std::span<const RequestTokenRow> request_tokens();

}  // namespace dlpack_conformance
