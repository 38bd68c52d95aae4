#include "core/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "core/example.h"
#include "core/judge.h"

namespace dlpack_conformance {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string line_of(const Example& example, std::int64_t time_ns = 1234) {
  return record_line(example.subject, example.facts, judge(example.subject, example.facts),
                     time_ns);
}

Facts round_trip(const Case& subject, const Facts& facts) {
  Facts again;
  std::string wrong;
  EXPECT_TRUE(expand(subject, written_facts(subject, facts), again, wrong)) << wrong;
  return again;
}

FactValue random_value(FactType type, std::mt19937& random) {
  const auto number = [&] { return static_cast<std::int64_t>(random() % 7) - 2; };
  const auto text = [&] {
    static const std::vector<Text> kTexts{"",        "0",   "seen",     "elsewhere",
                                          "float32", "cpu", "dltensor", "\"\\\n\x01"};
    return kTexts[random() % kTexts.size()];
  };
  switch (type) {
    case FactType::kFlag:
      return Flag{random() % 2 == 0};
    case FactType::kInt:
      return Int{number()};
    case FactType::kText:
      return text();
    case FactType::kInts: {
      Ints values(random() % 4);
      for (auto& value : values) value = number();
      return values;
    }
    case FactType::kTexts: {
      Texts values(random() % 3);
      for (auto& value : values) value = text();
      return values;
    }
  }
  return {};
}

TEST(Record, ACleanCaseIsShort) {
  const std::string line = line_of(Example());

  EXPECT_THAT(
      line,
      StartsWith(
          R"({"kind":"case","id":"exchange/alpha/beta/from_dlpack/plain/float32/vector/plain/cpu","case":"exchange",)"
          R"("producer":"alpha","consumer":"beta","route":"from_dlpack","request":"plain","dtype":"float32",)"
          R"("layout":"vector","source":"plain","device":"cpu","outcome":"shared","modifiers":[],"verdict":"conforms",)"
          R"("blame":"none","judged":["T-01",)"));
  EXPECT_THAT(
      line,
      EndsWith(
          R"~("proof":"address+write","facts":{"export.keywords":"max_version=(1, 3)","export.version":[1,3]},"time_ns":1234})~"
          "\n"));
  EXPECT_LT(line.size(), 620U);
}

TEST(Record, WhatDoesNotConformIsSpelledOut) {
  Example example({.request = "copy-true"});
  example.export_is_copy(false);

  EXPECT_THAT(
      line_of(example),
      HasSubstr(
          R"("modifiers":["flag-wrong"],"verdict":"deviates","blame":"producer","judged":[)"
          R"({"rule":"P-32","verdict":"deviates","reason":"copied-flag-missing","blame":"producer"},"T-05",)"));
}

TEST(Record, AnUncollectedFactIsNull) {
  Example example;
  example.facts.result_writable.reset();

  EXPECT_THAT(line_of(example), HasSubstr(R"("result.writable":null)"));
}

TEST(Record, AnUncollectedGroupIsNullOnce) {
  Example example;
  for (const FactRow& row : kFactRows) {
    if (row.group == "result_read") set_fact(example.facts, row.id, FactValue());
  }

  EXPECT_THAT(line_of(example), HasSubstr(R"("result_read":null)"));
  EXPECT_THAT(line_of(example), Not(HasSubstr("result_read.")));
  EXPECT_EQ(round_trip(example.subject, example.facts), example.facts);
}

TEST(Record, ARefusalSaysNothingOfAResult) {
  Example example;
  example.refuses("BufferError");

  EXPECT_THAT(
      line_of(example),
      HasSubstr(
          R"~("facts":{"export.keywords":"max_version=(1, 3)","export.version":[1,3],"route.error":"BufferError",)~"
          R"("route.error_bases":["Exception"],"route.message":"no"})"));
}

TEST(Record, DefaultsComeFromTheCase) {
  const Example example(
      {.dtype = "int16", .layout = "rows", .source = "readonly", .consumer_readonly = true});
  const Example copy({.layout = "fortran", .request = "copy-true"});

  EXPECT_EQ(default_fact(example.subject, FactId::source_strides), FactValue(Ints{8, 1}));
  EXPECT_EQ(default_fact(example.subject, FactId::export_dtype), FactValue(Ints{0, 16, 1}));
  EXPECT_EQ(default_fact(example.subject, FactId::export_flags), FactValue(Int{1}));
  EXPECT_EQ(default_fact(example.subject, FactId::result_writable), FactValue(false));
  EXPECT_EQ(default_fact(example.subject, FactId::proof_backward), FactValue(Text("not-writable")));
  EXPECT_EQ(default_fact(copy.subject, FactId::export_address), FactValue(Text("elsewhere")));
  EXPECT_EQ(default_fact(copy.subject, FactId::proof_address), FactValue(Text("apart")));
  EXPECT_EQ(default_fact(copy.subject, FactId::crash_how), FactValue());
}

TEST(Record, ExpandIsTheInverseOfWritten) {
  std::mt19937 random(20260101);
  const std::vector<Axes> kinds{
      {},
      {.layout = "empty-3x0"},
      {.dtype = "complex64",
       .layout = "reversed",
       .source = "guard-after",
       .request = "copy-true",
       .producer = "reference"},
      {.dtype = "object", .source = "owned", .route = "numpy.asarray"},
      {.layout = "matrix", .source = "mapped-readonly", .route = "numpy.frombuffer", .flat = true}};
  for (int round = 0; round < 4000; ++round) {
    const Example example(kinds[static_cast<std::size_t>(round) % kinds.size()]);
    Facts facts = round % 3 == 0 ? Facts{} : example.facts;
    const auto one_in = 1 + random() % 40;
    for (const FactRow& row : kFactRows) {
      if (random() % one_in != 0) continue;
      set_fact(facts, row.id, random() % 3 == 0 ? FactValue() : random_value(row.type, random));
    }
    ASSERT_EQ(round_trip(example.subject, facts), facts) << line_of(example);
  }
}

TEST(Record, ExpandNamesWhatItDoesNotKnow) {
  const Example example;
  Facts facts;
  std::string wrong;

  EXPECT_FALSE(expand(example.subject, {{"result.colour", FactValue()}}, facts, wrong));
  EXPECT_EQ(wrong, "result.colour");
  EXPECT_FALSE(expand(example.subject, {{"result.shape", FactValue(true)}}, facts, wrong));
  EXPECT_EQ(wrong, "result.shape");
  EXPECT_FALSE(expand(example.subject, {{"result", FactValue(true)}}, facts, wrong));
}

TEST(Record, ACaseThatDidNotRunKeepsItsReason) {
  const Example example;

  const std::string line = not_run_line(example.subject, "start-failed");

  EXPECT_THAT(
      line,
      HasSubstr(
          R"("outcome":"not-run","modifiers":[],"verdict":"not-judged","blame":"none","judged":[{"rule":"",)"
          R"("verdict":"not-judged","reason":"start-failed","blame":"none"}],"proof":"",)"
          R"("facts":{"suite.not_run":"start-failed"},"time_ns":0})"));
}

TEST(Record, UsageCasesNameTheirAxes) {
  Example example;
  example.subject.kind = CaseKind::kUsage;
  example.subject.id = "usage/alpha/rebinding/plus";
  example.facts = Facts{};
  example.facts.answer_seen = false;

  EXPECT_THAT(
      line_of(example),
      StartsWith(
          R"({"kind":"case","id":"usage/alpha/rebinding/plus","case":"usage","library":"alpha","topic":"rebinding",)"
          R"("variant":"plus","outcome":"answered")"));
  EXPECT_THAT(line_of(example), HasSubstr(R"("facts":{"answer.seen":false})"));
}

TEST(Record, HeaderAndFooterKeepTheOrderOfTheirKeys) {
  const Json content{Json::Object{{"kind", {std::string("x")}},
                                  {"planned", {std::int64_t{3}}},
                                  {"flags", {Json::Array{{true}, {1.5}, {std::monostate{}}}}}}};

  EXPECT_EQ(header_line(content),
            "{\"kind\":\"header\",\"planned\":3,\"flags\":[true,1.5,null]}\n");
  EXPECT_EQ(footer_line(content, "ab"),
            "{\"kind\":\"footer\",\"planned\":3,\"flags\":[true,1.5,null],\"digest\":\"ab\"}\n");
}

TEST(Json, EscapesAnyBytes) {
  const auto written = [](std::string_view text) {
    std::string out;
    write_json(out, text);
    return out;
  };

  EXPECT_EQ(written("a\"b\\c\n\t\x01\x7f"), R"("a\"b\\c\n\t\u0001\u007f")");
  EXPECT_EQ(written("\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"),
            "\"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\"");
  EXPECT_EQ(written("\xFF"), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(written("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"") << "overlong";
  EXPECT_EQ(written("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"") << "surrogate";
  EXPECT_EQ(written("\xE2\x82"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"") << "cut";
  EXPECT_EQ(written(std::string_view("\0", 1)), R"("\u0000")");
}

TEST(Schema, NamesEveryFactAndWord) {
  const std::string schema = record_schema();

  for (const FactRow& row : kFactRows)
    EXPECT_THAT(schema, HasSubstr('"' + std::string(row.spelled) + '"'));
  for (const std::string_view word :
       {"corrupted", "proofs-disagree", "not-applicable", "pair", "producer", "topic"}) {
    EXPECT_THAT(schema, HasSubstr('"' + std::string(word) + '"'));
  }
}

}  // namespace
}  // namespace dlpack_conformance
