// Mutants of the rules: which there are, where they can show, and when they count as killed.
#include "core/mutation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "core/example.h"
#include "core/protocol_example.h"

namespace dlpack_conformance {
namespace {

const Mutant* find(const std::vector<Mutant>& all, const std::string& rule,
                   const std::string& change) {
  const auto found = std::ranges::find_if(
      all, [&](const Mutant& mutant) { return mutant.rule == rule && mutant.change == change; });
  return found == all.end() ? nullptr : &*found;
}

std::size_t killed(const MutationTest& test) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < test.all().size(); ++at) count += test.killed_by(at).has_value();
  return count;
}

TEST(Mutation, HasEachChangeOfEachRuleOnce) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const Mutant& mutant : mutants(rules()))
    EXPECT_TRUE(seen.insert({mutant.rule, mutant.change}).second) << mutant.rule << mutant.change;
  for (const Rule& rule : rules())
    EXPECT_EQ(seen.contains({std::string(rule.id), "removed"}), rule.untestable.empty()) << rule.id;
}

TEST(Mutation, HasNoneThatChangesNothing) {
  const auto all = mutants(rules());
  EXPECT_NE(find(all, "C-42", "binds as its documents"), nullptr);
  EXPECT_EQ(find(all, "C-42", "binds anyone"), nullptr) << "it binds anyone already";
  EXPECT_EQ(find(all, "P-04", "since removed"), nullptr) << "2021.12 is the first edition";
  EXPECT_NE(find(all, "P-30", "since removed"), nullptr);
  EXPECT_EQ(find(all, "C-23", "holds negated"), nullptr) << "a silent rule holds nothing";
}

TEST(Mutation, ConcernsCasesInWhichTheChangedPartIsAsked) {
  const auto all = mutants(rules());
  const Example exchange;
  const ProtocolExample own("C-42", {});
  const ProtocolExample other("P-46", {});
  const Rule& rule = *find_rule("C-42");
  const Mutant& crossed = *find(all, "C-42", "crossed negated");
  const Mutant& removed = *find(all, "C-42", "removed");

  EXPECT_TRUE(crossed.concerns(rule, exchange.subject));
  EXPECT_FALSE(crossed.concerns(rule, own.subject)) << "nothing crosses in a protocol case";
  EXPECT_TRUE(removed.concerns(rule, own.subject));
  EXPECT_FALSE(removed.concerns(rule, other.subject));
}

TEST(Mutation, KillsWhereTheJudgementChangesAndNowhereElse) {
  MutationTest test;
  const Example good;
  const std::size_t by_good = test.show(good.subject, good.facts, "all as asked");
  EXPECT_GT(by_good, 0U);
  EXPECT_EQ(killed(test), by_good);
  EXPECT_EQ(test.show(good.subject, good.facts, "the same again"), 0U);

  const auto& all = test.all();
  for (std::size_t at = 0; at < all.size(); ++at) {
    if (all[at].rule == "C-42" && all[at].change == "removed") {
      EXPECT_EQ(test.killed_by(at), "all as asked");
    } else if (all[at].rule == "H-01") {
      EXPECT_FALSE(test.killed_by(at)) << "it is asked in protocol cases alone";
    }
  }
}

}  // namespace
}  // namespace dlpack_conformance
