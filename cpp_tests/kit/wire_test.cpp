// Facts on their way out of a case's process.
#include "gtest/wire.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace dlpack_conformance::kit {
namespace {

Facts some_of_each_type() {
  Facts facts;
  facts.route_returned = false;
  facts.life_repeats = -3;
  facts.source_dtype = std::string("a\0b", 3);
  facts.source_shape = Ints{3, -4, 0};
  facts.table_null = Texts{"", "one"};
  return facts;
}

TEST(Wire, GivesAllTypesOfFactsBack) {
  EXPECT_EQ(unpacked(packed(some_of_each_type())), some_of_each_type());
}

TEST(Wire, GivesNoFactsBackAsNone) { EXPECT_EQ(unpacked(packed(Facts())), Facts()); }

TEST(Wire, SaysThatBytesWereCut) {
  const std::string bytes = packed(some_of_each_type());
  EXPECT_THROW(unpacked(bytes.substr(0, bytes.size() - 1)), std::runtime_error);
}

TEST(Wire, SaysThatThereIsNoSuchFact) {
  EXPECT_THROW(unpacked(std::string(8, '\x7F')), std::runtime_error);
}

}  // namespace
}  // namespace dlpack_conformance::kit
