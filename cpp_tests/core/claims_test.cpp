#include "catalogue/claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "core/claim_tally.h"
#include "core/example.h"

namespace dlpack_conformance {
namespace {

const ClaimResult& result_of(const std::vector<ClaimResult>& results, std::string_view id) {
  for (const ClaimResult& result : results) {
    if (result.claim->id == id) return result;
  }
  throw std::out_of_range("no claim " + std::string(id));
}

void add_usage(ClaimTally& tally, const std::string& id, std::optional<bool> seen,
               std::optional<bool> same_memory, std::optional<Text> dtype = {}) {
  Example example;
  example.subject.kind = CaseKind::kUsage;
  example.subject.id = id;
  Facts facts;
  facts.answer_seen = seen;
  facts.answer_same_memory = same_memory;
  facts.answer_dtype = dtype;
  EXPECT_TRUE(tally.add(example.subject, facts)) << id;
}

TEST(Claims, AreNineWithUniqueIdsAndCases) {
  std::set<std::string_view> ids;
  for (const ClaimRow& claim : claims()) {
    EXPECT_TRUE(ids.insert(claim.id).second);
    EXPECT_FALSE(claim.cases.empty()) << claim.id;
    for (const ClaimCases& cases : claim.cases)
      EXPECT_NO_THROW(Query(cases.pattern)) << cases.pattern;
  }
  EXPECT_EQ(ids.size(), 9U);
}

TEST(Claims, WithoutCasesNothingIsShown) {
  for (const ClaimResult& result : ClaimTally().results())
    EXPECT_EQ(spell(result.shown), "not-shown");
}

TEST(Claims, UsageCasesShowThemTrue) {
  ClaimTally tally;
  add_usage(tally, "usage/torch/from-numpy-shares/add-out", true, true);
  add_usage(tally, "usage/torch/numpy-shares-back/add-out", true, true);
  add_usage(tally, "usage/numpy/rebinding/plus", false, false);
  add_usage(tally, "usage/numpy/rebinding/add-out", true, true);
  add_usage(tally, "usage/torch/rebinding/add-inplace", true, true);
  add_usage(tally, "usage/torch/from-numpy-shares/setitem-keeps-dtype", true, true, "int64");
  add_usage(tally, "usage/torch/tensor-constructor/int", false, false, "float32");
  add_usage(tally, "usage/torch/tensor-constructor/float32", true, true, "float32");
  add_usage(tally, "usage/torch/torch-tensor-copies/plain", false, false);
  add_usage(tally, "usage/torch/as-tensor/same-dtype", true, true);
  add_usage(tally, "usage/torch/asarray/other-dtype", false, false);
  add_usage(tally, "usage/numpy/default-integer/value", {}, {}, "int64");

  for (const ClaimResult& result : tally.results())
    EXPECT_EQ(spell(result.shown), "true") << result.claim->id;
}

TEST(Claims, UsageCasesShowThemFalse) {
  ClaimTally tally;
  add_usage(tally, "usage/torch/from-numpy-shares/add-out", false, false);
  add_usage(tally, "usage/numpy/rebinding/plus-equals", false, false);
  add_usage(tally, "usage/torch/tensor-constructor/int", true, true, "float32");
  add_usage(tally, "usage/torch/from-numpy-shares/setitem-keeps-dtype", true, true, "float32");
  add_usage(tally, "usage/numpy/default-integer/value", {}, {}, "int32");

  const auto results = tally.results();
  for (const std::string_view id : {"from-numpy-shares", "rebinding", "tensor-of-integers",
                                    "from-numpy-keeps-dtype", "default-integer"}) {
    EXPECT_EQ(spell(result_of(results, id).shown), "false") << id;
  }
}

TEST(Claims, ExchangeCasesCountByTheirOutcome) {
  ClaimTally tally;
  const Axes axes{
      .dtype = "int32", .route = "torch.from_numpy", .producer = "numpy", .consumer = "torch"};
  Example shares(axes), copies(axes), refuses(axes);
  copies.result_is_copy();
  refuses.refuses("TypeError");
  for (const Example* example : {&shares, &copies, &refuses}) {
    EXPECT_TRUE(tally.add(example->subject, example->facts));
  }

  const auto results = tally.results();
  const ClaimResult& result = result_of(results, "from-numpy-shares");
  EXPECT_EQ(spell(result.shown), "mixed");
  const ClaimCount& count = result.counts.at(1);
  EXPECT_EQ(count.yes, 1U);
  EXPECT_EQ(count.no, 1U);
  EXPECT_EQ(count.open, 1U);
  EXPECT_EQ(count.first_no, copies.subject.id);
}

TEST(Claims, CountOnlyTheDtypesTheySpeakOf) {
  ClaimTally tally;
  Example integers({.dtype = "int32",
                    .route = "torch.Tensor",
                    .producer = "numpy",
                    .consumer = "torch",
                    .promise = PromiseKind::kConverts,
                    .promise_dtype = "float32"});
  integers.result_is_copy();
  Example floats({.route = "torch.Tensor", .producer = "numpy", .consumer = "torch"});
  tally.add(integers.subject, integers.facts);
  tally.add(floats.subject, floats.facts);

  const auto results = tally.results();
  EXPECT_EQ(spell(result_of(results, "tensor-of-integers").shown), "true");
  EXPECT_EQ(spell(result_of(results, "tensor-of-float32").shown), "true");
}

TEST(Claims, OtherCasesAreNotTheirs) {
  ClaimTally tally;
  const Example example;

  EXPECT_FALSE(tally.add(example.subject, example.facts));
}

}  // namespace
}  // namespace dlpack_conformance
