#include "core/facts.h"

#include <gmock/gmock.h>

#include <set>
#include <string_view>

namespace dlpack_conformance {
namespace {

TEST(Facts, NamesAreUniqueAndFoundAgain) {
  std::set<std::string_view> names;
  for (const FactRow& row : kFactRows) {
    EXPECT_TRUE(names.insert(row.spelled).second) << row.spelled;
    EXPECT_EQ(find_fact(row.spelled), row.id);
  }
  EXPECT_EQ(names.size(), kFactCount);
}

TEST(Facts, EveryRowSaysWhoCollectsItAndInWhichUnit) {
  const std::set<std::string_view> collectors = {"library", "reference", "engine", "supervisor"};
  for (const FactRow& row : kFactRows) {
    EXPECT_TRUE(collectors.contains(row.collector)) << row.spelled;
    EXPECT_FALSE(row.unit.empty()) << row.spelled;
    EXPECT_EQ(row.unit == "-", row.type == FactType::kFlag) << row.spelled;
    EXPECT_FALSE(row.text.empty()) << row.spelled;
  }
}

TEST(Facts, UnknownNameIsNotFound) {
  EXPECT_EQ(find_fact("source.colour"), std::nullopt);
  EXPECT_EQ(find_fact(""), std::nullopt);
}

TEST(Facts, SetAndGetGiveTheValueBack) {
  Facts facts;
  EXPECT_TRUE(set_fact(facts, FactId::source_shape, Ints{3, 4}));
  EXPECT_TRUE(set_fact(facts, FactId::route_returned, true));

  EXPECT_EQ(facts.source_shape, Ints({3, 4}));
  EXPECT_EQ(get_fact(facts, FactId::source_shape), FactValue(Ints{3, 4}));
  EXPECT_EQ(get_fact(facts, FactId::route_returned), FactValue(true));
  EXPECT_EQ(get_fact(facts, FactId::result_shape), FactValue());
}

TEST(Facts, WrongTypeChangesNothing) {
  Facts facts;
  facts.export_flags = 1;

  EXPECT_FALSE(set_fact(facts, FactId::export_flags, Text("1")));
  EXPECT_EQ(facts.export_flags, 1);
}

TEST(Facts, MonostateForgetsOneAndClearForgetsAll) {
  Facts facts;
  facts.export_flags = 1;
  facts.calls_log = Texts{"__dlpack__()"};

  EXPECT_TRUE(set_fact(facts, FactId::export_flags, {}));
  EXPECT_FALSE(facts.export_flags.has_value());
  EXPECT_NE(facts, Facts());
  clear(facts);
  EXPECT_EQ(facts, Facts());
}

}  // namespace
}  // namespace dlpack_conformance
