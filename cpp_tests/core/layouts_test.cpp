#include "catalogue/layouts.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "core/case_id.h"

namespace dlpack_conformance {
namespace {

class Layouts : public testing::TestWithParam<LayoutRow> {
 protected:
  /// Elements from the origin, for each index; small layouts only.
  [[nodiscard]] static std::vector<std::int64_t> addresses(const LayoutRow& row) {
    std::vector<std::int64_t> result = {row.offset};
    for (std::size_t axis = 0; axis < row.shape.size(); ++axis) {
      std::vector<std::int64_t> next;
      for (const std::int64_t base : result) {
        for (std::int64_t index = 0; index < row.shape[axis]; ++index)
          next.push_back(base + index * row.strides[axis]);
      }
      result = std::move(next);
    }
    return result;
  }
};

std::string test_name(const testing::TestParamInfo<LayoutRow>& info) {
  std::string name;
  bool upper = true;
  for (const char c : info.param.name) {
    if (c == '-') {
      upper = true;
      continue;
    }
    name.push_back(upper ? static_cast<char>(std::toupper(c)) : c);
    upper = false;
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Table, Layouts, testing::ValuesIn(layouts().begin(), layouts().end()),
                         test_name);

TEST_P(Layouts, NameIsAnIdPartAndIsFoundAgain) {
  EXPECT_TRUE(is_id_part(GetParam().name));
  ASSERT_NE(find_layout(GetParam().name), nullptr);
  EXPECT_EQ(find_layout(GetParam().name)->shape, GetParam().shape);
  EXPECT_FALSE(GetParam().text.empty());
}

TEST_P(Layouts, TagsFollowFromEveryAddress) {
  const LayoutRow& row = GetParam();
  if (row.has(kHuge)) {  // more addresses than there is time for
    EXPECT_TRUE(row.has(kZeroStride) && row.has(kOverlap) && !row.has(kGaps));
    return;
  }
  const auto at = addresses(row);
  const std::set<std::int64_t> distinct(at.begin(), at.end());

  EXPECT_EQ(row.has(kEmpty), at.empty());
  EXPECT_EQ(row.has(kOverlap), distinct.size() < at.size());
  if (at.empty()) return;
  EXPECT_GE(*distinct.begin(), 0) << "an element lies before the memory";
  EXPECT_EQ(row.has(kOffset), *distinct.begin() != 0);
  const std::int64_t reach = *distinct.rbegin() - *distinct.begin() + 1;
  EXPECT_EQ(row.has(kGaps), !row.has(kOverlap) && reach > std::ssize(distinct));
  const bool ascending =
      std::ranges::is_sorted(at) && reach == std::ssize(at) && distinct.size() == at.size();
  EXPECT_EQ(row.has(kContiguous), ascending);
  bool descends = false;
  for (std::size_t axis = 0; axis < row.shape.size(); ++axis) {
    descends = descends || (row.shape[axis] > 1 && row.strides[axis] < 0);
  }
  EXPECT_EQ(row.has(kNegative), descends);
}

TEST_P(Layouts, ExtentIsWhereTheElementsAre) {
  const LayoutRow& row = GetParam();
  const Extent extent = extent_elems(row.shape, row.strides);
  if (row.has(kHuge)) {
    EXPECT_LE(extent.end - extent.begin, 2) << "no memory for a huge layout";
    return;
  }
  const auto at = addresses(row);
  if (at.empty()) {
    EXPECT_EQ(extent.begin, 0);
    EXPECT_EQ(extent.end, 0);
    return;
  }
  EXPECT_EQ(row.offset + extent.begin, *std::ranges::min_element(at));
  EXPECT_EQ(row.offset + extent.end, *std::ranges::max_element(at) + 1);
}

TEST(LayoutTable, HasWhatStridesCanSay) {
  const auto has = [](auto&& predicate) { return std::ranges::any_of(layouts(), predicate); };
  for (const LayoutTag tag : kLayoutTags) {
    EXPECT_TRUE(has([&](const LayoutRow& row) { return row.has(tag); })) << spelled(tag);
  }
  std::set<std::size_t> empty_axes;
  for (const LayoutRow& row : layouts()) {
    if (row.shape.size() != 3 && row.shape.size() != 2) continue;
    for (std::size_t axis = 0; axis < row.shape.size(); ++axis) {
      if (row.shape[axis] == 0) empty_axes.insert(axis);
    }
  }
  EXPECT_THAT(empty_axes, testing::ElementsAre(0, 1));
  for (const std::size_t rank : {0, 1, 2, 3, 4, 5, 8, 16, 32, 33, 64}) {
    EXPECT_TRUE(has([&](const LayoutRow& row) { return row.shape.size() == rank; })) << rank;
  }
}

TEST(LayoutTable, NamesSayWhatTheStridesAre) {
  EXPECT_TRUE(find_layout("fortran")->has(kFortran));
  EXPECT_FALSE(find_layout("fortran")->has(kContiguous));
  for (const LayoutRow& row : layouts()) {
    const bool moves = !row.has(kEmpty);
    if (row.name.starts_with("reversed")) {
      EXPECT_TRUE(row.has(kNegative)) << row.name;
    }
    if (row.name.starts_with("broadcast")) {
      EXPECT_TRUE(row.has(kZeroStride)) << row.name;
    }
    if (row.name.starts_with("windows")) {
      EXPECT_TRUE(row.has(kOverlap) && !row.has(kZeroStride)) << row.name;
    }
    if (row.name.starts_with("huge")) {
      EXPECT_GT(row.elements(), std::int64_t{1} << 31) << row.name;
    }
    if (row.name.starts_with("offset")) {
      EXPECT_TRUE(row.has(kOffset) && row.has(kContiguous)) << row.name;
    }
    if (row.name.starts_with("empty")) {
      EXPECT_FALSE(moves) << row.name;
    }
  }
}

TEST(LayoutTable, UnknownNameIsNull) { EXPECT_EQ(find_layout("diagonals"), nullptr); }

}  // namespace
}  // namespace dlpack_conformance
