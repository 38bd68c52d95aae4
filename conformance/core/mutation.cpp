#include "core/mutation.h"

#include <algorithm>
#include <utility>

#include "core/outcome.h"

namespace dlpack_conformance {
namespace {

bool is_strict(const Rule& rule) {
  return rule.level == Level::kMust || rule.level == Level::kDerived;
}

bool is_condition(const Edition& edition) {
  return edition.scale == Edition::Scale::kDlpack || edition.scale == Edition::Scale::kPackage;
}

/// Who declares any edition of the array API declares at least this one.
bool is_first_edition(const Edition& edition) {
  return edition.major == 2021 && edition.minor == 12;
}

/// Collects the mutants of one row.
class Row {
 public:
  Row(const Rule& rule, std::size_t at, std::vector<Mutant>& all)
      : rule_(rule), at_(at), all_(all) {}

  void own(std::string change, std::function<void(Rule&)> edit) {
    add(std::move(change), true, false, std::move(edit));
  }
  void probed(std::string change, std::function<void(Rule&)> edit) {
    add("probed: " + std::move(change), false, true, std::move(edit));
  }
  void both(std::string change, std::function<void(Rule&)> edit) {
    add(std::move(change), true, true, std::move(edit));
  }

 private:
  void add(std::string change, bool in_own, bool in_protocol, std::function<void(Rule&)> edit) {
    all_.push_back({.rule = std::string(rule_.id),
                    .change = std::move(change),
                    .in_own = in_own,
                    .in_protocol = in_protocol,
                    .at = at_,
                    .edit = std::move(edit)});
  }

  const Rule& rule_;
  std::size_t at_;
  std::vector<Mutant>& all_;
};

void of_own_question(const Rule& rule, Row& row) {
  if (rule.when) row.own("when dropped", [](Rule& one) { one.when = {}; });
  if (rule.holds) row.own("holds negated", [](Rule& one) { one.holds = one.holds.negated(); });
  if (rule.error) row.own("error dropped", [](Rule& one) { one.error = {}; });
  for (std::size_t at = 0; at < rule.readings.size(); ++at) {
    row.own("only reading " + std::string(rule.readings[at].id),
            [at](Rule& one) { one.readings = one.readings.subspan(at, 1); });
  }
}

void of_probed_question(const Rule& rule, Row& row) {
  const Question& asked = rule.probed;
  if (asked.when) row.probed("when dropped", [](Rule& one) { one.probed.when = {}; });
  if (asked.holds)
    row.probed("holds negated", [](Rule& one) { one.probed.holds = one.probed.holds.negated(); });
  if (asked.error) row.probed("error dropped", [](Rule& one) { one.probed.error = {}; });
  for (std::size_t at = 0; at < asked.readings.size(); ++at) {
    row.probed("only reading " + std::string(asked.readings[at].id),
               [at](Rule& one) { one.probed.readings = one.probed.readings.subspan(at, 1); });
  }
  if (rule.in_every_probe)
    row.probed("not in every probe", [](Rule& one) { one.in_every_probe = false; });
  if (rule.probed_silent && !asked)
    row.probed("not probed", [](Rule& one) { one.probed_silent = false; });
}

void of_scope(const Rule& rule, Row& row) {
  const bool by_declaration = is_strict(rule) && binds_whom(rule) == Binds::kArrayApi;
  const bool declared =
      rule.since.scale == Edition::Scale::kArrayApi && !is_first_edition(rule.since);
  if (is_condition(rule.since) || (by_declaration && declared))
    row.both("since removed", [](Rule& one) { one.since = {}; });
  if (is_condition(rule.until)) row.both("until removed", [](Rule& one) { one.until = {}; });
  if (by_declaration) row.both("binds anyone", [](Rule& one) { one.binds = Binds::kAnyone; });
  if (is_strict(rule) && rule.binds == Binds::kAnyone)
    row.both("binds as its documents", [](Rule& one) { one.binds = Binds::kArrayApi; });
  if (rule.binds == Binds::kListed && rule.judged_in == CaseKind::kExchange)
    row.own("binds every route", [](Rule& one) { one.binds = Binds::kAnyone; });
}

}  // namespace

bool Mutant::concerns(const Rule& original, const Case& subject) const {
  if (!is_judged_in(original, subject.kind)) return false;
  if (!(original.judged_in == subject.kind ? in_own : in_protocol)) return false;
  return subject.kind != CaseKind::kProtocol || original.in_every_probe ||
         subject.subject == original.id;
}

Judge Mutant::judge(std::span<const Rule> table) const {
  std::vector<Rule> changed(table.begin(), table.end());
  if (edit) {
    edit(changed[at]);
  } else {
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return Judge(std::move(changed));
}

std::vector<Mutant> mutants(std::span<const Rule> table) {
  std::vector<Mutant> all;
  for (std::size_t at = 0; at < table.size(); ++at) {
    const Rule& rule = table[at];
    if (!rule.untestable.empty()) continue;
    Row row(rule, at, all);
    row.both("removed", {});
    of_own_question(rule, row);
    of_probed_question(rule, row);
    if (rule.crossed)
      row.own("crossed negated", [](Rule& one) { one.crossed = one.crossed.negated(); });
    of_scope(rule, row);
  }
  return all;
}

MutationTest::MutationTest()
    : mutants_(mutants(rules())), killed_by_(mutants_.size()), judges_(mutants_.size()) {
  for (std::size_t at = 0; at < mutants_.size(); ++at) {
    alive_.push_back(at);
    changed_.push_back(rules()[mutants_[at].at]);
    if (mutants_[at].edit) mutants_[at].edit(changed_.back());
  }
}

// The judgement is made of what the rules say: where the changed one says the same, nothing else
// can change. Only otherwise all are asked.
std::size_t MutationTest::show(const Case& subject, const Facts& facts, const std::string& name) {
  const Happening happened = happening(subject, facts);
  const Seen seen{.subject = subject, .facts = facts, .outcome = happened.outcome};
  std::optional<Judgement> right;
  const Rule* asked = nullptr;
  std::optional<Judged> answer;
  return std::erase_if(alive_, [&](std::size_t at) {
    const Mutant& mutant = mutants_[at];
    const Rule& rule = rules()[mutant.at];
    if (!mutant.concerns(rule, subject)) return false;
    if (asked != &rule) {
      asked = &rule;
      answer = answer_of(rule, seen);
    }
    if ((mutant.edit ? answer_of(changed_[at], seen) : std::nullopt) == answer) return false;
    if (!right) right = dlpack_conformance::judge(subject, facts);
    std::optional<Judge>& wrong = judges_[at];
    if (!wrong) wrong = mutant.judge(rules());
    if (wrong->judge(subject, facts) == *right) return false;
    killed_by_[at] = name;
    wrong.reset();
    return true;
  });
}

}  // namespace dlpack_conformance
