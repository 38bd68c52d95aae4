#include <dlpack_impl/error.h>
#include <dlpack_impl/layout.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>

#include "layout_kinds.h"

namespace dlpack_impl {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

class LayoutKinds : public testing::TestWithParam<test::LayoutKind> {};

TEST_P(LayoutKinds, CountSpanAndContiguityAreThoseOfTheElements) {
  const test::LayoutKind& kind = GetParam();
  const ElementSpan span = kind.layout.span();

  EXPECT_EQ(kind.layout.element_count(), static_cast<std::int64_t>(kind.hits.size()));
  EXPECT_EQ(kind.layout.is_c_contiguous(), kind.c_contiguous);
  EXPECT_EQ(span.empty, kind.hits.empty());
  if (kind.hits.empty()) return;
  const auto [low, high] = std::minmax_element(kind.hits.begin(), kind.hits.end());
  EXPECT_EQ(kind.layout.offset + span.lowest, *low);
  EXPECT_EQ(kind.layout.offset + span.highest, *high);
  EXPECT_EQ(kind.layout.elements_from_origin(), *high + 1);
}

TEST_P(LayoutKinds, WalkVisitsEachIndexOnceInOrder) {
  const Layout& layout = GetParam().layout;
  std::vector<std::vector<std::int64_t>> visited;
  for (IndexWalk walk(layout.shape); !walk.done(); walk.next()) {
    EXPECT_EQ(walk.position(), static_cast<std::int64_t>(visited.size()));
    visited.push_back(walk.index().to_vector());
  }

  EXPECT_EQ(visited.size(), GetParam().hits.size());
  EXPECT_TRUE(std::is_sorted(visited.begin(), visited.end()));
  EXPECT_EQ(std::adjacent_find(visited.begin(), visited.end()), visited.end());
}

std::string kind_name(const testing::TestParamInfo<test::LayoutKind>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(All, LayoutKinds, testing::ValuesIn(test::layout_kinds()), kind_name);

TEST(Layout, CountsMoreThanTwoToThe31ElementsWithoutMemory) {
  const Layout layout{{std::int64_t{1} << 33, 3}, {0, 1}, 0};
  EXPECT_EQ(layout.element_count(), std::int64_t{3} << 33);
  EXPECT_EQ(layout.span().highest, 2);
  EXPECT_EQ(distinct_shape(layout.shape, layout.strides), (std::vector<std::int64_t>{1, 3}));
}

TEST(Layout, CountOverflowIsRefused) {
  EXPECT_EQ(element_count({kMax}), kMax);
  EXPECT_THROW(element_count({kMax, 2}), InvalidArgument);
  EXPECT_THROW(element_count({std::int64_t{1} << 32, std::int64_t{1} << 32}), InvalidArgument);
  EXPECT_EQ(element_count({kMax, 2, 0}), 0);
}

TEST(Layout, RankHasALimit) {
  EXPECT_EQ(element_count(std::vector<std::int64_t>(64, 1)), 1);
  EXPECT_THROW(element_count(std::vector<std::int64_t>(65, 1)), InvalidArgument);
}

TEST(Layout, NegativeExtentIsRefusedByName) {
  try {
    element_count({2, -1});
    FAIL() << "a negative extent was taken";
  } catch (const InvalidArgument& error) {
    EXPECT_STREQ(error.what(), "shape[1]: -1; limit: >= 0");
  }
  EXPECT_THROW(element_count({0, -1}), InvalidArgument);
}

TEST(Layout, SpanOverflowIsRefused) {
  EXPECT_THROW(element_span({3}, {kMax}), InvalidArgument);
  EXPECT_THROW(element_span({2}, {kMin}), InvalidArgument);
  EXPECT_THROW(element_span({2, 2}, {std::int64_t{1} << 62, 1}), InvalidArgument);
  EXPECT_THROW(element_span({2}, {1, 1}), InvalidArgument);
  EXPECT_EQ(element_span({2}, {std::int64_t{1} << 62}).highest, std::int64_t{1} << 62);
  EXPECT_EQ(element_span({2}, {-(std::int64_t{1} << 62)}).lowest, -(std::int64_t{1} << 62));
  EXPECT_EQ(element_span({1, 0}, {kMin, kMax}).empty, true);
}

TEST(Layout, ElementsBeforeTheOriginAreRefused) {
  const Layout layout{{4}, {-1}, 2};
  EXPECT_THROW(static_cast<void>(layout.elements_from_origin()), InvalidArgument);
  const Layout negative{{4}, {1}, -1};
  EXPECT_THROW(static_cast<void>(negative.elements_from_origin()), InvalidArgument);
}

TEST(Layout, EqualityIsByAllThreeNumbers) {
  const Layout layout{{2}, {1}, 0};
  EXPECT_EQ(layout, (Layout{{2}, {1}, 0}));
  EXPECT_NE(layout, (Layout{{2}, {2}, 0}));
  EXPECT_NE(layout, (Layout{{2}, {1}, 1}));
}

}  // namespace
}  // namespace dlpack_impl
