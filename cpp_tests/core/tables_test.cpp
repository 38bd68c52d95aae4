#include <gmock/gmock.h>

#include <set>

#include "catalogue/devices.h"
#include "catalogue/dtypes.h"
#include "catalogue/error.h"
#include "catalogue/layouts.h"
#include "catalogue/profiles.h"
#include "catalogue/requests.h"
#include "catalogue/sources.h"
#include "core/case_id.h"
#include "core/catalogue_digest.h"
#include "core/selector.h"
#include "dlpack_impl/dtype.h"

namespace dlpack_conformance {
namespace {

template <class Table>
void expect_names(const Table& table) {
  std::set<std::string_view> names;
  for (const auto& row : table) {
    EXPECT_TRUE(is_id_part(row.name)) << row.name;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.text.empty()) << row.name;
    EXPECT_LE(row.text.size(), 100u) << row.name;
  }
}

TEST(Tables, NamesAreUniqueIdParts) {
  expect_names(dtypes());
  expect_names(layouts());
  expect_names(sources());
  expect_names(devices());
  expect_names(profiles());
}

TEST(DTypes, AgreeWithTheInstrumentWhereDlpackHasThem) {
  for (const auto& [name, dtype] : dlpack_impl::all_dtypes()) {
    const DTypeRow* row = find_dtype(name);
    ASSERT_NE(row, nullptr) << name;
    EXPECT_TRUE(row->dlpack) << name;
  }
  for (const DTypeRow& row : dtypes()) {
    const auto dtype = dlpack_impl::find_dtype(row.name);
    ASSERT_EQ(dtype.has_value(), row.dlpack) << row.name;
    if (!dtype) continue;
    EXPECT_EQ(dtype->code, row.code) << row.name;
    EXPECT_EQ(dtype->bits, row.bits) << row.name;
    EXPECT_EQ(dtype->lanes, row.lanes) << row.name;
    EXPECT_EQ(dtype->padded, row.padded) << row.name;
    EXPECT_EQ(dtype->element_bits(), row.item_bits) << row.name;
  }
}

TEST(DTypes, AreFoundByTheirTriple) {
  for (const DTypeRow& row : dtypes()) {
    if (row.dlpack) {
      EXPECT_EQ(find_dtype(row.code, row.bits, row.lanes, row.padded), &row) << row.name;
    }
  }
  EXPECT_EQ(find_dtype(2, 128, 1, false), nullptr);
  EXPECT_EQ(find_dtype(2, 32, 1, true), find_dtype("float32")) << "whole bytes cannot be padded";
}

TEST(DTypes, SwappedOnesAreTheirBaseInForeignOrder) {
  for (const DTypeRow& row : dtypes()) {
    EXPECT_EQ(row.swapped, row.name.starts_with("swapped-")) << row.name;
    if (!row.swapped) continue;
    const DTypeRow* base = find_dtype(row.base);
    ASSERT_NE(base, nullptr) << row.name;
    EXPECT_EQ(std::string("swapped-").append(base->name), row.name);
    EXPECT_EQ(base->item_bits, row.item_bits) << row.name;
    EXPECT_GT(base->item_bits, 8u) << row.name;
  }
}

TEST(DTypes, StandardOnesAreThoseOfTheArrayApi) {
  std::vector<std::string_view> standard;
  for (const DTypeRow& row : dtypes()) {
    if (row.standard) standard.push_back(row.name);
  }
  EXPECT_THAT(standard, testing::UnorderedElementsAre(
                            "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32",
                            "uint64", "float32", "float64", "complex64", "complex128"));
}

TEST(Sources, MemoryThatIsNotOursHasNoSkew) {
  for (const SourceRow& row : sources()) {
    const bool ours = row.memory != SourceMemory::kLibrary;
    EXPECT_EQ(template_kind(row.memory).empty(), !ours) << row.name;
    if (!ours) {
      EXPECT_EQ(row.skew_bytes + row.skew_elems, 0u) << row.name;
    }
    if (!row.may_write) {
      EXPECT_TRUE(row.readonly) << row.name;
    }
    if (!row.has_memory) {
      EXPECT_FALSE(row.strided) << row.name;
    }
  }
}

TEST(Sources, AlignmentIsExactlyWhatTheNameSays) {
  for (const std::uint32_t wanted : {16u, 32u, 64u}) {
    const SourceRow* row = find_source("align-" + std::to_string(wanted));
    ASSERT_NE(row, nullptr);
    EXPECT_EQ(row->skew_bytes % wanted, 0u);
    EXPECT_NE(row->skew_bytes % (2 * wanted), 0u) << "aligned to more than the name says";
    EXPECT_EQ(row->alignment % (2 * wanted), 0u);
  }
}

TEST(Requests, TokensAreSortedAndParse) {
  std::string previous;
  for (const RequestTokenRow& row : request_tokens()) {
    const std::string text = std::string(row.key).append("-").append(row.value);
    EXPECT_LT(previous, text);
    EXPECT_EQ(parse_request(text).text, text);
    previous = text;
  }
}

TEST(Selector, TakesNamesTagsAndAllButTheExcluded) {
  EXPECT_TRUE(selects("*", "float32"));
  EXPECT_TRUE(selects("int8 float32", "float32"));
  EXPECT_FALSE(selects("int8 float3", "float32"));
  EXPECT_FALSE(selects("* !float32", "float32"));
  EXPECT_FALSE(selects("!float32 *", "float32"));
  EXPECT_FALSE(selects("", "float32"));
  EXPECT_TRUE(selects(":negative", *find_layout("reversed")));
  EXPECT_FALSE(selects("* !:negative", *find_layout("reversed")));
  EXPECT_TRUE(selects(":dlpack", *find_dtype("float32")));
  EXPECT_FALSE(selects(":dlpack", *find_dtype("object")));
}

TEST(Profiles, SelectorsNameRowsThatExist) {
  const auto check = [](std::string_view selector, auto&& known) {
    for (std::size_t begin = selector.find_first_not_of(' '); begin != std::string_view::npos;) {
      const std::size_t end = std::min(selector.find(' ', begin), selector.size());
      std::string_view term = selector.substr(begin, end - begin);
      if (term.starts_with('!')) term.remove_prefix(1);
      if (term != "*" && !term.starts_with(':')) {
        EXPECT_TRUE(known(term)) << term;
      }
      begin = selector.find_first_not_of(' ', end);
    }
  };
  for (const ProfileRow& profile : profiles()) {
    EXPECT_LE(profile.products.size(), 32u) << "a bit each";
    for (const ProductRow& product : profile.products) {
      check(product.sources, [](std::string_view name) { return find_source(name) != nullptr; });
      check(product.dtypes, [](std::string_view name) { return find_dtype(name) != nullptr; });
      check(product.layouts, [](std::string_view name) { return find_layout(name) != nullptr; });
      check(product.requests,
            [](std::string_view name) { return parse_request(name).text == name; });
    }
  }
}

TEST(CatalogueDigest, IsSixteenHexadecimalDigitsAndStays) {
  EXPECT_THAT(catalogue_digest(), testing::MatchesRegex("[0-9a-f]{16}"));
  EXPECT_EQ(catalogue_digest(), catalogue_digest());
}

TEST(CatalogueError, SaysWhereWhatAndWhatIsAllowed) {
  EXPECT_STREQ(CatalogueError("plan", "profile", "slow", "quick, default").what(),
               "plan: profile is 'slow'; allowed: quick, default");
}

}  // namespace
}  // namespace dlpack_conformance
