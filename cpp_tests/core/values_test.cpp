#include "core/values.h"

#include <gmock/gmock.h>

#include <cmath>
#include <complex>
#include <set>

#include "dlpack_impl/consumer.h"
#include "dlpack_impl/producer.h"

namespace dlpack_conformance {
namespace {

const DTypeRow& dtype(std::string_view name) { return *find_dtype(name); }
const LayoutRow& layout(std::string_view name) { return *find_layout(name); }

TEST(Values, EveryNumberIsExactInItsDtype) {
  for (const DTypeRow& row : dtypes()) {
    const auto encoded_as = dlpack_impl::find_dtype(row.name);
    if (!encoded_as) continue;
    for (const LayoutRow& shape : layouts()) {
      const auto numbers = element_values(row, shape);
      for (std::size_t at = 0; at + row.lanes <= numbers.size(); at += row.lanes) {
        std::vector<std::byte> element(static_cast<std::size_t>(encoded_as->element_bytes()));
        dlpack_impl::encode_element(*encoded_as, &numbers[at], element.data());
        std::vector<Number> decoded(row.lanes);
        dlpack_impl::decode_element(*encoded_as, element.data(), decoded.data());
        for (std::size_t lane = 0; lane < row.lanes; ++lane) {
          const auto as_complex = [](const Number& number) {
            return std::visit(
                [](const auto& one) -> std::complex<double> {
                  if constexpr (std::is_same_v<std::decay_t<decltype(one)>, std::complex<double>>)
                    return one;
                  else
                    return static_cast<double>(one);
                },
                number);
          };
          ASSERT_EQ(as_complex(decoded[lane]), as_complex(numbers[at + lane]))
              << row.name << " " << shape.name << " " << at;
        }
      }
    }
  }
}

TEST(Values, WideDtypesHoldTheIndexPlusOne) {
  EXPECT_THAT(element_values(dtype("int32"), layout("vector")),
              testing::ElementsAre(Number(std::int64_t{1}), Number(std::int64_t{2}),
                                   Number(std::int64_t{3}), Number(std::int64_t{4}),
                                   Number(std::int64_t{5}), Number(std::int64_t{6})));
}

TEST(Values, IndicesThatShareAnElementShareItsNumber) {
  const auto numbers = element_values(dtype("float64"), layout("broadcast-rows"));

  ASSERT_EQ(numbers.size(), 12u);
  for (std::size_t at = 0; at < 8; ++at) EXPECT_EQ(numbers[at], numbers[at + 4]);
  EXPECT_NE(numbers[0], numbers[1]);
}

TEST(Values, PartsOfComplexNumbersAreDistinct) {
  for (const Number& number : element_values(dtype("complex32"), layout("cube"))) {
    const auto parts = std::get<std::complex<double>>(number);
    EXPECT_GT(parts.real(), 0);
    EXPECT_LT(parts.imag(), 0) << "the conjugate bit shows";
    EXPECT_NE(parts.real(), -parts.imag());
  }
}

TEST(Values, HugeLayoutsGiveOneNumberForEachElementThatCanDiffer) {
  EXPECT_EQ(element_values(dtype("int8"), layout("huge")).size(), 1u);
  EXPECT_EQ(element_values(dtype("int8"), layout("huge-rows")).size(), 2u);
  EXPECT_EQ(element_values(dtype("float32x4"), layout("huge-rows")).size(), 8u);
}

TEST(Values, BooleansAreNeitherAllFalseNorReadAlikeWhereThereIsAChoice) {
  for (const LayoutRow& written : layouts()) {
    const auto numbers = element_values(dtype("bool"), written);
    if (numbers.empty()) continue;
    EXPECT_TRUE(std::ranges::find(numbers, Number(true)) != numbers.end()) << written.name;
    for (const LayoutRow& read : layouts()) {
      if (read.shape == written.shape) {
        EXPECT_FALSE(read_alike(dtype("bool"), written, read)) << written.name << " " << read.name;
      }
    }
  }
}

TEST(Values, ReadingByOtherStridesShowsForEveryDtype) {
  for (const DTypeRow& row : dtypes()) {
    EXPECT_FALSE(read_alike(row, layout("matrix"), layout("fortran"))) << row.name;
    EXPECT_FALSE(read_alike(row, layout("reversed"), layout("vector"))) << row.name;
    EXPECT_FALSE(read_alike(row, layout("permuted"), layout("cube"))) << row.name;
  }
}

TEST(OtherValue, DiffersAndIsExactAgain) {
  for (const DTypeRow& row : dtypes()) {
    for (const Number& number : element_values(row, layout("cube"))) {
      const Number other = other_value(row, number);
      EXPECT_NE(other, number) << row.name;
      EXPECT_EQ(other.index(), number.index()) << row.name;
      const auto encoded_as = row.lanes == 1 ? dlpack_impl::find_dtype(row.name) : std::nullopt;
      if (!encoded_as) continue;
      std::byte element[16] = {};
      Number decoded;
      dlpack_impl::encode_element(*encoded_as, &other, element);
      dlpack_impl::decode_element(*encoded_as, element, &decoded);
      if (row.family == DTypeFamily::kFloat) {
        EXPECT_EQ(std::get<double>(decoded), std::get<double>(other)) << row.name;
      }
    }
  }
}

}  // namespace
}  // namespace dlpack_conformance
