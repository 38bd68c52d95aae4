#include "core/blame.h"

#include <algorithm>
#include <charconv>
#include <compare>
#include <optional>
#include <string>
#include <utility>

namespace dlpack_conformance {
namespace {

using Version = std::pair<std::int64_t, std::int64_t>;

constexpr std::string_view kReference = "reference";

bool is_reference(const LibraryInfo* library) {
  return library != nullptr && library->name == kReference;
}

bool bound(const Rule& rule, const LibraryInfo* library) {
  if (library == nullptr) return false;
  if (library->promises.contains(std::string(rule.id))) return true;
  if (!library->declares) return false;
  if (rule.since.scale != Edition::Scale::kArrayApi) return true;
  return *library->declares >= std::pair(rule.since.major, rule.since.minor);
}

/// First two numbers of a text such as `2.13.0+cpu`.
std::optional<Version> parse_version(std::string_view text) {
  Version version{0, 0};
  const char* end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.first);
  if (major.ec != std::errc{}) return std::nullopt;
  if (major.ptr != end && *major.ptr == '.') std::from_chars(major.ptr + 1, end, version.second);
  return version;
}

/// The version that an edition is compared with.
std::optional<Version> version_seen(const Edition& edition, const Seen& seen) {
  if (edition.scale == Edition::Scale::kDlpack) {
    const Facts& facts = seen.facts;
    // An exchange table states its own version; the name of its attribute is that of 1.3.
    if (facts.table_version && facts.table_version->size() == 2)
      return Version{(*facts.table_version)[0], (*facts.table_version)[1]};
    if (facts.table_present == Flag{true} || facts.table_on_instance == Flag{true})
      return Version{1, 3};
    if (facts.export_version && facts.export_version->size() == 2)
      return Version{(*facts.export_version)[0], (*facts.export_version)[1]};
    if (facts.export_capsule && *facts.export_capsule == "dltensor") return Version{0, 8};
    return std::nullopt;
  }
  for (const LibraryInfo* library : {seen.subject.consumer, seen.subject.producer}) {
    if (library == nullptr) continue;
    const auto found = library->versions.find(std::string(edition.package));
    if (found != library->versions.end()) return parse_version(found->second);
  }
  return std::nullopt;
}

/// Array API editions say whom a rule binds and are never a reason to leave it out.
bool is_condition(const Edition& edition) {
  return edition.scale == Edition::Scale::kDlpack || edition.scale == Edition::Scale::kPackage;
}

}  // namespace

Blame blame_of(const Rule& rule, const Seen& seen) {
  switch (rule.duty) {
    case Duty::kProducer:
      return Blame::kProducer;
    case Duty::kConsumer:
      return Blame::kConsumer;
    case Duty::kRoute:
      // A route that belongs to no library is two libraries' functions that meet: a border.
      if (seen.subject.route != nullptr && !seen.subject.route->owner.empty()) return Blame::kRoute;
      break;
    case Duty::kLibrary:
      return Blame::kLibrary;
    case Duty::kNobody:
      return Blame::kNone;
    case Duty::kBorder:
      break;
  }
  // One library against the reference: there is nobody else.
  if (seen.subject.kind == CaseKind::kProtocol) return Blame::kLibrary;
  switch (rule.crossed ? rule.crossed(seen) : Answer::kUnknown) {
    case Answer::kYes:
      return Blame::kConsumer;
    case Answer::kNo:
      return Blame::kProducer;
    case Answer::kUnknown:
      break;
  }
  const bool by_reference = is_reference(seen.subject.producer);
  const bool to_reference = is_reference(seen.subject.consumer);
  if (by_reference == to_reference) return Blame::kPair;
  return by_reference ? Blame::kConsumer : Blame::kProducer;
}

bool binds_as_written(const Rule& rule, const Case& subject, Blame side) {
  if (binds_whom(rule) != Binds::kArrayApi) return true;
  switch (side) {
    case Blame::kProducer:
    case Blame::kLibrary:
      return bound(rule, subject.producer);
    case Blame::kConsumer:
      return bound(rule, subject.consumer);
    case Blame::kPair:
      return bound(rule, subject.producer) && bound(rule, subject.consumer);
    case Blame::kRoute:
    case Blame::kNone:
      return true;
  }
  return true;
}

Answer in_force(const Rule& rule, const Seen& seen) {
  if (rule.binds == Binds::kListed && seen.subject.kind == CaseKind::kExchange &&
      (seen.subject.route == nullptr ||
       std::ranges::find(seen.subject.route->rules, rule.id) == seen.subject.route->rules.end()))
    return Answer::kNo;
  if (is_condition(rule.since)) {
    const std::optional<Version> version = version_seen(rule.since, seen);
    if (!version) return Answer::kUnknown;
    if (*version < Version{rule.since.major, rule.since.minor}) return Answer::kNo;
  }
  if (is_condition(rule.until)) {
    const std::optional<Version> version = version_seen(rule.until, seen);
    if (!version) return Answer::kUnknown;
    if (*version > Version{rule.until.major, rule.until.minor}) return Answer::kNo;
  }
  return Answer::kYes;
}

}  // namespace dlpack_conformance
