/// @file
/// A rule: one row of the tables in `rules/`, and what the compiler checks of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "catalogue/ambiguities.h"
#include "catalogue/documents.h"
#include "catalogue/predicate.h"
#include "catalogue/reasons.h"
#include "core/case.h"

namespace dlpack_conformance {

/// `kDerived`: no sentence says it, but another must, or a definition, cannot hold without it.
enum class Level : std::uint8_t { kMust, kDerived, kShould, kMay, kSilent };

/// Who is to follow. `kBorder`: what crossed decides between producer and consumer.
enum class Duty : std::uint8_t { kProducer, kConsumer, kRoute, kLibrary, kBorder, kNobody };

/// What a rule speaks about. A fallback is judged where no rule about the outcome was; a silent
/// rule after that.
enum class About : std::uint8_t { kDetail, kOutcome, kFallback };

/// A version on one of the scales on which texts and packages are counted.
struct Edition {
  enum class Scale : std::uint8_t { kNone, kArrayApi, kDlpack, kPackage };
  Scale scale = Scale::kNone;
  int major = 0;
  int minor = 0;
  std::string_view package;
};

/// Array API standard: whom an array API rule binds as written.
constexpr Edition aa(int year, int month) { return {Edition::Scale::kArrayApi, year, month, {}}; }
/// DLPack header: the version that the export states; a legacy capsule counts as 0.8.
constexpr Edition dl(int major, int minor) { return {Edition::Scale::kDlpack, major, minor, {}}; }
/// A package of either library.
constexpr Edition package(std::string_view name, int major, int minor) {
  return {Edition::Scale::kPackage, major, minor, name};
}

/// One way to read an ambiguous text, and what it allows.
struct Reading {
  std::string_view id;
  std::string_view text;
  Clause allows;
};

/// What a rule asks of the facts.
struct Question {
  Clause when;   ///< judged only where this is yes; empty: always
  Clause holds;  ///< followed; unknown: left out
  Clause error;  ///< the class of what was raised, where something was to be raised
  std::span<const Reading> readings;  ///< instead of `holds`

