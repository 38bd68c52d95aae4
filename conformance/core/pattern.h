/// @file
/// Queries over cases: patterns of ids (`*` one part, `**` many) and `key=value` terms.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/case_id.h"

namespace dlpack_conformance {

/// True where `text` is `glob`, in which `*` stands for any characters.
bool glob_matches(std::string_view glob, std::string_view text);

/// A parsed query.
///
/// A pattern is an id in which a part may hold `*` (any characters of that part) or be `**` (any
/// number of parts). Otherwise it is a list of `key=value` terms separated by commas or spaces that
/// must all hold; the keys are `case` (exchange, protocol or usage) and the names of axes, and a
/// value may hold `*`. A part or a value may be several texts joined by `|`, any one of which is
/// enough. `library` also stands for either side of an exchange. A case without the named axis does
/// not match.
class Query {
 public:
  /// @throws CatalogueError  empty text, unknown key, or a character that no id has.
  explicit Query(std::string_view text);

  [[nodiscard]] bool matches(const CaseId& id) const;

 private:
  void parse_terms(std::string_view text);
  void parse_pattern(std::string_view text);

  std::vector<std::pair<std::string, std::string>> terms_;
  std::vector<std::string> parts_;
};

/// Which of several groups of queries speaks last about each case.
struct Assignment {
  std::vector<std::int64_t> last;     ///< by case: the last group that matches it, -1 for none
  std::vector<std::int64_t> matched;  ///< by group: how many cases it matches
};

/// A group matches a case where one of its queries does.
/// @throws CatalogueError  a text that is no id.
Assignment assign(std::span<const std::vector<Query>> groups,
                  std::span<const std::string_view> case_ids);

}  // namespace dlpack_conformance
