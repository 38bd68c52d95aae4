#include "core/pattern.h"

#include <gmock/gmock.h>

#include "catalogue/error.h"

namespace dlpack_conformance {
namespace {

constexpr std::string_view kExchange =
    "exchange/numpy/torch/from_dlpack/plain/float32/reversed-rows/plain/cpu";
constexpr std::string_view kUsage = "usage/numpy/rebinding/add-out";

bool matches(std::string_view query, std::string_view id) {
  return Query(query).matches(parse_case_id(id));
}

TEST(Glob, StarStandsForAnyCharacters) {
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("*", "float32"));
  EXPECT_TRUE(glob_matches("float*", "float32"));
  EXPECT_TRUE(glob_matches("*-rows", "reversed-rows"));
  EXPECT_TRUE(glob_matches("f*t*2", "float32"));
  EXPECT_TRUE(glob_matches("a*b*c", "abbcbc"));
  EXPECT_FALSE(glob_matches("float*4", "float32"));
  EXPECT_FALSE(glob_matches("loat32", "float32"));
  EXPECT_FALSE(glob_matches("", "x"));
}

TEST(Pattern, OneStarIsOnePart) {
  EXPECT_TRUE(matches("exchange/*/torch/*/*/*/*/*/*", kExchange));
  EXPECT_FALSE(matches("exchange/*/torch/*", kExchange));
  EXPECT_TRUE(matches("usage/*/rebinding/*", kUsage));
}

TEST(Pattern, TwoStarsAreAnyNumberOfParts) {
  EXPECT_TRUE(matches("**", kExchange));
  EXPECT_TRUE(matches("exchange/numpy/**", kExchange));
  EXPECT_TRUE(matches("**/cpu", kExchange));
  EXPECT_TRUE(matches("exchange/**/float32/**", kExchange));
  EXPECT_TRUE(matches("exchange/**/numpy/torch/**", kExchange)) << "no part at all";
  EXPECT_FALSE(matches("usage/**", kExchange));
  EXPECT_FALSE(matches("exchange/**/float64/**", kExchange));
}

TEST(Pattern, ManyTwoStarsAreOne) {
  std::string many = "**";
  for (int count = 0; count < 200; ++count) many += "/**";

  EXPECT_TRUE(matches(many, kExchange));
  EXPECT_FALSE(matches(many + "/gpu", kExchange));
  EXPECT_TRUE(matches(many + "/plain/**/**", kExchange));
}

TEST(Pattern, AnIdMatchesItselfAlone) {
  EXPECT_TRUE(matches(kExchange, kExchange));
  EXPECT_FALSE(matches(kUsage, kExchange));
}

TEST(Terms, AllMustHold) {
  EXPECT_TRUE(matches("dtype=float32,layout=reversed*", kExchange));
  EXPECT_TRUE(matches("dtype=float32 layout=*rows", kExchange));
  EXPECT_TRUE(matches("  producer=numpy ,, consumer=torch ", kExchange));
  EXPECT_FALSE(matches("dtype=float32,layout=vector", kExchange));
}

TEST(Terms, OneOfSeveralIsEnough) {
  EXPECT_TRUE(matches("dtype=int8|float32|bool", kExchange));
  EXPECT_TRUE(matches("layout=vector|reversed*,consumer=torch", kExchange));
  EXPECT_FALSE(matches("dtype=int8|float64", kExchange));
}

TEST(Pattern, OneOfSeveralPartsIsEnough) {
  EXPECT_TRUE(matches("usage/jax|numpy/*/add-*|view", kUsage));
  EXPECT_FALSE(matches("usage/jax|torch/**", kUsage));
}

TEST(Assignment, TheLastGroupThatMatchesSpeaks) {
  const std::vector<std::vector<Query>> groups = {
      {Query("**")}, {Query("case=usage"), Query("dtype=float32")}, {Query("dtype=int8")}};
  const std::string_view ids[] = {kExchange, kUsage, "usage/numpy/rebinding/view",
                                  "protocol/numpy/C-25/readonly-flag"};

  const Assignment found = assign(groups, ids);

  EXPECT_THAT(found.last, testing::ElementsAre(1, 1, 1, 0));
  EXPECT_THAT(found.matched, testing::ElementsAre(4, 3, 0));
}

TEST(Assignment, NoGroupIsMinusOne) {
  const std::vector<std::vector<Query>> groups = {{Query("dtype=int8")}, {}};
  const std::string_view ids[] = {kExchange};

  EXPECT_THAT(assign(groups, ids).last, testing::ElementsAre(-1));
  EXPECT_THROW(assign(groups, std::vector<std::string_view>{"no id"}), CatalogueError);
}

TEST(Terms, CaseIsTheKind) {
  EXPECT_TRUE(matches("case=usage", kUsage));
  EXPECT_FALSE(matches("case=usage", kExchange));
}

TEST(Terms, LibraryIsEitherSide) {
  EXPECT_TRUE(matches("library=numpy", kExchange));
  EXPECT_TRUE(matches("library=torch", kExchange));
  EXPECT_TRUE(matches("library=numpy", kUsage));
  EXPECT_FALSE(matches("library=jax", kExchange));
}

TEST(Terms, ACaseWithoutTheAxisDoesNotMatch) {
  EXPECT_FALSE(matches("dtype=*", kUsage));
  EXPECT_FALSE(matches("topic=*", kExchange));
}

TEST(Query, ErrorsNameWhatIsAllowed) {
  const auto message_of = [](std::string_view query) -> std::string {
    try {
      Query parsed(query);
    } catch (const CatalogueError& error) {
      return error.what();
    }
    return {};
  };

  EXPECT_THAT(message_of("colour=red"),
              testing::AllOf(testing::HasSubstr("'colour'"), testing::HasSubstr("layout")));
  EXPECT_THAT(message_of("dtype=float32 numpy"), testing::HasSubstr("'numpy'"));
  EXPECT_THAT(message_of("dtype="), testing::HasSubstr("dtype is ''"));
  EXPECT_THAT(message_of("numpy"), testing::HasSubstr("key=value"));
  EXPECT_THAT(message_of(""), testing::HasSubstr("''"));
  EXPECT_THAT(message_of("exchange//torch"), testing::HasSubstr("pattern is ''"));
  EXPECT_THAT(message_of("dtype=int8|"), testing::HasSubstr("'int8|'"));
  EXPECT_THAT(message_of("exchange/nu mpy/**"), testing::HasSubstr("'nu mpy'"));
}

}  // namespace
}  // namespace dlpack_conformance
