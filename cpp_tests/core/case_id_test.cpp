#include "core/case_id.h"

#include <gmock/gmock.h>

#include "catalogue/error.h"

namespace dlpack_conformance {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr std::string_view kExchange =
    "exchange/numpy/torch/from_dlpack/plain/float32/reversed/plain/cpu";

TEST(CaseId, ExchangePartsFollowTheAxes) {
  const CaseId id = parse_case_id(kExchange);

  EXPECT_EQ(id.kind, CaseKind::kExchange);
  EXPECT_THAT(id.axes(), ElementsAre("numpy", "torch", "from_dlpack", "plain", "float32",
                                     "reversed", "plain", "cpu"));
  EXPECT_EQ(make_case_id(id.kind, id.axes()), kExchange);
}

TEST(CaseId, ProtocolAndUsageHaveThreeParts) {
  EXPECT_THAT(parse_case_id("protocol/torch/C-25/readonly-flag").axes(),
              ElementsAre("torch", "C-25", "readonly-flag"));
  EXPECT_THAT(parse_case_id("usage/jax+x64/rebinding/add-out").axes(),
              ElementsAre("jax+x64", "rebinding", "add-out"));
}

TEST(CaseId, PartsHaveLettersDigitsAndFourSigns) {
  EXPECT_TRUE(is_id_part("aZ09_.+-"));
  EXPECT_FALSE(is_id_part(""));
  EXPECT_FALSE(is_id_part("a b"));
  EXPECT_FALSE(is_id_part("a*"));
  EXPECT_FALSE(is_id_part("\xc3\xa4"));
}

TEST(CaseId, ErrorsNameTheAxisAndTheValue) {
  EXPECT_THAT([] { parse_case_id("exchange/numpy/to rch/r/plain/int8/vector/plain/cpu"); },
              ThrowsMessage<CatalogueError>(HasSubstr("consumer is 'to rch'")));
  EXPECT_THAT([] { parse_case_id("usage/numpy/topic"); },
              ThrowsMessage<CatalogueError>(HasSubstr("<library> <topic> <variant>")));
  EXPECT_THAT([] { parse_case_id("usage/numpy/topic/variant/more"); },
              testing::Throws<CatalogueError>());
  EXPECT_THAT([] { parse_case_id("fuzz/1"); },
              ThrowsMessage<CatalogueError>(HasSubstr("kind is 'fuzz'")));
  EXPECT_THAT([] { parse_case_id(""); }, testing::Throws<CatalogueError>());
}

TEST(Request, PlainPassesNothing) {
  const Request request = parse_request("plain");

  EXPECT_EQ(request.copy, Passed::kAbsent);
  EXPECT_EQ(request.device, Passed::kAbsent);
  EXPECT_EQ(request.force, Passed::kAbsent);
  EXPECT_EQ(request.dtype, "");
}

TEST(Request, TokensSayWhatIsPassed) {
  const Request request = parse_request("copy-false+device-own+dtype-swapped-int32+force-true");

  EXPECT_EQ(request.copy, Passed::kFalse);
  EXPECT_EQ(request.device, Passed::kOwn);
  EXPECT_EQ(request.dtype, "swapped-int32");
  EXPECT_EQ(request.force, Passed::kTrue);
  EXPECT_EQ(parse_request("copy-none").copy, Passed::kNone);
}

TEST(Request, OrderAndRepetitionAreErrors) {
  EXPECT_THAT([] { parse_request("device-own+copy-false"); },
              ThrowsMessage<CatalogueError>(HasSubstr("alphabetical order")));
  EXPECT_THAT([] { parse_request("copy-false+copy-true"); }, testing::Throws<CatalogueError>());
  EXPECT_THAT([] { parse_request("copy-false+"); }, testing::Throws<CatalogueError>());
}

TEST(Request, UnknownTokensAreErrorsThatListTheKnown) {
  EXPECT_THAT([] { parse_request("copy-maybe"); },
              ThrowsMessage<CatalogueError>(HasSubstr("copy-false")));
  EXPECT_THAT([] { parse_request("dtype-int7"); },
              ThrowsMessage<CatalogueError>(HasSubstr("'int7'")));
  EXPECT_THAT([] { parse_request(""); }, testing::Throws<CatalogueError>());
}

}  // namespace
}  // namespace dlpack_conformance
