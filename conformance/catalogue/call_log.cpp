#include "catalogue/call_log.h"

#include <algorithm>
#include <optional>

namespace dlpack_conformance {
namespace {

constexpr std::string_view kMethod = "__dlpack__(";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// Cuts the text up to the next comma outside parentheses off `rest`.
std::string_view next_argument(std::string_view& rest) {
  int depth = 0;
  for (std::size_t at = 0; at < rest.size(); ++at) {
    if (rest[at] == '(' || rest[at] == '[') ++depth;
    if (rest[at] == ')' || rest[at] == ']') --depth;
    if (rest[at] == ',' && depth == 0) {
      const std::string_view argument = rest.substr(0, at);
      rest.remove_prefix(at + 1);
      return trimmed(argument);
    }
  }
  const std::string_view argument = rest;
  rest = {};
  return trimmed(argument);
}

}  // namespace

Answer every_keyword(const Facts& facts, const std::function<bool(const Keyword&)>& fits) {
  if (!facts.calls_log) return Answer::kUnknown;
  Answer all = Answer::kUnknown;
  for (const std::string_view call : *facts.calls_log) {
    if (!call.starts_with(kMethod) || !call.ends_with(')')) continue;
    std::string_view rest = call.substr(kMethod.size(), call.size() - kMethod.size() - 1);
    if (all == Answer::kUnknown) all = Answer::kYes;
    while (!trimmed(rest).empty()) {
      const std::string_view argument = next_argument(rest);
      const std::size_t equals = argument.find('=');
      if (equals == std::string_view::npos) return Answer::kUnknown;
      if (!fits({trimmed(argument.substr(0, equals)), trimmed(argument.substr(equals + 1))}))
        return Answer::kNo;
    }
  }
  return all;
}

bool is_int(std::string_view value) {
  if (value.starts_with('-')) value.remove_prefix(1);
  return !value.empty() &&
         std::ranges::all_of(value, [](char letter) { return letter >= '0' && letter <= '9'; });
}

bool is_pair_of_ints(std::string_view value) {
  if (!value.starts_with('(') || !value.ends_with(')')) return false;
  std::string_view rest = value.substr(1, value.size() - 2);
  const std::string_view first = next_argument(rest);
  const std::string_view second = next_argument(rest);
  return is_int(first) && is_int(second) && trimmed(rest).empty();
}

}  // namespace dlpack_conformance
