#include "core/pattern.h"

#include <algorithm>
#include <array>
#include <span>

#include "catalogue/error.h"

namespace dlpack_conformance {
namespace {

using std::string_view;

constexpr CaseKind kKinds[] = {CaseKind::kExchange, CaseKind::kProtocol, CaseKind::kUsage};

bool is_key(string_view key) {
  if (key == "case") return true;
  return std::ranges::any_of(kKinds, [&](CaseKind kind) {
    return std::ranges::find(axis_names(kind), key) != axis_names(kind).end();
  });
}

/// Calls `found` with each of the globs that `|` joins, until one answers true.
template <typename Found>
bool any_choice(string_view globs, Found found) {
  for (std::size_t begin = 0;;) {
    const std::size_t end = std::min(globs.find('|', begin), globs.size());
    if (found(globs.substr(begin, end - begin))) return true;
    if (end == globs.size()) return false;
    begin = end + 1;
  }
}

void check_glob(string_view key, string_view globs) {
  const bool wrong = any_choice(globs, [](string_view glob) {
    std::string letters(glob);
    std::erase(letters, '*');
    return glob.empty() || (!letters.empty() && !is_id_part(letters));
  });
  if (wrong) {
    throw CatalogueError("query", key, globs, "letters, digits, _ . + - and *, or several by |");
  }
}

bool one_matches(string_view globs, string_view text) {
  return any_choice(globs, [&](string_view glob) { return glob_matches(glob, text); });
}

/// `parts` against `names`, where the part `**` takes any number of names.
bool parts_match(std::span<const std::string> parts, std::span<const string_view> names) {
  if (parts.empty()) return names.empty();
  if (parts.front() == "**") {
    for (std::size_t taken = 0; taken <= names.size(); ++taken) {
      if (parts_match(parts.subspan(1), names.subspan(taken))) return true;
    }
    return false;
  }
  return !names.empty() && one_matches(parts.front(), names.front()) &&
         parts_match(parts.subspan(1), names.subspan(1));
}

bool term_matches(const CaseId& id, string_view key, string_view glob) {
  if (key == "case") return one_matches(glob, spelled(id.kind));
  if (key == "library" && id.kind == CaseKind::kExchange) {
    return one_matches(glob, id.parts[0]) || one_matches(glob, id.parts[1]);
  }
  const auto names = axis_names(id.kind);
  const auto axis = std::ranges::find(names, key);
  return axis != names.end() &&
         one_matches(glob, id.parts[static_cast<std::size_t>(axis - names.begin())]);
}

}  // namespace

bool glob_matches(string_view glob, string_view text) {
  std::size_t star = string_view::npos;
  std::size_t retry = 0;
  std::size_t g = 0;
  std::size_t t = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      retry = t;
    } else if (g < glob.size() && glob[g] == text[t]) {
      ++g;
      ++t;
    } else if (star != string_view::npos) {
      g = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

Query::Query(string_view text) {
  if (text.find('=') != string_view::npos) {
    parse_terms(text);
  } else {
    parse_pattern(text);
  }
}

bool Query::matches(const CaseId& id) const {
  if (!parts_.empty()) {
    std::array<string_view, kMaxAxes + 1> names;
    names[0] = spelled(id.kind);
    std::ranges::copy(id.axes(), names.begin() + 1);
    return parts_match(parts_, {names.data(), id.axes().size() + 1});
  }
  return std::ranges::all_of(
      terms_, [&](const auto& term) { return term_matches(id, term.first, term.second); });
}

Assignment assign(std::span<const std::vector<Query>> groups,
                  std::span<const string_view> case_ids) {
  Assignment found;
  found.matched.resize(groups.size());
  found.last.reserve(case_ids.size());
  for (const string_view text : case_ids) {
    const CaseId id = parse_case_id(text);
    std::int64_t last = -1;
    for (std::size_t group = 0; group < groups.size(); ++group) {
      if (std::ranges::any_of(groups[group],
                              [&](const Query& query) { return query.matches(id); })) {
        ++found.matched[group];
        last = static_cast<std::int64_t>(group);
      }
    }
    found.last.push_back(last);
  }
  return found;
}

void Query::parse_terms(string_view text) {
  for (std::size_t begin = text.find_first_not_of(", "); begin != string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(", ", begin), text.size());
    const string_view term = text.substr(begin, end - begin);
    const std::size_t equals = term.find('=');
    if (equals == string_view::npos) throw CatalogueError("query", "term", term, "key=value");
    const string_view key = term.substr(0, equals);
    const string_view glob = term.substr(equals + 1);
    if (!is_key(key)) {
      throw CatalogueError(
          "query", "key", key,
          "case, producer, consumer, route, request, dtype, layout, source, device, library, rule, "
          "topic, variant");
    }
    check_glob(key, glob);
    terms_.emplace_back(key, glob);
    begin = text.find_first_not_of(", ", end);
  }
}

void Query::parse_pattern(string_view text) {
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('/', begin), text.size());
    check_glob("pattern", text.substr(begin, end - begin));
    // Two `**` are one; many of them would take time that grows without bound.
    const string_view part = text.substr(begin, end - begin);
    if (part != "**" || parts_.empty() || parts_.back() != part) parts_.emplace_back(part);
    begin = end + 1;
  }
  if (parts_.size() == 1 && parts_.front() != "**") {
    throw CatalogueError("query", "pattern", text,
                         "key=value terms, a case id with * and **, or ** alone");
  }
}

}  // namespace dlpack_conformance
