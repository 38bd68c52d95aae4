#include "core/selector.h"

#include <algorithm>
#include <vector>

#include "catalogue/dtypes.h"
#include "catalogue/layouts.h"

namespace dlpack_conformance {
namespace {

using std::string_view;

using Tags = std::vector<string_view>;

bool term_takes(string_view term, string_view name, const Tags& tags) {
  if (term == "*" || term == name) return true;
  return term.starts_with(':') && std::ranges::find(tags, term.substr(1)) != tags.end();
}

bool selects(string_view selector, string_view name, const Tags& tags) {
  bool taken = false;
  for (std::size_t begin = selector.find_first_not_of(' '); begin != string_view::npos;) {
    const std::size_t end = std::min(selector.find(' ', begin), selector.size());
    const string_view term = selector.substr(begin, end - begin);
    if (term.starts_with('!')) {
      if (term_takes(term.substr(1), name, tags)) return false;
    } else {
      taken = taken || term_takes(term, name, tags);
    }
    begin = selector.find_first_not_of(' ', end);
  }
  return taken;
}

}  // namespace

bool selects(string_view selector, string_view name) { return selects(selector, name, Tags()); }

bool selects(string_view selector, const DTypeRow& dtype) {
  Tags tags;
  if (dtype.dlpack) tags.push_back("dlpack");
  if (dtype.standard) tags.push_back("standard");
  if (dtype.swapped) tags.push_back("swapped");
  return selects(selector, dtype.name, tags);
}

bool selects(string_view selector, const LayoutRow& layout) {
  Tags tags;
  for (const LayoutTag tag : kLayoutTags) {
    if (layout.has(tag)) tags.push_back(spelled(tag));
  }
  return selects(selector, layout.name, tags);
}

}  // namespace dlpack_conformance
