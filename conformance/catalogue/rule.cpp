#include "catalogue/rule.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace dlpack_conformance {
namespace {

std::string two_digits(int number) { return (number < 10 ? "0" : "") + std::to_string(number); }

}  // namespace

Binds binds_whom(const Rule& rule) {
  if (rule.binds != Binds::kByDocument) return rule.binds;
  const auto all = rule.source.all();
  const auto binds = [](const Place& one) {
    return documents()[static_cast<std::size_t>(one.document)].binds;
  };
  const bool anyone =
      std::ranges::any_of(all, [&](const Place& one) { return binds(one) == Binds::kAnyone; });
  const bool array_api =
      std::ranges::any_of(all, [&](const Place& one) { return binds(one) == Binds::kArrayApi; });
  return array_api && !anyone ? Binds::kArrayApi : Binds::kAnyone;
}

std::string_view spell(Level level) {
  static constexpr std::array<std::string_view, 5> kNames = {"must", "derived", "should", "may",
                                                             "silent"};
  return kNames[static_cast<std::size_t>(level)];
}

std::string_view spell(Duty duty) {
  static constexpr std::array<std::string_view, 6> kNames = {"producer", "consumer", "route",
                                                             "library",  "border",   "nobody"};
  return kNames[static_cast<std::size_t>(duty)];
}

std::string_view spell(Binds binds) {
  static constexpr std::array<std::string_view, 4> kNames = {"by-document", "anyone", "array-api",
                                                             "listed"};
  return kNames[static_cast<std::size_t>(binds)];
}

std::string spell(const Edition& edition) {
  const std::string major = std::to_string(edition.major);
  switch (edition.scale) {
    case Edition::Scale::kNone:
      return {};
    case Edition::Scale::kArrayApi:
      return "array API " + major + "." + two_digits(edition.minor);
    case Edition::Scale::kDlpack:
      return "DLPack " + major + "." + std::to_string(edition.minor);
    case Edition::Scale::kPackage:
      return std::string(edition.package) + " " + major + "." + std::to_string(edition.minor);
  }
  return {};
}

std::span<const Rule> rules() {
  static const std::vector<Rule> all = [] {
    std::vector<Rule> joined;
    for (const auto table : {header_rules(), tensor_rules(), producer_rules(), consumer_rules(),
                             exchange_api_rules(), stream_rules(), route_rules()}) {
      joined.insert(joined.end(), table.begin(), table.end());
    }
    return joined;
  }();
  return all;
}

const Rule* find_rule(std::string_view id) {
  const auto all = rules();
  const auto row = std::ranges::find(all, id, &Rule::id);
  return row == all.end() ? nullptr : &*row;
}

}  // namespace dlpack_conformance
