// Every rule, both ways, on facts made by hand; and every way to break a rule changes one of these
// answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "catalogue/rule.h"
#include "core/example.h"
#include "core/judge.h"
#include "core/mutation.h"
#include "core/protocol_example.h"
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

std::vector<ProtocolRow> all_protocol_rows() {
  std::vector<ProtocolRow> rows;
  for (const auto& group :
       {header_protocol_rows(), tensor_protocol_rows(), producer_protocol_rows(),
        consumer_protocol_rows(), exchange_api_protocol_rows(), stream_protocol_rows(),
        device_protocol_rows(), route_protocol_rows()}) {
    rows.insert(rows.end(), group.begin(), group.end());
  }
  return rows;
}

template <class Row>
std::string test_name(const testing::TestParamInfo<Row>& info) {
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

class ProtocolRows : public testing::TestWithParam<ProtocolRow> {};

template <class Row>
void expect_answer(const Row& row, const Judgement& judgement) {
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

TEST_P(RuleRows, AnswersAsExpected) {
  const RuleRow& row = GetParam();
  RecordProperty("requirement", row.rule);
  Example example(row.axes);
  row.edit(example);

  expect_answer(row, judge(example.subject, example.facts));
}

TEST_P(ProtocolRows, AnswersAsExpected) {
  const ProtocolRow& row = GetParam();
  RecordProperty("requirement", row.rule);
  ProtocolExample example(row.rule, row.probed);
  row.edit(example);

  expect_answer(row, judge(example.subject, example.facts));
}

INSTANTIATE_TEST_SUITE_P(All, RuleRows, testing::ValuesIn(all_rows()), test_name<RuleRow>);
INSTANTIATE_TEST_SUITE_P(All, ProtocolRows, testing::ValuesIn(all_protocol_rows()),
                         test_name<ProtocolRow>);

/// Rules that some row shows followed, and those that some row shows broken.
struct Shown {
  std::set<std::string> followed;
  std::set<std::string> broken;

  template <class Row>
  void add(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      if (row.verdict == Verdict::kConforms) followed.insert(row.rule);
      if (row.verdict == Verdict::kDeviates || row.verdict == Verdict::kPermitted ||
          row.verdict == Verdict::kUndecided)
        broken.insert(row.rule);
    }
  }
};

void expect_shown(const Rule& rule, CaseKind kind, const Shown& shown) {
  if (!is_judged_in(rule, kind)) return;
  const std::string what = std::string(rule.id) + " in " + std::string(spelled(kind)) + " cases";
  EXPECT_TRUE(shown.broken.contains(std::string(rule.id))) << what << " is broken by no example";
  if (rule.level == Level::kSilent || rule.in_every_probe) return;
  EXPECT_TRUE(shown.followed.contains(std::string(rule.id)))
      << what << " is followed by no example";
}

TEST(Rules, AreEachShownFollowedAndBroken) {
  Shown exchange;
  Shown protocol;
  exchange.add(all_rows());
  protocol.add(all_protocol_rows());
  for (const Rule& rule : rules()) {
    expect_shown(rule, CaseKind::kExchange, exchange);
    expect_shown(rule, CaseKind::kProtocol, protocol);
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

// Mutation test. A mutant is killed when some answer over all examples changes, whatever array API
// version their libraries declare.

using Declared = std::optional<std::pair<int, int>>;

const Declared kDeclared[] = {{{2024, 12}}, {{2023, 12}}, {{2022, 12}}, {{2021, 12}}, std::nullopt};

void show_examples(MutationTest& test) {
  for (const Declared& declared : kDeclared) {
    for (const RuleRow& row : all_rows()) {
      Example example(row.axes);
      example.producer.declares = example.consumer.declares = declared;
      row.edit(example);
      test.show(example.subject, example.facts, row.rule + ", " + row.what);
    }
    for (const ProtocolRow& row : all_protocol_rows()) {
      ProtocolExample example(row.rule, row.probed);
      example.library.declares = declared;
      row.edit(example);
      test.show(example.subject, example.facts, row.rule + ", " + row.what);
    }
  }
}

/// Writes which mutants were killed, for the proof that counts them with those that observed cases
/// kill.
void write_killed(const MutationTest& test, const char* place) {
  std::ofstream out(place);
  for (std::size_t at = 0; at < test.all().size(); ++at) {
    const Mutant& mutant = test.all()[at];
    if (test.killed_by(at))
      out << mutant.rule << "\t" << mutant.change << "\t" << *test.killed_by(at) << "\n";
  }
}

TEST(Mutants, AreAllNoticed) {
  MutationTest test;
  show_examples(test);
  for (std::size_t at = 0; at < test.all().size(); ++at) {
    EXPECT_TRUE(test.killed_by(at))
        << "no example notices: " << test.all()[at].rule << " " << test.all()[at].change;
  }
  if (const char* place = std::getenv("DLCONFORM_MUTANTS_OUT")) write_killed(test, place);
}

}  // namespace
}  // namespace dlpack_conformance
