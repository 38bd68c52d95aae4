#include "core/plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "catalogue/devices.h"
#include "catalogue/dtypes.h"
#include "catalogue/error.h"
#include "catalogue/layouts.h"
#include "catalogue/sources.h"
#include "core/plan_builder.h"
#include "core/values.h"

namespace dlpack_conformance {
namespace {

using std::string_view;

template <class Row>
std::uint8_t row_index(std::span<const Row> table, const Row* row) {
  return static_cast<std::uint8_t>(row - table.data());
}

const Promise* promise_of(const RouteInfo& route, const std::string& request) {
  auto found = route.promises.find(request);
  if (found == route.promises.end()) found = route.promises.find("");
  return found == route.promises.end() ? nullptr : &found->second;
}

}  // namespace

Plan::Plan(PlanSpec spec) { Builder(*this, std::move(spec)).build(); }
Plan::~Plan() = default;
Plan::Plan(Plan&&) noexcept = default;
Plan& Plan::operator=(Plan&&) noexcept = default;

void Plan::check(std::size_t index) const {
  if (index < size()) return;
  throw std::out_of_range("plan: index is " + std::to_string(index) + "; allowed: below " +
                          std::to_string(size()));
}

CaseId Plan::axes(const Exchange& exchange) const {
  const Way& way = ways_[exchange.way];
  CaseId id;
  id.parts = {way.producer->name,
              way.consumer->name,
              way.route.name,
              way.requests[exchange.request].text,
              dtypes()[exchange.dtype].name,
              layouts()[exchange.layout].name,
              sources()[exchange.source].name,
              devices()[exchange.device].name};
  return id;
}

CaseId Plan::axes(const Single& single) const {
  CaseId id;
  id.kind = single.kind;
  id.parts = {libraries_[single.library]->name, single.subject, single.variant};
  return id;
}

CaseId Plan::axes(std::size_t index) const {
  check(index);
  return index < exchanges_.size() ? axes(exchanges_[index])
                                   : axes(singles_[index - exchanges_.size()]);
}

std::string Plan::id(std::size_t index) const {
  const CaseId parts = axes(index);
  std::string text(spelled(parts.kind));
  text.reserve(112);
  for (const string_view part : parts.axes()) text.append("/").append(part);
  return text;
}

Case Plan::at(std::size_t index) const {
  Case subject;
  subject.id = id(index);
  if (index >= exchanges_.size()) {
    const Single& single = singles_[index - exchanges_.size()];
    subject.kind = single.kind;
    subject.producer = libraries_[single.library].get();
    if (single.kind == CaseKind::kProtocol) subject.consumer = subject.producer;
    subject.subject = single.subject;
    subject.variant = single.variant;
    subject.malformed = single.malformed;
    return subject;
  }
  const Exchange& exchange = exchanges_[index];
  const Way& way = ways_[exchange.way];
  subject.producer = way.producer;
  subject.consumer = way.consumer;
  subject.route = &way.route;
  subject.request = &way.requests[exchange.request];
  subject.promise = promise_of(way.route, subject.request->text);
  subject.dtype = &dtypes()[exchange.dtype];
  subject.layout = &layouts()[exchange.layout];
  subject.source = &sources()[exchange.source];
  subject.device = &devices()[exchange.device];
  return subject;
}

string_view Plan::absent(std::size_t index) const {
  check(index);
  if (index >= exchanges_.size()) return singles_[index - exchanges_.size()].absent;
  const Way& way = ways_[exchanges_[index].way];
  const auto found = way.route.absent.find(way.requests[exchanges_[index].request].text);
  return found == way.route.absent.end() ? string_view() : string_view(found->second);
}

string_view Plan::absent_device(std::size_t index) const {
  check(index);
  if (index >= exchanges_.size()) return {};
  const Exchange& exchange = exchanges_[index];
  const auto& absent = ways_[exchange.way].producer->absent_devices;
  const auto found = absent.find(std::string(devices()[exchange.device].name));
  return found == absent.end() ? string_view() : string_view(found->second);
}

std::optional<std::size_t> Plan::find(string_view case_id) const {
  CaseId id;
  try {
    id = parse_case_id(case_id);
  } catch (const CatalogueError&) {
    return std::nullopt;
  }
  const auto& part = id.parts;
  if (id.kind != CaseKind::kExchange) {
    const auto found = std::ranges::find_if(singles_, [&](const Single& single) {
      return single.kind == id.kind && libraries_[single.library]->name == part[0] &&
             single.subject == part[1] && single.variant == part[2];
    });
    if (found == singles_.end()) return std::nullopt;
    return exchanges_.size() + static_cast<std::size_t>(found - singles_.begin());
  }
  const auto way = std::ranges::find_if(ways_, [&](const Way& candidate) {
    return candidate.producer->name == part[0] && candidate.consumer->name == part[1] &&
           candidate.route.name == part[2];
  });
  if (way == ways_.end()) return std::nullopt;
  const auto request = std::ranges::find(way->requests, part[3], &Request::text);
  const DTypeRow* dtype = find_dtype(part[4]);
  const LayoutRow* layout = find_layout(part[5]);
  const SourceRow* source = find_source(part[6]);
  const DeviceRow* device = find_device(part[7]);
  if (request == way->requests.end() || !dtype || !layout || !source || !device)
    return std::nullopt;
  const Exchange wanted{.way = static_cast<std::uint16_t>(way - ways_.begin()),
                        .request = static_cast<std::uint8_t>(request - way->requests.begin()),
                        .source = row_index(sources(), source),
                        .device = row_index(devices(), device),
                        .dtype = row_index(dtypes(), dtype),
                        .layout = row_index(layouts(), layout)};
  const auto found = std::ranges::lower_bound(exchanges_, wanted);
  if (found == exchanges_.end() || *found != wanted) return std::nullopt;
  return static_cast<std::size_t>(found - exchanges_.begin());
}

std::vector<std::string> Plan::alike() const {
  std::set<std::pair<std::uint8_t, std::uint8_t>> used;
  for (const Exchange& exchange : exchanges_) used.emplace(exchange.dtype, exchange.layout);
  // Dtypes with the same numbers give the same answer.
  std::map<std::tuple<ValueSet, std::uint16_t, std::uint8_t>, std::vector<string_view>> known;
  std::vector<std::string> lines;
  for (const auto& [dtype_at, written_at] : used) {
    const DTypeRow& dtype = dtypes()[dtype_at];
    const LayoutRow& written = layouts()[written_at];
    const auto [entry, is_new] = known.try_emplace({dtype.values, dtype.lanes, written_at});
    for (const LayoutRow& read : layouts()) {
      if (!is_new) break;
      if (&read != &written && read.shape == written.shape && read_alike(dtype, written, read)) {
        entry->second.push_back(read.name);
      }
    }
    for (const string_view read : entry->second) {
      lines.push_back(
          std::string(dtype.name).append(" ").append(written.name).append(" ").append(read));
    }
  }
  return lines;
}

}  // namespace dlpack_conformance