  constexpr explicit operator bool() const { return when || holds || !readings.empty(); }
};

/// A row of the rule table; what is not given is empty. `text` is a fact that is true where the
/// rule is followed. `when`, `holds`, `error` and `readings` are its question in cases of the kind
/// `judged_in`; a rule of exchange cases that also has protocol cases asks `probed` there.
struct Rule {
  std::string_view id;
  Level level = Level::kMust;
  Duty duty = Duty::kNobody;
  Binds binds = Binds::kByDocument;
  About about = About::kDetail;
  CaseKind judged_in = CaseKind::kExchange;
  Edition since;  ///< not before
  Edition until;  ///< not after
  Sources source;
  std::string_view text;
  Clause when;   ///< judged only where this is yes; empty: always
  Clause holds;  ///< followed; unknown: left out
  Clause error;  ///< the class of what was raised, where something was to be raised
  std::string_view ambiguity;
  std::span<const Reading> readings;  ///< instead of `holds`
  Clause crossed;                     ///< of border duty: what crossed was right; empty: nobody saw
  std::string_view reason;
  std::string_view lost_reason;  ///< instead, where the process was lost; empty: the same
  Question probed;               ///< in protocol cases, where they are not `judged_in`
  bool probed_silent = false;    ///< of a silent rule of exchange cases: it has protocol cases, too
  bool in_every_probe = false;   ///< `probed` is asked in protocol cases of other rules, too
  std::string_view untestable;   ///< why no case on a CPU can show it broken; then nothing is asked
  std::string_view added;        ///< release of the suite that brought it; empty: the first one
};

/// The rule's question in cases of a kind; false where it is not judged there.
constexpr bool is_judged_in(const Rule& rule, CaseKind kind) {
  if (!rule.untestable.empty()) return false;
  if (rule.judged_in == kind) return true;
  return kind == CaseKind::kProtocol &&
         (static_cast<bool>(rule.probed) || (rule.level == Level::kSilent && rule.probed_silent));
}

/// Whom the rule binds as written: its own word, else the most binding of its documents.
Binds binds_whom(const Rule& rule);

std::string_view spell(Level level);
std::string_view spell(Duty duty);
std::string_view spell(Binds binds);
/// `array API 2023.12`, `DLPack 1.2`, `numpy 2.0`; empty for none.
std::string spell(const Edition& edition);

/// The tables, one a group of requirements.
std::span<const Rule> header_rules();
std::span<const Rule> tensor_rules();
std::span<const Rule> producer_rules();
std::span<const Rule> consumer_rules();
std::span<const Rule> stream_rules();
std::span<const Rule> exchange_api_rules();
std::span<const Rule> route_rules();

/// All rules, in the order H, T, P, C, X, S, R.
std::span<const Rule> rules();

/// @return the row, or null where the catalogue has no such id.
const Rule* find_rule(std::string_view id);

/// What the compiler checks of a table. Each is a function of its own, so that the failing
/// assertion names it.
namespace lint {

constexpr bool ids_unique(std::span<const Rule> table, char group) {
  for (std::size_t a = 0; a < table.size(); ++a) {
    if (table[a].id.size() != 4 || table[a].id[0] != group || table[a].id[1] != '-') return false;
    for (std::size_t b = a + 1; b < table.size(); ++b) {
      if (table[a].id == table[b].id) return false;
    }
  }
  return true;
}

constexpr bool texts_are_facts(std::span<const Rule> table) {
  for (const Rule& rule : table) {
    if (rule.text.empty() || rule.text.size() > 100) return false;
    if (rule.text.find("should") != std::string_view::npos) return false;
  }
  return true;
}

constexpr bool sources_given(std::span<const Rule> table) {
  for (const Rule& rule : table) {
    if (rule.source.count == 0) return false;
    for (const Place& one : rule.source.all()) {
      if (one.place.empty()) return false;
    }
  }
  return true;
}

constexpr bool reasons_known(std::span<const Rule> table) {
  for (const Rule& rule : table) {
    if (rule.untestable.empty() && !is_reason(rule.reason)) return false;
    if (!rule.lost_reason.empty() && !is_reason(rule.lost_reason)) return false;
    if (!rule.ambiguity.empty() && !is_ambiguity(rule.ambiguity)) return false;
  }
  return true;
}

/// A silent rule holds nothing, an untestable one asks nothing; any other has `holds` or readings,
/// and readings have their ambiguity.
constexpr bool questions_complete(std::span<const Rule> table) {
  for (const Rule& rule : table) {
    if (!rule.probed.readings.empty() && rule.ambiguity.empty()) return false;
    if (rule.probed && rule.judged_in == CaseKind::kProtocol) return false;
    if (!rule.untestable.empty()) {
      if (rule.when || rule.holds || !rule.readings.empty() || rule.probed) return false;
      continue;
    }
    if (rule.level == Level::kSilent) {
      if (rule.holds || !rule.readings.empty()) return false;
      continue;
    }
    if (rule.probed && static_cast<bool>(rule.probed.holds) == !rule.probed.readings.empty())
      return false;
    if (static_cast<bool>(rule.holds) == !rule.readings.empty()) return false;
    if (!rule.readings.empty() && rule.ambiguity.empty()) return false;
    if (rule.crossed && rule.duty != Duty::kBorder) return false;
  }
  return true;
}

}  // namespace lint

/// Checks a table at compile time.
#define DLCONFORM_LINT_RULES(table, group)                                                        \
  static_assert(lint::ids_unique(table, group), "an id is no id of this group, or not unique");   \
  static_assert(lint::texts_are_facts(table), "a text is empty, above 100 characters or a wish"); \
  static_assert(lint::sources_given(table), "a rule has no source");                              \
  static_assert(lint::reasons_known(table), "a reason or an ambiguity is not in its table");      \
  static_assert(lint::questions_complete(table),                                                  \
                "holds, readings or crossed do not fit the level and duty")

}  // namespace dlpack_conformance
