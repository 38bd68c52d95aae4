/// @file
/// All cases of the libraries of one program: planned, run, judged, recorded.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json.h"
#include "core/judge.h"
#include "core/plan.h"
#include "gtest/isolate.h"
#include "gtest/probe.h"

namespace dlpack_conformance::kit {

/// What came of one case.
struct Result {
  Facts facts;
  Judgement judgement;
  std::string line;  ///< of the record
};

class Suite {
 public:
  /// @param filters  queries, of which a case must match one; none: all
  /// @throws CatalogueError  a name that can't stand in an id, an unknown profile or query;
  /// std::runtime_error  two libraries of one name.
  Suite(const std::vector<Subject>& subjects, std::string profile,
        std::vector<std::string> filters);

  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] std::size_t size() const { return plan_.size(); }
  /// The library that the case tests.
  [[nodiscard]] const Subject& subject_of(std::size_t index) const;

  [[nodiscard]] Result run(std::size_t index, const Isolation& isolation) const;

  /// First line of a record file of `planned` cases.
  [[nodiscard]] std::string header(std::size_t planned,
                                   const std::vector<std::string>& command) const;

 private:
  const std::vector<Subject>& subjects_;
  PlanSpec spec_;
  Plan plan_;
  Judge judge_;
  std::map<std::pair<std::string, std::string>, const Probe*> probes_;
};

/// Last line of a record file.
std::string footer(const std::vector<std::string>& lines, const std::vector<Result>& results);

/// What a person reads of a case: verdict, rules with text and source, and what was seen.
std::string explained(const Case& subject, const Result& result);

}  // namespace dlpack_conformance::kit
