// Every rule, both ways, on facts made by hand; and every way to break a rule changes one of these
// answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "catalogue/rule.h"
#include "core/example.h"
#include "core/judge.h"
#include "core/rows/consumer.h"
#include "core/rows/producer.h"
#include "core/rows/routes.h"
#include "core/rows/tensor.h"

namespace dlpack_conformance {
namespace {

std::vector<RuleRow> all_rows() {
  std::vector<RuleRow> rows;
  for (const auto& group : {tensor_rows(), producer_rows(), consumer_rows(), route_rows()}) {
    rows.insert(rows.end(), group.begin(), group.end());
  }
  return rows;
}

std::string test_name(const testing::TestParamInfo<RuleRow>& info) {
  std::string name;
  bool upper = true;
  for (const char letter : info.param.rule + " " + info.param.what) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) {
      upper = true;
      continue;
    }
    name += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(letter))) : letter;
    upper = false;
  }
  return name;
}

class RuleRows : public testing::TestWithParam<RuleRow> {};

TEST_P(RuleRows, AnswersAsExpected) {
  const RuleRow& row = GetParam();
  RecordProperty("requirement", row.rule);
  Example example(row.axes);
  row.edit(example);

  const Judgement judgement = judge(example.subject, example.facts);

  const Judged* entry = find_judged(judgement, row.rule);
  if (row.verdict == Verdict::kNotJudged) {
    EXPECT_EQ(entry, nullptr) << row.rule << " " << row.what << ": " << spell(entry->verdict);
    return;
  }
  ASSERT_NE(entry, nullptr) << row.rule << " was left out of outcome " << spell(judgement.outcome);
  EXPECT_EQ(spell(entry->verdict), spell(row.verdict));
  EXPECT_EQ(entry->reason, row.reason);
  EXPECT_EQ(spell(entry->blame), spell(row.blame));
}

INSTANTIATE_TEST_SUITE_P(All, RuleRows, testing::ValuesIn(all_rows()), test_name);

TEST(Rules, EachIsShownFollowedAndBroken) {
  std::set<std::string> followed;
  std::set<std::string> broken;
  for (const RuleRow& row : all_rows()) {
    if (row.verdict == Verdict::kConforms) followed.insert(row.rule);
    if (row.verdict == Verdict::kDeviates || row.verdict == Verdict::kPermitted ||
        row.verdict == Verdict::kUndecided)
      broken.insert(row.rule);
  }
  for (const Rule& rule : rules()) {
    EXPECT_TRUE(broken.contains(std::string(rule.id))) << rule.id << " is broken by no example";
    if (rule.level == Level::kSilent) continue;
    EXPECT_TRUE(followed.contains(std::string(rule.id))) << rule.id << " is followed by no example";
  }
}

TEST(Rules, HaveUniqueIdsOverAllTables) {
  std::set<std::string_view> ids;
  for (const Rule& rule : rules()) EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
}

TEST(Rules, BindWhomTheirDocumentsBind) {
  EXPECT_EQ(binds_whom(*find_rule("P-32")),
            Binds::kArrayApi);  // dp, page and an issue, which binds nobody
  EXPECT_EQ(binds_whom(*find_rule("P-35")), Binds::kAnyone);  // the header is the most binding
  EXPECT_EQ(binds_whom(*find_rule("C-42")), Binds::kAnyone);  // its own word
  EXPECT_EQ(binds_whom(*find_rule("R-01")), Binds::kListed);
  EXPECT_EQ(find_rule("Z-99"), nullptr);
}

// Mutation test. A mutant is killed when some answer over all examples changes, declared and
// undeclared.

struct Made {
  std::unique_ptr<Example> example;
  Judgement expected;
};

std::vector<Made> all_examples() {
  std::vector<Made> made;
  for (const RuleRow& row : all_rows()) {
    for (const bool declares : {true, false}) {
      Axes axes = row.axes;
      axes.declares = declares;
      auto example = std::make_unique<Example>(axes);
      row.edit(*example);
      Judgement expected = judge(example->subject, example->facts);
      made.push_back({std::move(example), std::move(expected)});
    }
  }
  return made;
}

class Mutants : public testing::Test {
 protected:
  void expect_killed(const std::string& name, std::size_t at,
                     const std::function<void(Rule&)>& change) {
    std::vector<Rule> rules(dlpack_conformance::rules().begin(), dlpack_conformance::rules().end());
    change(rules[at]);
    expect_killed(name, std::move(rules));
  }

  void expect_killed(const std::string& name, std::vector<Rule> rules) {
    const Judge mutant(std::move(rules));
    for (const Made& made : examples_) {
      if (!(mutant.judge(made.example->subject, made.example->facts) == made.expected)) return;
    }
    ADD_FAILURE() << "no example notices: " << name;
  }

  std::vector<Made> examples_ = all_examples();
};

TEST_F(Mutants, AreAllNoticed) {
  const auto table = rules();
  for (std::size_t at = 0; at < table.size(); ++at) {
    const Rule& rule = table[at];
    const std::string id(rule.id);
    std::vector<Rule> without(table.begin(), table.end());
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(at));
    expect_killed(id + " removed", std::move(without));
    if (rule.when) expect_killed(id + " when dropped", at, [](Rule& one) { one.when = Clause(); });
    if (rule.holds)
      expect_killed(id + " holds negated", at, [](Rule& one) { one.holds = one.holds.negated(); });
    if (rule.error)
      expect_killed(id + " error dropped", at, [](Rule& one) { one.error = Clause(); });
    if (rule.crossed)
      expect_killed(id + " crossed negated", at,
                    [](Rule& one) { one.crossed = one.crossed.negated(); });
    for (std::size_t reading = 0; reading < rule.readings.size(); ++reading) {
      expect_killed(id + " only reading " + std::string(rule.readings[reading].id), at,
                    [&](Rule& one) { one.readings = one.readings.subspan(reading, 1); });
    }
    if (rule.since.scale == Edition::Scale::kDlpack || rule.since.scale == Edition::Scale::kPackage)
      expect_killed(id + " since removed", at, [](Rule& one) { one.since = {}; });
    const bool strict = rule.level == Level::kMust || rule.level == Level::kDerived;
    if (strict && binds_whom(rule) == Binds::kArrayApi)
      expect_killed(id + " binds anyone", at, [](Rule& one) { one.binds = Binds::kAnyone; });
    if (strict && rule.binds == Binds::kAnyone)
      expect_killed(id + " binds as its documents", at,
                    [](Rule& one) { one.binds = Binds::kArrayApi; });
  }
}

}  // namespace
}  // namespace dlpack_conformance
