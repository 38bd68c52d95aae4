#include "observe/addresses.h"

#include <gmock/gmock.h>

#include <vector>

#include "catalogue/error.h"

namespace dlpack_conformance {
namespace {

using Ints = std::vector<std::int64_t>;

constexpr Origin kOrigin{.first = 0x1000, .begin = -64, .end = 128};

/// Elements of four bytes.
AddressRelation related(std::uintptr_t at_a, const Ints& shape_a, const Ints& strides_a,
                        std::uintptr_t at_b, const Ints& shape_b, const Ints& strides_b) {
  return relate({.first = at_a, .shape = shape_a, .strides_bytes = strides_a, .item_bytes = 4},
                {.first = at_b, .shape = shape_b, .strides_bytes = strides_b, .item_bytes = 4});
}

TEST(AddressText, IsTheDistanceFromElementZero) {
  EXPECT_EQ(address_text(0x1000, kOrigin, false), "0");
  EXPECT_EQ(address_text(0x1010, kOrigin, false), "16");
  EXPECT_EQ(address_text(0x1000 - 64, kOrigin, false), "-64");
}

TEST(AddressText, OutsideTheAllocationIsElsewhere) {
  EXPECT_EQ(address_text(0x1000 - 65, kOrigin, false), "elsewhere");
  EXPECT_EQ(address_text(0x1000 + 127, kOrigin, false), "127");
  EXPECT_EQ(address_text(0x1000 + 128, kOrigin, false), "elsewhere");
  EXPECT_EQ(address_text(0x1000 + 128, kOrigin, true), "128")
      << "an empty array may start at the end";
}

TEST(AddressText, NullIsNull) { EXPECT_EQ(address_text(0, kOrigin, true), "null"); }

TEST(Relate, SameNeedsEachIndexAtOneAddress) {
  EXPECT_EQ(related(64, {2, 3}, {12, 4}, 64, {2, 3}, {12, 4}), AddressRelation::kSame);
  EXPECT_EQ(related(64, {1, 3}, {12, 4}, 64, {1, 3}, {99, 4}), AddressRelation::kSame)
      << "extent 1 does not move";
  EXPECT_EQ(related(64, {2, 3}, {12, 4}, 64, {2, 3}, {4, 8}), AddressRelation::kOverlap);
  EXPECT_EQ(related(64, {6}, {4}, 64, {2, 3}, {12, 4}), AddressRelation::kOverlap)
      << "another shape";
}

TEST(Relate, ReversedArraysOverlap) {
  EXPECT_EQ(related(84, {6}, {-4}, 64, {6}, {4}), AddressRelation::kOverlap);
  EXPECT_EQ(related(84, {6}, {-4}, 84, {6}, {-4}), AddressRelation::kSame);
  EXPECT_EQ(related(84, {6}, {-4}, 88, {6}, {4}), AddressRelation::kApart);
}

TEST(Relate, InterleavedElementsAreApart) {
  EXPECT_EQ(related(64, {6}, {8}, 68, {6}, {8}), AddressRelation::kApart);
  EXPECT_EQ(related(64, {6}, {8}, 66, {6}, {8}), AddressRelation::kOverlap)
      << "halves of elements count";
}

TEST(Relate, EmptyArraysShareNothing) {
  EXPECT_EQ(related(64, {0}, {4}, 64, {0}, {4}), AddressRelation::kApart);
}

TEST(Relate, HugeLayoutsCostNothing) {
  const std::int64_t huge = (std::int64_t{1} << 31) + 8;

  EXPECT_EQ(related(64, {2, huge}, {4, 0}, 64, {2, huge}, {4, 0}), AddressRelation::kSame);
  EXPECT_EQ(related(64, {huge}, {0}, 64, {1}, {4}), AddressRelation::kOverlap);
  EXPECT_EQ(related(64, {huge}, {0}, 72, {1}, {4}), AddressRelation::kApart);
}

TEST(Relate, LengthsThatDifferAreAnError) {
  EXPECT_THROW(related(64, {2, 3}, {4}, 64, {2}, {4}), CatalogueError);
}

}  // namespace
}  // namespace dlpack_conformance
