#include "core/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalogue/rule.h"
#include "core/example.h"

namespace dlpack_conformance {
namespace {

using testing::Contains;
using testing::Field;
using testing::Not;
using testing::SizeIs;

Judgement judged(const Example& example) { return judge(example.subject, example.facts); }

void expect_deciding(const Judgement& judgement, std::string_view rule, Verdict verdict,
                     Blame blame) {
  ASSERT_FALSE(judgement.judged.empty());
  EXPECT_EQ(judgement.judged.front().rule, rule);
  EXPECT_EQ(spell(judgement.verdict), spell(verdict));
  EXPECT_EQ(spell(judgement.blame), spell(blame));
}

TEST(Judge, ACleanCaseConforms) {
  const Judgement judgement = judged(Example());

  EXPECT_EQ(spell(judgement.verdict), "conforms");
  EXPECT_EQ(judgement.blame, Blame::kNone);
  EXPECT_GT(judgement.judged.size(), 10U);
  for (const Judged& entry : judgement.judged)
    EXPECT_EQ(spell(entry.verdict), "conforms") << entry.rule;
}

TEST(Judge, AbortOnAReversedTensorIsTheConsumers) {
  Example example({.layout = "reversed", .declares = false});
  example.crashes("exchange");

  expect_deciding(judged(example), "C-45", Verdict::kDeviates, Blame::kConsumer);
  EXPECT_EQ(judged(example).outcome, Outcome::kCrashed);
}

TEST(Judge, ATouchOfDeviceMemoryIsTheConsumersAndNamed) {
  Example example({.device = "simulated-0", .declares = false});
  example.crashes("read");
  example.facts.crash_signal = "SIGSEGV";
  example.facts.crash_touched = true;

  const Judgement judgement = judged(example);
  expect_deciding(judgement, "C-45", Verdict::kDeviates, Blame::kConsumer);
  EXPECT_EQ(judgement.judged.front().reason, "touched-device-memory");
  EXPECT_EQ(judgement.outcome, Outcome::kCrashed);
}

TEST(Judge, ATouchOfDeviceMemoryAfterAWrongExportIsTheProducers) {
  Example example({.device = "simulated-0"});
  example.crashes("exchange");
  example.facts.crash_touched = true;
  example.facts.export_values = false;

  const Judgement judgement = judged(example);
  const Judged* entry = find_judged(judgement, "C-45");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->reason, "touched-device-memory");
  EXPECT_EQ(spell(entry->blame), "producer");
}

TEST(Judge, AbortSeenOnceIsUndecided) {
  Example example({.layout = "matrix"});
  example.crashes("exchange");
  example.facts.crash_confirmed = false;

  const Judgement judgement = judged(example);
  expect_deciding(judgement, "C-45", Verdict::kUndecided, Blame::kNone);
  EXPECT_EQ(judgement.judged.front().reason, "process-lost");
}

TEST(Judge, NegativeBitWithTheWrongSignIsTheProducers) {
  Example example({.source = "neg", .declares = false});
  example.facts.export_values = false;
  example.facts.result_values = false;

  expect_deciding(judged(example), "P-38", Verdict::kDeviates, Blame::kProducer);
  EXPECT_EQ(judged(example).outcome, Outcome::kCorrupted);
}

TEST(Judge, ADtypeThatTheConsumerLacksMayBeRefused) {
  Example example({.dtype = "bfloat16", .consumer_has_dtype = false});
  example.refuses("RuntimeError");

  EXPECT_EQ(spell(judged(example).verdict), "conforms");
  EXPECT_NE(find_judged(judged(example), "C-22"), nullptr);
}

TEST(Judge, MissingCopiedFlagIsPermittedOfThoseWhoDeclareNothing) {
  Example declared({.request = "copy-true"}),
      undeclared({.request = "copy-true", .declares = false}), older({.request = "copy-true"}),
      promised({.request = "copy-true", .declares = false});
  older.producer.declares = std::pair(2022, 12);
  promised.producer.promises = {{"P-32", "a copy is flagged"}};
  for (Example* example : {&declared, &undeclared, &older, &promised})
    example->export_is_copy(false);

  expect_deciding(judged(declared), "P-32", Verdict::kDeviates, Blame::kProducer);
  expect_deciding(judged(undeclared), "P-32", Verdict::kPermitted, Blame::kProducer);
  expect_deciding(judged(older), "P-32", Verdict::kPermitted, Blame::kProducer);
  expect_deciding(judged(promised), "P-32", Verdict::kDeviates, Blame::kProducer);
}

TEST(Judge, APairIsBoundOnlyTogether) {
  Example both, one;
  one.producer.declares.reset();
  for (Example* example : {&both, &one}) {
    example->result_is_copy();
    example->facts.export_address.reset();  // nobody saw what crossed
  }

  expect_deciding(judged(both), "C-36", Verdict::kDeviates, Blame::kPair);
  expect_deciding(judged(one), "C-36", Verdict::kPermitted, Blame::kPair);
}

TEST(Judge, AWrongClassOfExceptionIsPermittedAndNamed) {
  Example example({.dtype = "object"});
  example.export_refuses("TypeError");

  const Judgement judgement = judged(example);
  expect_deciding(judgement, "P-37", Verdict::kPermitted, Blame::kProducer);
  EXPECT_EQ(judgement.judged.front().reason, "wrong-error");
  EXPECT_TRUE(judgement.modifiers.has(Modifier::kWrongError));
}

TEST(Judge, AnUnknownBaseIsNoWrongClass) {
  Example example({.dtype = "object"});
  example.export_refuses("alpha.ExportError");
  example.facts.export_error_bases.reset();

  EXPECT_EQ(spell(judged(example).verdict), "conforms");
}

TEST(Judge, ASilentRuleSpeaksOnlyAlone) {
  Example alone({.source = "requires-grad"}),
      spoken({.source = "requires-grad", .request = "copy-false"});
  alone.export_refuses("BufferError");
  spoken.export_refuses("BufferError");

  expect_deciding(judged(alone), "P-51", Verdict::kUndecided, Blame::kNone);
  EXPECT_EQ(find_judged(judged(spoken), "P-51"), nullptr);
  EXPECT_EQ(spell(judged(spoken).verdict), "conforms");
}

TEST(Judge, DeviatesBeforePermittedBeforeConforms) {
  Example example;
  example.producer.declares.reset();
  example.facts.export_dlpack_device = Ints{3, 0};  // P-04, permitted
  example.facts.export_flags = 2;                   // P-33, deviates

  const Judgement judgement = judged(example);
  expect_deciding(judgement, "P-33", Verdict::kDeviates, Blame::kProducer);
  EXPECT_EQ(judgement.judged[1].rule, "P-04");
  EXPECT_EQ(spell(judgement.judged[1].verdict), "permitted");
  EXPECT_EQ(spell(judgement.judged[2].verdict), "conforms");
}

TEST(Judge, ProofsThatDisagreeTakeDeviationsBack) {
  Example example({.request = "copy-true"});
  example.facts.proof_address = "same";
  example.export_is_copy(false);

  const Judgement judgement = judged(example);
  EXPECT_TRUE(judgement.modifiers.has(Modifier::kProofsDisagree));
  EXPECT_EQ(spell(judgement.verdict), "undecided");
  EXPECT_THAT(judgement.judged, Not(Contains(Field(&Judged::verdict, Verdict::kDeviates))));
}

TEST(Judge, ASuiteFaultIsAloneAndFirst) {
  Example example;
  example.facts.export_values = false;
  example.facts.suite_fault = "fact of an unknown name";

  const Judgement judgement = judged(example);
  EXPECT_THAT(judgement.judged, SizeIs(1));
  EXPECT_EQ(spell(judgement.verdict), "suite-fault");
}

TEST(Judge, WhatDidNotRunIsNotJudged) {
  Example absent, stopped, made;
  absent.facts = Facts{};
  absent.facts.route_absent = "release 1.0 has no such function";
  stopped.facts = Facts{};
  stopped.facts.suite_not_run = "interrupted";
  made.crashes("make");

  EXPECT_EQ(spell(judged(absent).verdict), "not-applicable");
  EXPECT_EQ(judged(absent).judged.front().reason, "route-absent");
  EXPECT_EQ(spell(judged(stopped).verdict), "not-judged");
  EXPECT_EQ(judged(stopped).judged.front().reason, "interrupted");
  EXPECT_EQ(judged(made).judged.front().reason, "lost-in-make");
}

TEST(Judge, NoFactsConformToNothing) {
  Example example;
  example.facts = Facts{};
  example.facts.route_returned = true;
  example.facts.proof_address = "same";

  std::vector<std::string> answered;
  for (const Judged& entry : judged(example).judged) answered.push_back(entry.rule);
  EXPECT_THAT(answered, testing::UnorderedElementsAre("P-42", "C-36", "C-45"))
      << "what the outcome alone answers";
}

TEST(Judge, AnyFactMayBeMissing) {
  for (const FactRow& row : kFactRows) {
    Example example({.producer = "reference"});
    set_fact(example.facts, row.id, FactValue());
    for (const Judged& entry : judged(example).judged) {
      EXPECT_NE(spell(entry.verdict), "deviates")
          << row.spelled << " is missing, and " << entry.rule << " accuses";
    }
  }
}

TEST(Judge, TakesAnotherTable) {
  Example example;
  example.facts.export_flags = 2;
  std::vector<Rule> rules{*find_rule("P-33")};
  rules.front().holds = rules.front().holds.negated();

  EXPECT_EQ(spell(Judge(rules).judge(example.subject, example.facts).verdict), "conforms");
  EXPECT_EQ(spell(judged(example).verdict), "deviates");
}

TEST(Verdict, IsOrderedByPrecedence) {
  std::vector<std::string_view> words;
  for (int at = 0; at <= static_cast<int>(Verdict::kNotJudged); ++at)
    words.push_back(spell(static_cast<Verdict>(at)));

  EXPECT_THAT(words, testing::ElementsAre("suite-fault", "deviates", "permitted", "undecided",
                                          "conforms", "not-applicable", "not-judged"));
}

}  // namespace
}  // namespace dlpack_conformance
