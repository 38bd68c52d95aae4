#include "gtest/suite.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <stdexcept>

#include "catalogue/profiles.h"
#include "core/catalogue_digest.h"
#include "core/record.h"
#include "gtest/census.h"
#include "gtest/exchange.h"
#include "gtest/sha256.h"

namespace dlpack_conformance::kit {
namespace {

constexpr std::string_view kReference = "reference";
constexpr std::int64_t kSchema = 1;

Json text(std::string_view value) { return {std::string(value)}; }

Json texts(const std::vector<std::string>& values) {
  Json::Array array;
  for (const std::string& value : values) array.push_back(text(value));
  return {std::move(array)};
}

Json texts(const std::map<std::string, std::string>& values) {
  Json::Object object;
  for (const auto& [key, value] : values) object.emplace_back(key, text(value));
  return {std::move(object)};
}

/// Is there such a case of this library? Its source must be one that it makes.
bool has_case(const Subject& subject, const Census& census, const Probe& probe) {
  if (probe.dtype.empty() || !lacking(subject, probe.need).empty()) return true;
  return census.makes(probe.source, probe.dtype, probe.layout);
}

LibrarySpec library_spec(const Subject& subject) {
  const Census& census = census_of(subject);
  LibrarySpec spec;
  spec.info.name = subject.name;
  spec.info.versions[subject.name] = census.version;
  spec.makes = census.makes_specs;
  for (const Probe& probe : all_probes()) {
    if (!has_case(subject, census, probe)) continue;
    spec.protocol.push_back(
        {probe.rule, probe.variant, probe.malformed, lacking(subject, probe.need)});
  }
  return spec;
}

WaySpec way_spec(std::string producer, std::string consumer) {
  WaySpec way;
  way.producer = std::move(producer);
  way.consumer = std::move(consumer);
  way.route.name = kRoute;
  way.route.dlpack = true;
  Promise promise;
  set_promise_kind(promise, "shares-if-possible");
  promise.document = "DP";
  promise.section = "copy";
  way.route.promises.emplace("", std::move(promise));
  way.requests = {"plain"};
  return way;
}

PlanSpec plan_spec(const std::vector<Subject>& subjects, std::string profile,
                   std::vector<std::string> filters) {
  PlanSpec spec;
  spec.profile = std::move(profile);
  spec.filters = std::move(filters);
  std::set<std::string> names;
  for (const Subject& subject : subjects) {
    if (!names.insert(subject.name).second)
      throw std::runtime_error("two libraries are named " + subject.name);
    spec.libraries.push_back(library_spec(subject));
    const std::string reference(kReference);
    if (subject.name == reference) continue;  // there is nobody else to exchange with
    if (subject.to_dlpack || subject.to_dlpack_versioned)
      spec.ways.push_back(way_spec(subject.name, reference));
    if (subject.from_dlpack || subject.from_dlpack_versioned)
      spec.ways.push_back(way_spec(reference, subject.name));
  }
  if (!names.contains(std::string(kReference))) {
    LibrarySpec reference;
    reference.info.name = kReference;
    reference.info.versions["dlpack-conformance"] = DLCONFORM_VERSION;
    reference.makes = reference_makes();
    spec.libraries.push_back(std::move(reference));
  }
  std::ranges::sort(spec.libraries, {}, [](const LibrarySpec& one) { return one.info.name; });
  return spec;
}

Json makes_json(const std::vector<MakesSpec>& makes) {
  Json::Array rows;
  for (const MakesSpec& one : makes) {
    Json::Array excluded;
    for (const auto& [dtype, layout, reason] : one.excluded)
      excluded.push_back({Json::Array{text(dtype), text(layout), text(reason)}});
    rows.push_back({Json::Object{{"source", text(one.source)},
                                 {"dtypes", texts(one.dtypes)},
                                 {"layouts", one.layouts ? texts(*one.layouts) : Json{}},
                                 {"excluded", {std::move(excluded)}},
                                 {"device", text(one.device)}}});
  }
  return {std::move(rows)};
}

Json libraries_json(const std::vector<LibrarySpec>& libraries) {
  Json::Object object;
  for (const LibrarySpec& one : libraries) {
    Json::Array protocol;
    for (const ProtocolSpec& row : one.protocol)
      protocol.push_back(
          {Json::Array{text(row.rule), text(row.variant),
                       text(row.malformed ? "malformed" : "valid"), text(row.absent)}});
    object.emplace_back(one.info.name,
                        Json{Json::Object{{"versions", texts(one.info.versions)},
                                          {"declares", Json{}},
                                          {"promises", {Json::Object{}}},
                                          {"readonly_arrays", {one.info.readonly_arrays}},
                                          {"immutable_arrays", {one.info.immutable_arrays}},
                                          {"makes", makes_json(one.makes)},
                                          {"protocol", {std::move(protocol)}},
                                          {"usage", {Json::Array{}}},
                                          {"absent_devices", {Json::Object{}}}}});
  }
  return {std::move(object)};
}

Json ways_json(const std::vector<WaySpec>& ways) {
  Json::Array rows;
  for (const WaySpec& way : ways) {
    const Promise& promise = way.route.promises.at("");
    rows.push_back({Json::Object{{"producer", text(way.producer)},
                                 {"consumer", text(way.consumer)},
                                 {"route", text(way.route.name)},
                                 {"owner", text("")},
                                 {"dlpack", {way.route.dlpack}},
                                 {"takes_devices", {false}},
                                 {"requests", texts(way.requests)},
                                 {"promise",
                                  {Json::Object{{"kind", text("shares-if-possible")},
                                                {"document", text(promise.document)},
                                                {"section", text(promise.section)},
                                                {"shape", text("same")},
                                                {"by_request", {Json::Object{}}}}}},
                                 {"rules", {Json::Array{}}},
                                 {"absent", {Json::Object{}}}}});
  }
  return {std::move(rows)};
}

}  // namespace

Suite::Suite(const std::vector<Subject>& subjects, std::string profile,
             std::vector<std::string> filters)
    : subjects_(subjects),
      spec_(plan_spec(subjects, std::move(profile), std::move(filters))),
      plan_(spec_) {
  for (const Probe& probe : all_probes())
    probes_.emplace(std::pair(probe.rule, probe.variant), &probe);
}

const Subject& Suite::subject_of(std::size_t index) const {
  const CaseId id = plan_.axes(index);
  std::string_view name = id.parts[0];
  if (id.kind == CaseKind::kExchange && name == kReference) name = id.parts[1];
  return *std::ranges::find(subjects_, name, &Subject::name);
}

Result Suite::run(std::size_t index, const Isolation& isolation) const {
  const Case subject = plan_.at(index);
  const CaseId id = plan_.axes(index);
  const auto begin = std::chrono::steady_clock::now();
  Result result;
  if (const std::string_view absent = plan_.absent(index); !absent.empty()) {
    result.facts.route_absent = std::string(absent);
  } else if (subject.kind == CaseKind::kProtocol) {
    const Probe& probe = *probes_.at({std::string(id.parts[1]), std::string(id.parts[2])});
    result.facts = isolated(subject_of(index), probe.run, isolation);
  } else {
    const bool out = id.parts[0] == subject_of(index).name;
    result.facts = isolated(
        subject_of(index),
        [&](Observer& observer) {
          return out ? exchange_out(observer, subject) : exchange_in(observer, subject);
        },
        isolation);
  }
  const auto took = std::chrono::steady_clock::now() - begin;
  result.judgement = judge_.judge(subject, result.facts);
  result.line = record_line(subject, result.facts, result.judgement,
                            std::chrono::duration_cast<std::chrono::nanoseconds>(took).count());
  return result;
}

std::string Suite::header(std::size_t planned, const std::vector<std::string>& command) const {
  utsname system{};
  uname(&system);
  Json::Object excluded;
  for (const auto& [reason, count] : plan_.excluded())
    excluded.emplace_back(reason, Json{static_cast<std::int64_t>(count)});
  return header_line(
      {Json::Object{{"schema", {kSchema}},
                    {"suite", text(DLCONFORM_VERSION)},
                    {"catalogue", text(catalogue_digest())},
                    {"python", text("none: the kit for C++")},
                    {"os", text(system.sysname)},
                    {"machine", text(system.machine)},
                    {"page_bytes", {static_cast<std::int64_t>(sysconf(_SC_PAGESIZE))}},
                    {"devices", texts(std::vector<std::string>{"cpu"})},
                    {"profile", text(spec_.profile)},
                    {"filters", texts(spec_.filters)},
                    {"command", texts(command)},
                    {"planned", {static_cast<std::int64_t>(planned)}},
                    {"excluded", {std::move(excluded)}},
                    {"alike", texts(plan_.alike())},
                    {"missing", {Json::Object{}}},
                    {"census",
                     {Json::Object{{"profile", text(spec_.profile)},
                                   {"filters", texts(spec_.filters)},
                                   {"target", Json{}},
                                   {"libraries", libraries_json(spec_.libraries)},
                                   {"ways", ways_json(spec_.ways)}}}}}});
}

std::string footer(const std::vector<std::string>& lines, const std::vector<Result>& results) {
  std::map<std::string, std::int64_t> outcomes, verdicts;
  for (const Result& result : results) {
    ++outcomes[std::string(spell(result.judgement.outcome))];
    ++verdicts[std::string(spell(result.judgement.verdict))];
  }
  const auto counts = [](const std::map<std::string, std::int64_t>& numbers) {
    Json::Object object;
    for (const auto& [key, number] : numbers) object.emplace_back(key, Json{number});
    return Json{std::move(object)};
  };
  Sha256 digest;
  for (const std::string& line : lines) {
    digest.add(std::string_view(line).substr(0, line.rfind(",\"time_ns\":")));
    digest.add("\n");
  }
  return footer_line({Json::Object{{"cases", {static_cast<std::int64_t>(lines.size())}},
                                   {"counts", counts(outcomes)},
                                   {"verdicts", counts(verdicts)}}},
                     digest.text());
}

}  // namespace dlpack_conformance::kit
