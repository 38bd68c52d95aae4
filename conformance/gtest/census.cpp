#include "gtest/census.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "catalogue/sources.h"
#include "gtest/isolate.h"
#include "gtest/thrown.h"

namespace dlpack_conformance::kit {
namespace {

constexpr const char* kNoAddress = "a packed element inside a byte has no address";
constexpr const char* kTooMany = "the kit reads every element";

struct Combination {
  const DTypeRow* dtype;
  const LayoutRow* layout;
};

std::vector<Combination> combinations() {
  std::vector<Combination> all;
  for (const DTypeRow& dtype : dtypes()) {
    if (!dtype.dlpack) continue;
    for (const LayoutRow& layout : layouts()) all.push_back({&dtype, &layout});
  }
  return all;
}

/// Why nobody can make it; empty where memory of ours can hold it.
std::string impossible(const Combination& one) {
  if (one.layout->has(kHuge)) return kTooMany;
  const dlpack_impl::Layout layout{{one.layout->shape.begin(), one.layout->shape.end()},
                                   {one.layout->strides.begin(), one.layout->strides.end()},
                                   one.layout->offset};
  const dlpack_impl::DType type = dlpack_impl::dtype_from_name(one.dtype->name);
  return dlpack_impl::begins_at_byte(type, layout) ? "" : kNoAddress;
}

/// Tries to make one; why it can't be made, or empty.
std::string attempt(const Subject& subject, const Combination& one, std::string_view source) {
  if (source == "owned" && !one.layout->has(kContiguous))
    return "own() makes arrays in C order without gaps";
  if (std::string why = impossible(one); !why.empty()) return why;
  Observer observer(subject, [](Step, const Facts&) {});
  try {
    observer.make(one.dtype->name, one.layout->name, source);
  } catch (...) {
    return thrown_text();
  }
  return {};
}

/// The reasons as few rows: a dtype or a layout that fails everywhere is one.
std::vector<std::tuple<std::string, std::string, std::string>> compressed(
    const std::vector<Combination>& all, const std::vector<std::string>& reasons) {
  std::map<std::string_view, std::size_t> dtype_left, layout_left;
  for (std::size_t at = 0; at < all.size(); ++at) {
    const std::size_t made = reasons[at].empty() ? 1 : 0;
    dtype_left[all[at].dtype->name] += made;
  }
  for (std::size_t at = 0; at < all.size(); ++at) {
    if (dtype_left[all[at].dtype->name] == 0) continue;
    layout_left[all[at].layout->name] += reasons[at].empty() ? 1 : 0;
  }
  std::vector<std::tuple<std::string, std::string, std::string>> rows;
  std::set<std::string_view> said;
  for (std::size_t at = 0; at < all.size(); ++at) {
    const auto& [dtype, layout] = all[at];
    if (reasons[at].empty()) continue;
    if (dtype_left[dtype->name] == 0) {
      if (said.insert(dtype->name).second) rows.emplace_back(dtype->name, "*", reasons[at]);
    } else if (layout_left[layout->name] == 0) {
      if (said.insert(layout->name).second) rows.emplace_back("*", layout->name, reasons[at]);
    } else {
      rows.emplace_back(dtype->name, layout->name, reasons[at]);
    }
  }
  return rows;
}

std::vector<std::string> dlpack_dtypes() {
  std::vector<std::string> names;
  for (const DTypeRow& dtype : dtypes()) {
    if (dtype.dlpack) names.emplace_back(dtype.name);
  }
  return names;
}

MakesSpec spec_of(std::string_view source, const std::vector<Combination>& all,
                  const std::vector<std::string>& reasons) {
  MakesSpec spec;
  spec.source = source;
  spec.dtypes = dlpack_dtypes();
  spec.excluded = compressed(all, reasons);
  return spec;
}

/// Tries a source with all dtypes and layouts.
void add_tried(Census& census, const Subject& subject, std::string_view source) {
  const std::vector<Combination> all = combinations();
  const std::vector<std::string> reasons =
      each_apart(all.size(), [&](std::size_t at) { return attempt(subject, all[at], source); });
  if (std::ranges::none_of(reasons, &std::string::empty)) {
    const auto matrix = std::ranges::find_if(all, [](const Combination& one) {
      return one.dtype->name == "float32" && one.layout->name == "matrix";
    });
    census.faults.push_back("traits of " + subject.name + ": " +
                            (source == "owned" ? "own()" : "over()") +
                            " makes no array at all; of a float32 matrix it says: " +
                            reasons[static_cast<std::size_t>(matrix - all.begin())]);
    return;
  }
  census.makes_specs.push_back(spec_of(source, all, reasons));
}

/// The other sources in memory of ours: what `plain` can, where a matrix can be made at all.
void add_placed(Census& census, const Subject& subject) {
  const std::optional<MakesSpec> plain =
      census.makes_specs.empty() ? std::nullopt : std::optional(census.makes_specs.front());
  if (!plain) return;
  const Combination matrix{find_dtype("float32"), find_layout("matrix")};
  const auto& sources = kOurSources;
  const std::vector<std::string> reasons = each_apart(
      std::size(sources), [&](std::size_t at) { return attempt(subject, matrix, sources[at]); });
  for (std::size_t at = 1; at < std::size(sources); ++at) {
    MakesSpec spec = *plain;
    spec.source = sources[at];
    if (!reasons[at].empty()) spec.excluded = {{"*", "*", reasons[at]}};
    census.makes_specs.push_back(std::move(spec));
  }
}

Census taken(const Subject& subject) {
  Census census;
  const std::string version = each_apart(1, [&](std::size_t) -> std::string {
                                try {
                                  return "=" + subject.version();
                                } catch (...) {
                                  return "threw " + thrown_class() + ": " + thrown_text();
                                }
                              }).front();
  if (version.starts_with("=")) {
    census.version = version.substr(1);
  } else {
    census.faults.push_back("traits of " + subject.name + ": version() " + version);
  }
  if (subject.over) {
    add_tried(census, subject, "plain");
    add_placed(census, subject);
  }
  if (subject.own) add_tried(census, subject, "owned");
  return census;
}

}  // namespace

bool Census::makes(std::string_view source, std::string_view dtype, std::string_view layout) const {
  const auto spec = std::ranges::find(makes_specs, source, &MakesSpec::source);
  if (spec == makes_specs.end() || std::ranges::find(spec->dtypes, dtype) == spec->dtypes.end())
    return false;
  return std::ranges::none_of(spec->excluded, [&](const auto& row) {
    const auto& [a, b, reason] = row;
    return (a == "*" || a == dtype) && (b == "*" || b == layout);
  });
}

const Census& census_of(const Subject& subject) {
  static auto* const known = new std::map<std::string, Census, std::less<>>;
  const auto found = known->find(subject.name);
  return found != known->end() ? found->second
                               : known->emplace(subject.name, taken(subject)).first->second;
}

std::vector<MakesSpec> reference_makes() {
  const std::vector<Combination> all = combinations();
  std::vector<std::string> reasons;
  for (const Combination& one : all) reasons.push_back(impossible(one));
  std::vector<MakesSpec> makes;
  for (const std::string_view source : kOurSources) makes.push_back(spec_of(source, all, reasons));
  return makes;
}

}  // namespace dlpack_conformance::kit
