#include "catalogue/predicate.h"

#include <gtest/gtest.h>

#include "catalogue/call_log.h"
#include "core/example.h"

namespace dlpack_conformance {
namespace {

using enum Answer;

TEST(Answer, KeepsUnknown) {
  EXPECT_EQ(both(kYes, kYes), kYes);
  EXPECT_EQ(both(kNo, kUnknown), kNo);
  EXPECT_EQ(both(kUnknown, kNo), kNo);
  EXPECT_EQ(both(kYes, kUnknown), kUnknown);
  EXPECT_EQ(either(kYes, kUnknown), kYes);
  EXPECT_EQ(either(kUnknown, kYes), kYes);
  EXPECT_EQ(either(kNo, kUnknown), kUnknown);
  EXPECT_EQ(either(kNo, kNo), kNo);
  EXPECT_EQ(opposite(kUnknown), kUnknown);
}

TEST(Predicate, ComposesIntoOneFunction) {
  Example example;
  constexpr Clause writable_and_right =
      flag<&Facts::source_writable> && !flag<&Facts::result_values>;
  const Seen seen{.subject = example.subject, .facts = example.facts, .outcome = Outcome::kShared};

  EXPECT_EQ(writable_and_right(seen), kNo);
  EXPECT_EQ(writable_and_right.negated()(seen), kYes);
  example.facts.source_writable.reset();
  example.facts.result_values = false;
  EXPECT_EQ(writable_and_right(seen), kUnknown);
}

TEST(Predicate, ExceptionClassesCountByTheirBases) {
  Example example;
  const Seen seen{.subject = example.subject, .facts = example.facts, .outcome = Outcome::kRefused};
  constexpr Clause is_buffer_error = route_raised<"BufferError">;

  EXPECT_EQ(is_buffer_error(seen), kYes) << "nothing was raised";
  example.facts.route_error = "alpha.errors.ExportError";
  EXPECT_EQ(is_buffer_error(seen), kUnknown);
  example.facts.route_error_bases = Texts{"alpha.BufferError", "Exception"};
  EXPECT_EQ(is_buffer_error(seen), kYes);
  example.facts.route_error_bases = Texts{"NoBufferError", "Exception"};
  EXPECT_EQ(is_buffer_error(seen), kNo);
}

TEST(CallLog, ReadsKeywordsOfEveryCall) {
  Facts facts;
  facts.calls_log =
      Texts{"__dlpack_device__()", "__dlpack__(max_version=(1, 0), copy=None)", "__dlpack__()"};
  std::string found;
  const auto note = [&](const Keyword& keyword) {
    found += std::string(keyword.name) + ":" + std::string(keyword.value) + ";";
    return true;
  };

  EXPECT_EQ(every_keyword(facts, note), kYes);
  EXPECT_EQ(found, "max_version:(1, 0);copy:None;");
}

TEST(CallLog, WithoutACallNothingIsKnown) {
  Facts facts;
  const auto fits = [](const Keyword&) { return true; };
  EXPECT_EQ(every_keyword(facts, fits), kUnknown);
  facts.calls_log = Texts{"__dlpack_device__()"};
  EXPECT_EQ(every_keyword(facts, fits), kUnknown);
  facts.calls_log = Texts{"__dlpack__(1)"};
  EXPECT_EQ(every_keyword(facts, fits), kUnknown) << "positional";
}

TEST(CallLog, KnowsNumbers) {
  EXPECT_TRUE(is_int("-1"));
  EXPECT_FALSE(is_int("1.0"));
  EXPECT_FALSE(is_int(""));
  EXPECT_TRUE(is_pair_of_ints("(1, 3)"));
  EXPECT_FALSE(is_pair_of_ints("(1, 3, 0)"));
  EXPECT_FALSE(is_pair_of_ints("[1, 3]"));
}

}  // namespace
}  // namespace dlpack_conformance
