// What is seen of a header: a struct that is laid out otherwise has to look otherwise.
#include "observe/abi.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>

#include "dlpack_impl/dlpack.h"
#include "observe/abi_in_c.h"

namespace dlpack_conformance {
namespace {

struct BitsFirst {
  std::uint8_t bits;
  std::uint8_t code;
  std::uint32_t lanes;
};

TEST(Abi, AStructIsSeenAsItLies) {
  RecordProperty("requirement", "H-03");
  const StructLayout published =
      layout_of(&DLDataType::code, &DLDataType::bits, &DLDataType::lanes);
  const StructLayout other = layout_of(&BitsFirst::code, &BitsFirst::bits, &BitsFirst::lanes);

  EXPECT_EQ(published, (StructLayout{4, {0, 1, 2}}));
  EXPECT_EQ(other, (StructLayout{8, {1, 0, 4}}));
}

TEST(Abi, LanguagesAreCompared) {
  RecordProperty("requirement", "H-16");
  const StructLayout one{4, {0, 1, 2}};

  EXPECT_EQ(facts_of(one, one).abi_same_in_c, Flag{true});
  EXPECT_EQ(facts_of(one, StructLayout{4, {0, 2, 1}}).abi_same_in_c, Flag{false});
  EXPECT_EQ(facts_of(one, StructLayout{8, {0, 1, 2}}).abi_same_in_c, Flag{false});
}

enum class Signed32 : std::int32_t {};
enum class Unsigned32 : std::uint32_t {};
enum class Signed64 : std::int64_t {};

TEST(Abi, BaseTypeOfAnEnumerationIsSeen) {
  RecordProperty("requirement", "H-10");
  EXPECT_EQ(facts_of_enum<Signed32>().abi_is_signed, Flag{true});
  EXPECT_EQ(facts_of_enum<Unsigned32>().abi_is_signed, Flag{false});
  EXPECT_EQ(facts_of_enum<Signed64>().abi_is_signed, Flag{false});
  EXPECT_EQ(facts_of_enum<Signed64>().abi_size, 8);
}

TEST(Abi, EveryNameIsThereOnce) {
  const std::vector<AbiEntry> entries = abi_entries();
  for (const char* name : {"DLPackVersion", "DLDevice", "DLDataType", "DLTensor", "DLManagedTensor",
                           "DLManagedTensorVersioned", "DLPackExchangeAPIHeader",
                           "DLPackExchangeAPI", "DLDeviceType", "DLDataTypeCode", "flags"}) {
    EXPECT_EQ(std::ranges::count(entries, name, &AbiEntry::name), 1) << name;
  }
}

TEST(Abi, TheOtherHeaderIsThereWhereOneWasFound) {
  RecordProperty("requirement", "H-08");
  unsigned version[2] = {9, 9};
  const bool found = dlconform_abi_of_other_header(version) != nullptr;
  const std::vector<AbiEntry> entries = abi_entries();
  const auto entry = std::ranges::find(entries, "other-header", &AbiEntry::name);

  ASSERT_EQ(entry != entries.end(), found);
  EXPECT_EQ(version[0], found ? 1U : 0U);
  if (!found) return;
  EXPECT_EQ(entry->facts.abi_offsets->size(), 12U);
  EXPECT_EQ(entry->facts.abi_other_offsets->size(), 12U);
}

}  // namespace
}  // namespace dlpack_conformance
