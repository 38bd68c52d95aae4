/// @file
/// What the cases of a run say about the claims.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "catalogue/claims.h"
#include "core/case.h"
#include "core/facts.h"
#include "core/pattern.h"

namespace dlpack_conformance {

/// `kMixed`: true in some cases, false in others. `kNotShown`: no case says anything.
enum class Shown : std::uint8_t { kTrue, kFalse, kMixed, kNotShown };

std::string_view spell(Shown shown);

/// What one line of a claim's cases counted. `open`: a fact was missing, or nothing was exchanged.
struct ClaimCount {
  const ClaimCases* cases = nullptr;
  std::size_t yes = 0;
  std::size_t no = 0;
  std::size_t open = 0;
  std::string first_yes;  ///< id of the first case that shows it true
  std::string first_no;
};

struct ClaimResult {
  const ClaimRow* claim = nullptr;
  Shown shown = Shown::kNotShown;
  std::vector<ClaimCount> counts;  ///< one a line of `claim->cases`
};

/// Counts cases one by one; cases that no claim names cost a pattern match each.
class ClaimTally {
 public:
  ClaimTally();

  /// @return false where no claim names the case.
  bool add(const Case& subject, const Facts& facts);

  /// One a claim, in the table's order.
  [[nodiscard]] std::vector<ClaimResult> results() const;

 private:
  struct Line {
    Query query;
    std::size_t claim;
    ClaimCount count;
  };
  std::vector<Line> lines_;
};

}  // namespace dlpack_conformance
