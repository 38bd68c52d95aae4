#include <dlpack_impl/buffer.h>
#include <dlpack_impl/error.h>
#include <dlpack_impl/producer.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <set>
#include <string>

#include "layout_kinds.h"

namespace dlpack_impl {
namespace {

constexpr MemoryKind kKinds[] = {MemoryKind::kOrdinary, MemoryKind::kGuardBefore,
                                 MemoryKind::kGuardAfter, MemoryKind::kReadonly,
                                 MemoryKind::kMappedReadonly};

// int16 elements that hold 100, 101, ... in C order.
std::vector<std::byte> counting(std::size_t count) {
  std::vector<Number> values;
  for (std::size_t i = 0; i < count; ++i) values.emplace_back(static_cast<std::int64_t>(100 + i));
  return encode_elements(dtype_from_name("int16"), values);
}

Template make_template(const Layout& layout, Placement placement = {}) {
  const auto values = counting(static_cast<std::size_t>(layout.element_count()));
  return Template(dtype_from_name("int16"), layout, values.data(), values.size(), placement);
}

const Layout kGapped{{2, 3}, {8, 2}, 1};

unsigned char* bytes_of(const Buffer& buffer) {
  return static_cast<unsigned char*>(buffer.address());
}

class Templates : public testing::TestWithParam<test::LayoutKind> {};

TEST_P(Templates, ElementsLieWhereTheLayoutSays) {
  const test::LayoutKind& kind = GetParam();
  std::map<std::int64_t, int> last;  // where indices share an element the last one's value stays
  for (std::size_t i = 0; i < kind.hits.size(); ++i) last[kind.hits[i]] = static_cast<int>(100 + i);
  for (const MemoryKind memory : kKinds) {
    const Buffer buffer = make_template(kind.layout, {memory}).make();
    for (const auto& [element, value] : last) {
      std::int16_t found = 0;
      std::memcpy(&found,
                  static_cast<const char*>(buffer.first()) + (element - kind.layout.offset) * 2, 2);
      EXPECT_EQ(found, value) << memory_kind_name(memory) << " element " << element;
    }
    EXPECT_EQ(buffer.elements_changed(), 0);
    EXPECT_EQ(buffer.outside_changed(), 0);
  }
}

TEST_P(Templates, RawIsWhatTheElementsHold) {
  const test::LayoutKind& kind = GetParam();
  std::map<std::int64_t, std::size_t> last;
  for (std::size_t i = 0; i < kind.hits.size(); ++i) last[kind.hits[i]] = i;
  std::vector<Number> values;
  for (const std::int64_t hit : kind.hits)
    values.emplace_back(static_cast<std::int64_t>(100 + last[hit]));

  EXPECT_EQ(make_template(kind.layout).raw(), encode_elements(dtype_from_name("int16"), values));
}

std::string kind_name(const testing::TestParamInfo<test::LayoutKind>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(All, Templates, testing::ValuesIn(test::layout_kinds()), kind_name);

TEST(Buffer, EveryByteIsEitherElementOrCanary) {
  const Template stamp = make_template(kGapped);
  Buffer buffer = stamp.make();
  std::int64_t elements = 0;
  for (std::size_t i = 0; i < buffer.size_bytes(); ++i) {
    bytes_of(buffer)[i] ^= 0x40;
    const std::int64_t inside = buffer.elements_changed();
    EXPECT_EQ(inside + buffer.outside_changed(), 1) << "byte " << i;
    elements += inside;
    bytes_of(buffer)[i] ^= 0x40;
  }
  EXPECT_EQ(elements, 6 * 2);
}

TEST(Buffer, CanariesFillGapsAndBothEnds) {
  Buffer buffer = make_template(kGapped).make();
  auto* first = static_cast<unsigned char*>(buffer.first());
  first[2] ^= 1;  // the gap behind element 0
  EXPECT_EQ(buffer.outside_changed(), 1);
  bytes_of(buffer)[0] ^= 1;
  bytes_of(buffer)[buffer.size_bytes() - 1] ^= 1;
  EXPECT_EQ(buffer.outside_changed(), 3);
  EXPECT_EQ(buffer.elements_changed(), 0);
}

TEST(Buffer, EndsHaveAtLeast64CanaryBytes) {
  const Buffer buffer = make_template({{4}, {1}, 0}, {MemoryKind::kOrdinary, 1, 0}).make();
  EXPECT_GE(buffer.first_offset_bytes(), 64);
  EXPECT_GE(buffer.size_bytes(), static_cast<std::size_t>(buffer.first_offset_bytes()) + 8 + 64);
}

TEST(Buffer, CanaryShiftedByAnyDistanceShows) {
  const Layout layout{{1}, {1}, 400};
  Buffer buffer = make_template(layout).make();
  auto* gap = static_cast<unsigned char*>(buffer.origin());
  for (std::size_t shift = 1; shift <= 256; ++shift) {
    std::memmove(gap, gap + shift, 64);
    EXPECT_GT(buffer.outside_changed(), 32) << "shift " << shift;
    buffer.refill();
  }
}

TEST(Buffer, RefillPutsEveryByteBack) {
  for (const MemoryKind kind : {MemoryKind::kOrdinary, MemoryKind::kGuardBefore,
                                MemoryKind::kGuardAfter, MemoryKind::kReadonly}) {
    Buffer buffer = make_template(kGapped, {kind}).make();
    std::memset(buffer.address(), 0x5A, buffer.size_bytes());
    EXPECT_GT(buffer.elements_changed() + buffer.outside_changed(), 50);
    buffer.refill();
    EXPECT_EQ(buffer.elements_changed() + buffer.outside_changed(), 0) << memory_kind_name(kind);
  }
}

TEST(Buffer, OriginHasExactlyTheAlignmentAsked) {
  for (const std::int64_t alignment : {1, 2, 16, 64, 256, 4096}) {
    for (const std::int64_t skew : {std::int64_t{0}, alignment / 2, alignment - 1}) {
      for (const MemoryKind kind : {MemoryKind::kOrdinary, MemoryKind::kMappedReadonly}) {
        const Buffer buffer = make_template({{4}, {1}, 3}, {kind, alignment, skew}).make();
        const auto origin = reinterpret_cast<std::uintptr_t>(buffer.origin());
        EXPECT_EQ(origin % static_cast<std::uintptr_t>(alignment),
                  static_cast<std::uintptr_t>(skew));
        EXPECT_EQ(static_cast<char*>(buffer.first()) - static_cast<char*>(buffer.origin()), 6);
        EXPECT_EQ(static_cast<char*>(buffer.first()) - static_cast<char*>(buffer.address()),
                  buffer.first_offset_bytes());
      }
    }
  }
}

TEST(Buffer, BlocksComeBackCleanFromTheTemplate) {
  const Template stamp = make_template(kGapped);
  std::set<void*> addresses;
  for (int i = 0; i < 4; ++i) {
    Buffer buffer = stamp.make();
    EXPECT_EQ(buffer.elements_changed() + buffer.outside_changed(), 0);
    std::memset(buffer.address(), i, buffer.size_bytes());
    addresses.insert(buffer.address());
  }
  Buffer kept = stamp.make();
  Buffer other = stamp.make();
  EXPECT_NE(kept.address(), other.address());
}

TEST(Buffer, OutlivesItsTemplateAndMoves) {
  auto stamp = std::make_unique<Template>(make_template(kGapped));
  Buffer buffer = stamp->make();
  stamp.reset();
  Buffer moved = std::move(buffer);
  EXPECT_EQ(moved.elements_changed(), 0);
  moved = make_template({{1}, {1}, 0}).make();
  EXPECT_EQ(moved.outside_changed(), 0);
}

TEST(BufferDeathTest, GuardBeforeFaultsOneByteBelowTheLowestElement) {
  RecordProperty("requirement", "C-29");
  const Buffer buffer = make_template({{4}, {-1}, 7}, {MemoryKind::kGuardBefore}).make();
  auto* lowest = static_cast<volatile unsigned char*>(buffer.first()) - 6;
  EXPECT_EQ(static_cast<const volatile void*>(lowest), buffer.address());
  static_cast<void>(*lowest);
  EXPECT_DEATH(static_cast<void>(lowest[-1]), "");
}

TEST(BufferDeathTest, GuardAfterFaultsOneByteBehindTheHighestElement) {
  RecordProperty("requirement", "C-29 T-22");
  const Buffer buffer = make_template({{4}, {2}, 3}, {MemoryKind::kGuardAfter}).make();
  auto* last = static_cast<volatile unsigned char*>(buffer.first()) + 6 * 2 + 1;
  EXPECT_EQ(static_cast<const volatile void*>(last + 1), bytes_of(buffer) + buffer.size_bytes());
  static_cast<void>(*last);
  EXPECT_DEATH(static_cast<void>(last[1]), "");
}

TEST(BufferDeathTest, MappedReadonlyFaultsOnWriteOnly) {
  RecordProperty("requirement", "C-28");
  Buffer buffer = make_template(kGapped, {MemoryKind::kMappedReadonly}).make();
  auto* first = static_cast<volatile unsigned char*>(buffer.first());
  EXPECT_EQ(first[0], 100);
  EXPECT_DEATH(first[0] = 1, "");
  buffer.refill();
  EXPECT_DEATH(first[0] = 1, "");
  EXPECT_TRUE(buffer.readonly());
}

TEST(Buffer, ReadonlyKindIsOrdinaryMemory) {
  Buffer buffer = make_template(kGapped, {MemoryKind::kReadonly}).make();
  static_cast<unsigned char*>(buffer.first())[0] ^= 1;
  EXPECT_TRUE(buffer.readonly());
  EXPECT_EQ(buffer.elements_changed(), 1);
  EXPECT_FALSE(make_template(kGapped).make().readonly());
}

TEST(Buffer, PackedElementsAndUnusedBitsAreToldApart) {
  RecordProperty("requirement", "T-20");
  const DType dtype = dtype_from_name("float4_e2m1fn");
  const auto values = encode_elements(dtype, {0.5, 1.0, 1.5});
  Buffer buffer = Template(dtype, {{3}, {1}, 2}, values.data(), values.size()).make();
  auto* first = static_cast<unsigned char*>(buffer.first());
  EXPECT_EQ(first[0], 0x21);
  EXPECT_EQ(first[1] & 0x0F, 0x03);
  first[1] ^= 0x10;
  EXPECT_EQ(buffer.outside_changed(), 1);
  EXPECT_EQ(buffer.elements_changed(), 0);
  first[1] ^= 0x02;
  EXPECT_EQ(buffer.elements_changed(), 1);
}

TEST(Template, SpanIsRelativeToElementZero) {
  EXPECT_EQ(make_template({{4}, {-1}, 7}).span_bytes(),
            (std::pair<std::int64_t, std::int64_t>(-6, 2)));
  EXPECT_EQ(make_template({{0}, {1}, 0}).span_bytes(),
            (std::pair<std::int64_t, std::int64_t>(0, 0)));
}

TEST(Template, HugeZeroStrideLayoutsTakeNoMemory) {
  const DType dtype = dtype_from_name("int16");
  const auto values = counting(3);
  const Layout layout{{(std::int64_t{1} << 31) + 5, 3}, {0, 1}, 0};
  const Template stamp(dtype, layout, values.data(), values.size());
  Buffer buffer = stamp.make();

  EXPECT_TRUE(stamp.raw().empty());
  EXPECT_LT(buffer.size_bytes(), 1000U);
  EXPECT_EQ(stamp.span_bytes().second, 6);
  static_cast<unsigned char*>(buffer.first())[5] ^= 1;
  EXPECT_EQ(buffer.elements_changed(), 1);
}

TEST(Template, BadArgumentsAreRefused) {
  const DType dtype = dtype_from_name("int16");
  const auto values = counting(4);
  const auto refuse = [&](Layout layout, Placement placement, std::size_t size, const char* field) {
    try {
      Template(dtype, std::move(layout), values.data(), size, placement);
      ADD_FAILURE() << field << " was taken";
    } catch (const InvalidArgument& error) {
      EXPECT_EQ(std::string(error.what()).rfind(field, 0), 0U) << error.what();
    }
  };
  refuse({{4}, {1}, 0}, {}, 7, "values");
  refuse({{4}, {-1}, 0}, {}, 8, "offset");
  refuse({{4}, {1}, 0}, {MemoryKind::kOrdinary, 3, 0}, 8, "alignment");
  refuse({{4}, {1}, 0}, {MemoryKind::kOrdinary, 8192, 0}, 8, "alignment");
  refuse({{4}, {1}, 0}, {MemoryKind::kOrdinary, 16, 16}, 8, "skew");
  refuse({{4}, {1}, 0}, {MemoryKind::kGuardAfter, 16, 1}, 8, "skew");
  refuse({{4}, {std::int64_t{1} << 40}, 0}, {}, 8, "layout");
  refuse({{(1 << 20) + 1, 2}, {1, 1}, 0}, {}, 8, "layout");
  refuse({{4, 1}, {1}, 0}, {}, 8, "strides");
  EXPECT_THROW(Template({0, 4, 1, false}, {{1}, {1}, 0}, values.data(), 1), InvalidArgument);
}

TEST(Template, PackedElementZeroMustBeginAtAByte) {
  const DType dtype = dtype_from_name("float4_e2m1fn");
  const auto values = encode_elements(dtype, {0.5, 1.0});
  EXPECT_TRUE(begins_at_byte(dtype, {{2}, {1}, 2}));
  EXPECT_FALSE(begins_at_byte(dtype, {{2}, {1}, 1}));
  EXPECT_THROW(Template(dtype, {{2}, {-1}, 1}, values.data(), values.size()), InvalidArgument);
}

TEST(MemoryKind, NamesGoBothWays) {
  for (const MemoryKind kind : kKinds) EXPECT_EQ(find_memory_kind(memory_kind_name(kind)), kind);
  EXPECT_FALSE(find_memory_kind("guard").has_value());
}

}  // namespace
}  // namespace dlpack_impl
