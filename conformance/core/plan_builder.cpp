#include "core/plan_builder.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "catalogue/devices.h"
#include "catalogue/dtypes.h"
#include "catalogue/error.h"
#include "catalogue/layouts.h"
#include "catalogue/rule.h"
#include "catalogue/sources.h"
#include "core/selector.h"

namespace dlpack_conformance {
namespace {

using std::string_view;

// A copy of such a source would need its whole shape's worth of memory.
constexpr string_view kHugeCopy = "a copy would need memory for more than 2^31 elements";
constexpr std::int32_t kHostType = 1;
constexpr string_view kNamesHost = "the request names the host as the source's device";

template <class Row>
std::string names_of(std::span<const Row> table) {
  std::string names;
  for (const Row& row : table) names.append(names.empty() ? "" : ", ").append(row.name);
  return names;
}

template <class Row>
std::uint8_t index_of(std::span<const Row> table, const Row* row, string_view where,
                      string_view key, string_view value) {
  if (row == nullptr) throw CatalogueError(where, key, value, names_of(table));
  return static_cast<std::uint8_t>(row - table.data());
}

void check_name(string_view where, string_view key, string_view value) {
  if (!is_id_part(value))
    throw CatalogueError(where, key, value, "letters, digits and _ . + -, at least one");
}

bool names_it(string_view term, string_view name) { return term == "*" || term == name; }

const std::string* reason_for(const MakesSpec& makes, string_view dtype, string_view layout) {
  for (const auto& [of_dtype, of_layout, reason] : makes.excluded) {
    if (names_it(of_dtype, dtype) && names_it(of_layout, layout)) return &reason;
  }
  return nullptr;
}

void check_excluded(const MakesSpec& makes, string_view where) {
  for (const auto& [dtype, layout, reason] : makes.excluded) {
    if (dtype != "*") index_of(dtypes(), find_dtype(dtype), where, "excluded dtype", dtype);
    if (layout != "*") index_of(layouts(), find_layout(layout), where, "excluded layout", layout);
    if (reason.empty()) throw CatalogueError(where, "excluded reason", reason, "a text");
  }
}

/// Names of the dtypes that the library makes in the ordinary way in some layout, sorted.
std::vector<std::string> dtypes_of(const LibrarySpec& library) {
  std::set<std::string> names;
  for (const MakesSpec& makes : library.makes) {
    if (makes.source != "plain" && makes.source != "owned") continue;
    for (const std::string& name : makes.dtypes) {
      const bool made = std::ranges::none_of(makes.excluded, [&](const auto& entry) {
        return names_it(std::get<0>(entry), name) && std::get<1>(entry) == "*";
      });
      if (made) names.insert(name);
    }
  }
  return {names.begin(), names.end()};
}

/// Names of the devices besides the host on which the library makes arrays, sorted.
std::vector<std::string> devices_of(const LibrarySpec& library) {
  std::set<std::string> names;
  for (const MakesSpec& makes : library.makes) {
    const DeviceRow* device = find_device(makes.device);
    if (device == nullptr || device->type == kHostType) continue;
    if (!library.info.absent_devices.contains(makes.device)) names.insert(makes.device);
  }
  return {names.begin(), names.end()};
}

/// Also where nothing is promised and no capsule crosses: such a route may copy or convert element
/// by element.
bool copies(const RouteInfo& route, const Request& request) {
  if (request.copy == Passed::kTrue || route.may_copy) return true;
  auto found = route.promises.find(request.text);
  if (found == route.promises.end()) found = route.promises.find("");
  if (found == route.promises.end()) return false;
  const PromiseKind kind = found->second.kind;
  return kind == PromiseKind::kCopies || kind == PromiseKind::kConverts ||
         (kind == PromiseKind::kNone && !route.dlpack);
}

/// Do sources on this device, which is not the host, go this way?
bool takes(const RouteInfo& route, string_view device) {
  const string_view kind = device.substr(0, device.find('-'));
  return route.takes_devices &&
         (route.device_kinds.empty() ||
          std::ranges::find(route.device_kinds, kind) != route.device_kinds.end());
}

std::vector<Request> parse_requests(const WaySpec& way) {
  std::vector<Request> requests;
  for (const std::string& text : way.requests) requests.push_back(parse_request(text));
  std::ranges::sort(requests, {}, [](const Request& request) {
    return std::pair(request.text != "plain", request.text);
  });
  const auto again = std::ranges::unique(requests, {}, &Request::text);
  requests.erase(again.begin(), again.end());
  if (requests.empty())
    throw CatalogueError("route " + way.route.name, "requests", "", "at least one");
  return requests;
}

}  // namespace

void set_promise_kind(Promise& promise, string_view text) {
  constexpr string_view kConverts = "converts:";
  if (text == "none") {
    promise.kind = PromiseKind::kNone;
  } else if (text == "shares") {
    promise.kind = PromiseKind::kShares;
  } else if (text == "copies") {
    promise.kind = PromiseKind::kCopies;
  } else if (text == "shares-if-possible") {
    promise.kind = PromiseKind::kSharesIfPossible;
  } else if (text.starts_with(kConverts)) {
    promise.kind = PromiseKind::kConverts;
    promise.dtype = text.substr(kConverts.size());
    if (find_dtype(promise.dtype) == nullptr)
      throw CatalogueError("promise", "dtype", promise.dtype, names_of(dtypes()));
  } else {
    throw CatalogueError("promise", "kind", text,
                         "none, shares, copies, shares-if-possible, converts:<dtype>");
  }
}

std::pair<int, int> parse_declares(string_view text) {
  int year = 0;
  int month = 0;
  const char* end = text.data() + text.size();
  const auto [dot, year_error] = std::from_chars(text.data(), end, year);
  if (year_error == std::errc() && dot != end && *dot == '.') {
    const auto [last, month_error] = std::from_chars(dot + 1, end, month);
    if (month_error == std::errc() && last == end) return {year, month};
  }
  throw CatalogueError("library", "declares", text,
                       "<year>.<month> of an array API version, such as 2024.12");
}

Plan::Builder::Builder(Plan& plan, PlanSpec spec) : plan_(plan), spec_(std::move(spec)) {
  profile_ = find_profile(spec_.profile);
  if (profile_ == nullptr)
    throw CatalogueError("plan", "profile", spec_.profile, names_of(profiles()));
  for (const std::string& filter : spec_.filters) filters_.emplace_back(filter);
}

void Plan::Builder::build() {
  take_libraries();
  take_ways();
  for (const LibrarySpec& library : spec_.libraries) combine(library);
  for (std::size_t way = 0; way < plan_.ways_.size(); ++way) add_exchanges(way);
  std::ranges::sort(plan_.exchanges_);
  add_singles();
  make_pairs();
  plan_.exchanges_.shrink_to_fit();
}

const LibraryInfo* Plan::Builder::library(string_view name, string_view side) const {
  const auto found =
      std::ranges::find_if(plan_.libraries_, [&](const auto& info) { return info->name == name; });
  if (found != plan_.libraries_.end()) return found->get();
  std::string allowed;
  for (const auto& info : plan_.libraries_)
    allowed.append(allowed.empty() ? "" : ", ").append(info->name);
  throw CatalogueError("way", side, name, allowed);
}

void Plan::Builder::take_libraries() {
  std::ranges::sort(spec_.libraries, {},
                    [](const LibrarySpec& library) { return library.info.name; });
  for (const LibrarySpec& library : spec_.libraries) {
    check_name("library", "name", library.info.name);
    if (!plan_.libraries_.empty() && plan_.libraries_.back()->name == library.info.name) {
      throw CatalogueError("plan", "library", library.info.name, "each name once");
    }
    plan_.libraries_.push_back(std::make_unique<LibraryInfo>(library.info));
    plan_.libraries_.back()->dtypes = dtypes_of(library);
    plan_.libraries_.back()->devices = devices_of(library);
  }
  if (spec_.target) static_cast<void>(library(*spec_.target, "target"));
}

void Plan::Builder::take_ways() {
  for (WaySpec& spec : spec_.ways) {
    check_name("way", "route", spec.route.name);
    Way way{.producer = library(spec.producer, "producer"),
            .consumer = library(spec.consumer, "consumer"),
            .route = {},
            .requests = parse_requests(spec)};
    way.route = std::move(spec.route);
    if (is_target(way)) plan_.ways_.push_back(std::move(way));
  }
  const auto key = [](const Way& way) {
    return std::tuple<string_view, string_view, string_view>(way.producer->name, way.consumer->name,
                                                             way.route.name);
  };
  std::ranges::sort(plan_.ways_, {}, key);
  const auto twice = std::ranges::adjacent_find(plan_.ways_, {}, key);
  if (twice != plan_.ways_.end())
    throw CatalogueError("plan", "way", twice->route.name, "each route once for a pair");
  if (plan_.ways_.size() > 0xffff) {
    throw CatalogueError("plan", "ways", std::to_string(plan_.ways_.size()), "at most 65535");
  }
}

bool Plan::Builder::is_wanted(const CaseId& id) const {
  return filters_.empty() ||
         std::ranges::any_of(filters_, [&](const Query& query) { return query.matches(id); });
}

bool Plan::Builder::is_target(const Way& way) const {
  return !spec_.target || way.producer->name == *spec_.target ||
         way.consumer->name == *spec_.target || way.route.owner == *spec_.target;
}

void Plan::Builder::combine(const LibrarySpec& library) {
  std::vector<Combination> all;
  for (const MakesSpec& makes : library.makes) combine(library, makes, all);
  const auto key = [](const Combination& one) {
    return std::tuple(one.source, one.device, one.dtype, one.layout);
  };
  // What one entry excludes and another makes is made.
  std::ranges::stable_sort(
      all, {}, [&](const Combination& one) { return std::pair(key(one), one.reason != nullptr); });
  const auto again = std::ranges::unique(all, {}, key);
  all.erase(again.begin(), again.end());
  combinations_.emplace(library.info.name, std::move(all));
}

void Plan::Builder::combine(const LibrarySpec& library, const MakesSpec& makes,
                            std::vector<Combination>& out) {
  const std::string where = "library " + library.info.name + ", makes";
  const std::uint8_t source =
      index_of(sources(), find_source(makes.source), where, "source", makes.source);
  const std::uint8_t device =
      index_of(devices(), find_device(makes.device), where, "device", makes.device);
  check_excluded(makes, where);
  std::vector<std::uint8_t> layout_indices;
  if (makes.layouts) {
    for (const std::string& name : *makes.layouts) {
      layout_indices.push_back(index_of(layouts(), find_layout(name), where, "layout", name));
    }
  } else {
    for (std::size_t at = 0; at < layouts().size(); ++at)
      layout_indices.push_back(static_cast<std::uint8_t>(at));
  }
  for (const std::string& name : makes.dtypes) {
    const std::uint8_t dtype = index_of(dtypes(), find_dtype(name), where, "dtype", name);
    for (const std::uint8_t layout : layout_indices) {
      std::uint32_t products = 0;
      for (std::size_t at = 0; at < profile_->products.size(); ++at) {
        const ProductRow& product = profile_->products[at];
        if (selects(product.devices, makes.device) && selects(product.sources, makes.source) &&
            selects(product.dtypes, dtypes()[dtype]) &&
            selects(product.layouts, layouts()[layout])) {
          products |= 1u << at;
        }
      }
      if (products == 0) continue;
      out.push_back({source, device, dtype, layout, products,
                     reason_for(makes, name, layouts()[layout].name)});
    }
  }
}

std::uint32_t Plan::Builder::products_of(const Request& request) const {
  std::uint32_t products = 0;
  for (std::size_t at = 0; at < profile_->products.size(); ++at) {
    if (selects(profile_->products[at].requests, request.text)) products |= 1u << at;
  }
  return products;
}

void Plan::Builder::add_exchanges(std::size_t way_index) {
  const Way& way = plan_.ways_[way_index];
  const auto& combinations = combinations_.find(way.producer->name)->second;
  for (std::size_t at = 0; at < way.requests.size(); ++at) {
    const std::uint32_t products = products_of(way.requests[at]);
    const bool copying = copies(way.route, way.requests[at]);
    for (const Combination& one : combinations) {
      if ((one.products & products) == 0) continue;
      const bool on_host = devices()[one.device].type == kHostType;
      if (on_host ? !way.route.takes_host || way.requests[at].device == Passed::kHost
                  : !takes(way.route, devices()[one.device].name))
        continue;
      const Exchange exchange{.way = static_cast<std::uint16_t>(way_index),
                              .request = static_cast<std::uint8_t>(at),
                              .source = one.source,
                              .device = one.device,
                              .dtype = one.dtype,
                              .layout = one.layout};
      if (!filters_.empty() && !is_wanted(plan_.axes(exchange))) continue;
      if (one.reason != nullptr) {
        ++plan_.excluded_[*one.reason];
      } else if (!on_host && way.requests[at].device == Passed::kOwn) {
        ++plan_.excluded_[std::string(kNamesHost)];
      } else if (copying && layouts()[one.layout].has(kHuge)) {
        ++plan_.excluded_[std::string(kHugeCopy)];
      } else {
        plan_.exchanges_.push_back(exchange);
      }
    }
  }
}

void Plan::Builder::add_singles() {
  for (std::uint32_t at = 0; at < spec_.libraries.size(); ++at) {
    const LibrarySpec& library = spec_.libraries[at];
    if (spec_.target && library.info.name != *spec_.target) continue;
    const auto add = [&](Single single) {
      const std::string where = "library " + library.info.name;
      check_name(where, axis_names(single.kind)[1], single.subject);
      check_name(where, axis_names(single.kind)[2], single.variant);
      if (is_wanted(plan_.axes(single))) plan_.singles_.push_back(std::move(single));
    };
    auto protocol = library.protocol;
    std::ranges::sort(protocol, {}, [](const ProtocolSpec& one) {
      return std::pair<string_view, string_view>(one.rule, one.variant);
    });
    for (ProtocolSpec& one : protocol) {
      if (find_rule(one.rule) == nullptr)
        throw CatalogueError("library " + library.info.name + ", protocol " + one.variant, "rule",
                             one.rule, "an id of the rule tables");
      add({at, CaseKind::kProtocol, std::move(one.rule), std::move(one.variant), one.malformed,
           std::move(one.absent)});
    }
    auto usage = library.usage;
    std::ranges::sort(usage);
    for (auto& [topic, variant] : usage)
      add({at, CaseKind::kUsage, std::move(topic), std::move(variant), false, {}});
  }
}

void Plan::Builder::make_pairs() {
  for (std::size_t index = 0; index < plan_.size(); ++index) {
    const CaseId id = plan_.axes(index);
    const string_view consumer = id.kind == CaseKind::kExchange ? id.parts[1] : string_view();
    auto& pairs = plan_.pairs_;
    if (pairs.empty() || pairs.back().producer != id.parts[0] ||
        pairs.back().consumer != consumer) {
      pairs.push_back({std::string(id.parts[0]), std::string(consumer), index, index});
    }
    pairs.back().end = index + 1;
  }
}

}  // namespace dlpack_conformance
