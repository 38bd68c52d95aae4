/// @file
/// Complete mutation of the judgement: every way in which one rule could say something else. A
/// mutant is killed when some case's judgement changes, so that what is left shows which part of a
/// rule nothing ever looks at.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "catalogue/rule.h"
#include "core/judge.h"

namespace dlpack_conformance {

/// One change of one rule.
struct Mutant {
  std::string rule;
  std::string change;       ///< `holds negated`, `probed: when dropped`, `removed` ...
  bool in_own = true;       ///< it can show in cases of the kind that the rule is judged in
  bool in_protocol = true;  ///< it can show in protocol cases of a rule that is `probed`, too
  std::size_t at = 0;       ///< row of the table
  std::function<void(Rule&)> edit;  ///< empty: the row is removed

  /// Whether the change can show in a case at all.
  [[nodiscard]] bool concerns(const Rule& original, const Case& subject) const;
  /// The judge with this change.
  [[nodiscard]] Judge judge(std::span<const Rule> table) const;
};

/// All mutants of a table, in its order: of each rule `removed`, then each clause of its questions
/// dropped or negated, each reading alone, its editions removed and whom it binds changed. A change
/// that by the meaning of the columns changes nothing is none: a `since` of the array API in a rule
/// that binds anyone, or of its first edition.
std::vector<Mutant> mutants(std::span<const Rule> table);

/// Mutants of the catalogue's rules, and which of them were killed.
class MutationTest {
 public:
  MutationTest();

  /// Tries all that live on one case. `name`: what to call the case.
  /// @return how many it killed.
  std::size_t show(const Case& subject, const Facts& facts, const std::string& name);

  [[nodiscard]] const std::vector<Mutant>& all() const { return mutants_; }
  /// Name of the first case that killed a mutant, none where it lives.
  [[nodiscard]] const std::optional<std::string>& killed_by(std::size_t mutant) const {
    return killed_by_[mutant];
  }

 private:
  std::vector<Mutant> mutants_;
  std::vector<std::optional<std::string>> killed_by_;
  std::vector<Rule>
      changed_;  ///< the rule of each mutant as it says it; of a removed one: as it was
  std::vector<std::optional<Judge>> judges_;  ///< made when first needed, gone with the mutant
  std::vector<std::size_t> alive_;
};

}  // namespace dlpack_conformance
