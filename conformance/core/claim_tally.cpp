#include "core/claim_tally.h"

#include <array>

#include "core/case_id.h"
#include "core/outcome.h"

namespace dlpack_conformance {

std::string_view spell(Shown shown) {
  static constexpr std::array<std::string_view, 4> kNames = {"true", "false", "mixed", "not-shown"};
  return kNames[static_cast<std::size_t>(shown)];
}

ClaimTally::ClaimTally() {
  const auto all = claims();
  for (std::size_t claim = 0; claim < all.size(); ++claim) {
    for (const ClaimCases& cases : all[claim].cases) {
      lines_.push_back({Query(cases.pattern), claim, ClaimCount{.cases = &cases}});
    }
  }
}

bool ClaimTally::add(const Case& subject, const Facts& facts) {
  const CaseId id = parse_case_id(subject.id);
  bool named = false;
  for (Line& line : lines_) {
    if (!line.query.matches(id)) continue;
    named = true;
    ClaimCount& count = line.count;
    const Outcome outcome = happening(subject, facts).outcome;
    const Seen seen{.subject = subject, .facts = facts, .outcome = outcome};
    if (outcome == Outcome::kNotRun || outcome == Outcome::kRefused) {
      ++count.open;
      continue;
    }
    if (count.cases->when && count.cases->when(seen) != Answer::kYes) continue;
    switch (count.cases->shows(seen)) {
      case Answer::kYes:
        if (count.yes++ == 0) count.first_yes = subject.id;
        break;
      case Answer::kNo:
        if (count.no++ == 0) count.first_no = subject.id;
        break;
      case Answer::kUnknown:
        ++count.open;
        break;
    }
  }
  return named;
}

std::vector<ClaimResult> ClaimTally::results() const {
  const auto all = claims();
  std::vector<ClaimResult> results(all.size());
  for (std::size_t claim = 0; claim < all.size(); ++claim) results[claim].claim = &all[claim];
  for (const Line& line : lines_) results[line.claim].counts.push_back(line.count);
  for (ClaimResult& result : results) {
    bool yes = false;
    bool no = false;
    for (const ClaimCount& count : result.counts) {
      yes = yes || count.yes != 0;
      no = no || count.no != 0;
    }
    if (yes || no) result.shown = yes && no ? Shown::kMixed : yes ? Shown::kTrue : Shown::kFalse;
  }
  return results;
}

}  // namespace dlpack_conformance
