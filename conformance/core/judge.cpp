#include "core/judge.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "catalogue/rule.h"
#include "core/blame.h"

namespace dlpack_conformance {
namespace {

/// How far a rule that is no silent one was followed; none: a fact was missing.
struct Followed {
  bool all = false;  ///< as it holds, or in every reading
  std::string some;  ///< readings that allow it, where not all do
};

/// The question that a rule asks in a case.
const Question* question_of(const Rule& rule, const Case& subject, Question& own) {
  if (!is_judged_in(rule, subject.kind)) return nullptr;
  if (subject.kind == CaseKind::kProtocol && rule.id != subject.subject && !rule.in_every_probe)
    return nullptr;
  if (rule.judged_in != subject.kind) return &rule.probed;
  own = {rule.when, rule.holds, rule.error, rule.readings};
  return &own;
}

std::optional<Followed> follow(const Question& question, const Seen& seen) {
  if (question.readings.empty()) {
    const Answer holds = question.holds(seen);
    if (holds == Answer::kUnknown) return std::nullopt;
    return Followed{holds == Answer::kYes, {}};
  }
  Followed followed{true, {}};
  for (const Reading& reading : question.readings) {
    const Answer allows = reading.allows(seen);
    if (allows == Answer::kUnknown) return std::nullopt;
    if (allows == Answer::kNo) {
      followed.all = false;
    } else {
      followed.some += (followed.some.empty() ? "" : "+") + std::string(reading.id);
    }
  }
  if (followed.all) followed.some.clear();
  return followed;
}

bool is_strict(const Rule& rule, const Case& subject, Blame side) {
  if (rule.level != Level::kMust && rule.level != Level::kDerived) return false;
  return binds_as_written(rule, subject, side);
}

/// Why a rule was not followed. A route that is documented to do something did not break its
/// promise where the process ended: it did worse, and the reason says so.
std::string_view reason_of(const Rule& rule, const Seen& seen) {
  const bool lost = seen.outcome == Outcome::kCrashed || seen.outcome == Outcome::kHung;
  if (lost && seen.facts.crash_touched == Flag{true}) return "touched-device-memory";
  if (lost && rule.duty == Duty::kRoute) return "process-lost";
  return lost && !rule.lost_reason.empty() ? rule.lost_reason : rule.reason;
}

/// A versioned capsule went to a call that did not ask for one: nobody owes to take that.
bool unasked_version(const Seen& seen) {
  const Facts& facts = seen.facts;
  if (seen.subject.kind != CaseKind::kProtocol || !facts.calls_log || !facts.capsule_first_name)
    return false;
  if (*facts.capsule_first_name != "dltensor_versioned") return false;
  return std::ranges::none_of(*facts.calls_log, [](const Text& call) {
    constexpr std::string_view kAsked = "max_version=(";
    const std::size_t at = call.find(kAsked);
    return at != Text::npos && call.substr(at + kAsked.size(), 2) != "0,";
  });
}

std::optional<Judged> judge_rule(const Rule& rule, const Seen& seen) {
  Question own;
  const Question* question = question_of(rule, seen.subject, own);
  if (question == nullptr || in_force(rule, seen) != Answer::kYes) return std::nullopt;
  // Only what was handed over right can be taken wrongly.
  if (seen.subject.malformed && rule.level != Level::kSilent) return std::nullopt;
  if (question->when && question->when(seen) != Answer::kYes) return std::nullopt;
  Judged entry{.rule = std::string(rule.id),
               .verdict = Verdict::kConforms,
               .reason = {},
               .blame = Blame::kNone};
  if (rule.level == Level::kSilent) {
    entry.verdict = Verdict::kUndecided;
    entry.reason = rule.reason;
    return entry;
  }
  const std::optional<Followed> followed = follow(*question, seen);
  if (!followed) return std::nullopt;
  if (!followed->all && unasked_version(seen)) return std::nullopt;
  if (followed->all) {
    if (!question->error || question->error(seen) != Answer::kNo) return entry;
    entry.verdict = Verdict::kPermitted;
    entry.reason = "wrong-error";
  } else if (!followed->some.empty()) {
    entry.verdict = Verdict::kPermitted;
    entry.reason = std::string(rule.ambiguity) + ":" + followed->some;
  } else {
    entry.reason = reason_of(rule, seen);
  }
  entry.blame = blame_of(rule, seen);
  if (entry.verdict == Verdict::kConforms)
    entry.verdict =
        is_strict(rule, seen.subject, entry.blame) ? Verdict::kDeviates : Verdict::kPermitted;
  return entry;
}

/// What cannot be blamed on anyone until it is seen again, or explained.
void take_back_deviations(std::vector<Judged>& judged) {
  for (Judged& entry : judged) {
    if (entry.verdict != Verdict::kDeviates) continue;
    entry.verdict = Verdict::kUndecided;
    entry.blame = Blame::kNone;
  }
}

/// No array, no exchange: nothing to judge.
bool lost_in_make(const Facts& facts) { return facts.crash_step && *facts.crash_step == "make"; }

/// Why no rule answered.
Judged without_rule(const Case& subject, const Facts& facts, const Happening& seen) {
  if (facts.suite_fault)
    return {.rule = {}, .verdict = Verdict::kSuiteFault, .reason = "suite-fault"};
  if (facts.route_absent && seen.outcome == Outcome::kNotRun)
    return {.rule = {}, .verdict = Verdict::kNotApplicable, .reason = "route-absent"};
  if (lost_in_make(facts))
    return {.rule = {}, .verdict = Verdict::kNotJudged, .reason = "lost-in-make"};
  if (subject.malformed && seen.not_run.empty())
    return {.rule = {}, .verdict = Verdict::kNotJudged, .reason = "malformed-input"};
  if (unasked_version({.subject = subject, .facts = facts, .outcome = seen.outcome}))
    return {.rule = {}, .verdict = Verdict::kNotJudged, .reason = "unasked-version"};
  return {.rule = {},
          .verdict = Verdict::kNotJudged,
          .reason = seen.not_run.empty() ? "no-rule" : std::string(seen.not_run)};
}

/// A rule of one route binds no other. A protocol case has no route: it is of the rule it names.
bool is_listed(const Rule& rule, const Case& subject) {
  return rule.binds != Binds::kListed || subject.kind != CaseKind::kExchange ||
         (subject.route != nullptr &&
          std::ranges::find(subject.route->rules, rule.id) != subject.route->rules.end());
}

constexpr int kDecidingTier = 0, kFallbackTier = 1, kSilentTier = 2;

int tier(const Rule& rule) {
  if (rule.level == Level::kSilent) return kSilentTier;
  return rule.about == About::kFallback ? kFallbackTier : kDecidingTier;
}

}  // namespace

Judge::Judge()
    : Judge(std::vector<Rule>(dlpack_conformance::rules().begin(),
                              dlpack_conformance::rules().end())) {}

// Rules that decide come first, then the fallbacks, then the silent ones; within a tier the table's
// order stays.
Judge::Judge(std::vector<Rule> rules) : rules_(std::move(rules)) {
  std::ranges::stable_sort(rules_, {}, tier);
}

Judge::Judge(const Judge& other) = default;
Judge& Judge::operator=(const Judge& other) = default;
Judge::Judge(Judge&& other) noexcept = default;
Judge& Judge::operator=(Judge&& other) noexcept = default;
Judge::~Judge() = default;

Docket Judge::docket(const Case& subject) const {
  Docket docket;
  for (const Rule& rule : rules_) {
    if (is_judged_in(rule, subject.kind) && is_listed(rule, subject)) docket.push_back(&rule);
  }
  return docket;
}

Judgement Judge::judge(const Case& subject, const Facts& facts, const Docket& docket) const {
  Happening happened = happening(subject, facts);
  Judgement judgement{.outcome = happened.outcome,
                      .modifiers = happened.modifiers,
                      .proof = std::move(happened.proof)};
  std::vector<Judged>& judged = judgement.judged;
  if (facts.suite_fault) {
    judged.push_back(without_rule(subject, facts, happened));
  } else if (happened.outcome != Outcome::kNotRun && !lost_in_make(facts)) {
    const Seen seen{.subject = subject, .facts = facts, .outcome = happened.outcome};
    bool spoken = false;
    int tier_spoken = kDecidingTier;
    judged.reserve(docket.size() / 2);
    for (const Rule* const asked : docket) {
      const Rule& rule = *asked;
      if (const int at = tier(rule); at != tier_spoken) {
        tier_spoken = at;
        if (spoken) break;
        const bool accused = std::ranges::any_of(
            judged, [](const Judged& entry) { return entry.verdict != Verdict::kConforms; });
        if (at == kSilentTier && accused) break;
      }
      std::optional<Judged> entry = judge_rule(rule, seen);
      if (!entry) continue;
      if (rule.about != About::kDetail) spoken = true;
      if (entry->reason == "wrong-error") judgement.modifiers.add(Modifier::kWrongError);
      judged.push_back(std::move(*entry));
    }
  }
  if (judgement.modifiers.has(Modifier::kUnconfirmed) ||
      judgement.modifiers.has(Modifier::kProofsDisagree))
    take_back_deviations(judged);
  if (judged.empty()) judged.push_back(without_rule(subject, facts, happened));
  if (!std::ranges::is_sorted(judged, {}, &Judged::verdict))
    std::ranges::stable_sort(judged, {}, &Judged::verdict);
  judgement.verdict = judged.front().verdict;
  judgement.blame = judged.front().blame;
  return judgement;
}

std::optional<Judged> answer_of(const Rule& rule, const Seen& seen) {
  return is_listed(rule, seen.subject) ? judge_rule(rule, seen) : std::nullopt;
}

Judgement judge(const Case& subject, const Facts& facts) {
  static const Judge catalogue;
  return catalogue.judge(subject, facts);
}

std::string_view spell(Verdict verdict) {
  static constexpr std::array<std::string_view, 7> kNames = {
      "suite-fault", "deviates",       "permitted", "undecided",
      "conforms",    "not-applicable", "not-judged"};
  return kNames[static_cast<std::size_t>(verdict)];
}

std::string_view spell(Blame blame) {
  static constexpr std::array<std::string_view, 6> kNames = {"none",  "producer", "consumer",
                                                             "route", "library",  "pair"};
  return kNames[static_cast<std::size_t>(blame)];
}

}  // namespace dlpack_conformance
