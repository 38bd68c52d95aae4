/// @file
/// What happened in a case and whether it was allowed: pure and deterministic, from the facts
/// alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/case.h"
#include "core/facts.h"
#include "core/outcome.h"

namespace dlpack_conformance {

struct Rule;
struct Seen;

/// Was it allowed. In the order in which a case takes the verdict of its rules: the first present
/// wins.
enum class Verdict : std::uint8_t {
  kSuiteFault,
  kDeviates,
  kPermitted,
  kUndecided,
  kConforms,
  kNotApplicable,
  kNotJudged
};

/// Who is to change something. `kPair`: one of the two, undecided which.
enum class Blame : std::uint8_t { kNone, kProducer, kConsumer, kRoute, kLibrary, kPair };

std::string_view spell(Verdict verdict);
std::string_view spell(Blame blame);

/// One rule's answer. `reason` is a code of the reasons table, or
/// `<ambiguity>:<reading>+<reading>`; empty with `conforms`. An entry whose `rule` is empty says
/// why a case has no rule's answer.
struct Judged {
  std::string rule;
  Verdict verdict = Verdict::kNotJudged;
  std::string reason;
  Blame blame = Blame::kNone;

  friend bool operator==(const Judged&, const Judged&) = default;
};

/// The answer for a case. `judged`: the deciding entry first, the rest by verdict and then by the
/// table's order. `proof`: how sharing was shown, e.g. `address+write`; empty where nothing was
/// shown.
struct Judgement {
  Outcome outcome = Outcome::kNotRun;
  Modifiers modifiers;
  Verdict verdict = Verdict::kNotJudged;
  Blame blame = Blame::kNone;
  std::vector<Judged> judged;
  std::string proof;

  friend bool operator==(const Judgement&, const Judgement&) = default;
};

/// Rules in the order in which they are asked.
using Docket = std::vector<const Rule*>;

/// Judges with the catalogue's rules, or with a changed copy of them (mutation tests).
class Judge {
 public:
  Judge();
  explicit Judge(std::vector<Rule> rules);
  Judge(const Judge& other);
  Judge& operator=(const Judge& other);
  Judge(Judge&& other) noexcept;
  Judge& operator=(Judge&& other) noexcept;
  ~Judge();

  [[nodiscard]] Judgement judge(const Case& subject, const Facts& facts) const {
    return judge(subject, facts, docket(subject));
  }
  /// `docket`: of this case, or of another of its kind and route.
  [[nodiscard]] Judgement judge(const Case& subject, const Facts& facts,
                                const Docket& docket) const;
  /// The rules that can speak in exchange cases of a route: the same for all of them. Of other
  /// cases: all that can speak in the kind. The pointers live as long as this judge.
  [[nodiscard]] Docket docket(const Case& subject) const;
  [[nodiscard]] const std::vector<Rule>& rules() const { return rules_; }

 private:
  std::vector<Rule> rules_;
};

/// What one rule says of a case, as if it were the only one; none: it is left out.
std::optional<Judged> answer_of(const Rule& rule, const Seen& seen);

/// Judges with the catalogue's rules.
Judgement judge(const Case& subject, const Facts& facts);

}  // namespace dlpack_conformance
