#include "core/plan.h"

#include <gmock/gmock.h>

#include <set>

#include "catalogue/dtypes.h"
#include "catalogue/error.h"
#include "catalogue/layouts.h"
#include "catalogue/sources.h"
#include "core/facts.h"
#include "core/outcome.h"

namespace dlpack_conformance {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::ThrowsMessage;

MakesSpec makes(std::string source, std::vector<std::string> dtypes,
                std::vector<std::string> layouts) {
  return {.source = std::move(source),
          .dtypes = std::move(dtypes),
          .layouts = std::move(layouts),
          .excluded = {}};
}

WaySpec way(std::string producer, std::string consumer, std::string route,
            std::vector<std::string> requests) {
  WaySpec spec{.producer = std::move(producer),
               .consumer = std::move(consumer),
               .route = {},
               .requests = std::move(requests)};
  spec.route.name = std::move(route);
  return spec;
}

/// Two libraries, one route each way with three requests, two dtypes and two layouts: 2 x 3 x 4
/// cases.
PlanSpec small() {
  PlanSpec spec{
      .profile = "full", .filters = {}, .target = std::nullopt, .libraries = {}, .ways = {}};
  for (const char* name : {"beta", "alpha"}) {
    LibrarySpec library;
    library.info.name = name;
    library.makes = {makes("plain", {"int8", "float32"}, {"vector", "scalar"})};
    spec.libraries.push_back(std::move(library));
  }
  spec.ways = {way("beta", "alpha", "from_dlpack", {"copy-true", "plain", "copy-false"}),
               way("alpha", "beta", "from_dlpack", {"copy-true", "plain", "copy-false"})};
  return spec;
}

TEST(Plan, MultipliesWaysWithWhatTheProducerMakes) {
  const Plan plan(small());

  EXPECT_EQ(plan.size(), 24u);
  std::set<std::string> ids;
  for (std::size_t index = 0; index < plan.size(); ++index) ids.insert(plan.id(index));
  EXPECT_EQ(ids.size(), plan.size());
}

TEST(Plan, OrderIsPairRouteRequestDtypeLayout) {
  const Plan plan(small());

  EXPECT_EQ(plan.id(0), "exchange/alpha/beta/from_dlpack/plain/int8/scalar/plain/cpu");
  EXPECT_EQ(plan.id(1), "exchange/alpha/beta/from_dlpack/plain/int8/vector/plain/cpu");
  EXPECT_EQ(plan.id(2), "exchange/alpha/beta/from_dlpack/plain/float32/scalar/plain/cpu");
  EXPECT_EQ(plan.id(4), "exchange/alpha/beta/from_dlpack/copy-false/int8/scalar/plain/cpu");
  EXPECT_EQ(plan.id(12), "exchange/beta/alpha/from_dlpack/plain/int8/scalar/plain/cpu");
}

TEST(Plan, OrderDoesNotDependOnTheOrderOfTheCensus) {
  PlanSpec turned = small();
  std::ranges::reverse(turned.libraries);
  std::ranges::reverse(turned.ways);
  std::ranges::reverse(turned.libraries[0].makes[0].dtypes);
  const Plan plan(small());
  const Plan other(std::move(turned));

  ASSERT_EQ(plan.size(), other.size());
  for (std::size_t index = 0; index < plan.size(); ++index)
    EXPECT_EQ(plan.id(index), other.id(index));
}

TEST(Plan, FindIsTheInverseOfId) {
  PlanSpec spec = small();
  spec.libraries[0].usage = {{"rebinding", "plus"}};
  const Plan plan(std::move(spec));

  for (std::size_t index = 0; index < plan.size(); ++index)
    EXPECT_EQ(plan.find(plan.id(index)), index);
  EXPECT_EQ(plan.find("exchange/alpha/beta/from_dlpack/plain/int16/scalar/plain/cpu"),
            std::nullopt);
  EXPECT_EQ(plan.find("exchange/alpha/beta/from_dlpack/plain/int8/nowhere/plain/cpu"),
            std::nullopt);
  EXPECT_EQ(plan.find("no id"), std::nullopt);
}

TEST(Plan, PairsAreRangesThatCoverThePlan) {
  PlanSpec spec = small();
  spec.libraries[0].usage = {{"rebinding", "plus"}, {"aliasing", "write"}};
  spec.libraries[0].protocol = {{"P-03", "device-tuple"}};
  const Plan plan(std::move(spec));

  ASSERT_EQ(plan.pairs().size(), 3u);
  EXPECT_EQ(plan.pairs()[0].producer, "alpha");
  EXPECT_EQ(plan.pairs()[0].consumer, "beta");
  EXPECT_EQ(plan.pairs()[0].end, 12u);
  EXPECT_EQ(plan.pairs()[1].begin, 12u);
  EXPECT_EQ(plan.pairs()[2].producer, "beta");
  EXPECT_EQ(plan.pairs()[2].consumer, "");
  EXPECT_EQ(plan.pairs()[2].end, plan.size());
  EXPECT_EQ(plan.id(24), "protocol/beta/P-03/device-tuple");
  EXPECT_EQ(plan.id(25), "usage/beta/aliasing/write");
}

TEST(Plan, SourcesOnDevicesGoOnlyWaysThatTakeThem) {
  PlanSpec spec = small();
  MakesSpec far = makes("plain", {"float32"}, {"vector"});
  far.device = "simulated-0";
  spec.libraries[1].makes.push_back(far);  // alpha
  const std::size_t before = Plan(small()).size();
  EXPECT_EQ(Plan(spec).size(), before);

  spec.ways[1].route.takes_devices = true;  // alpha to beta
  const Plan plan(std::move(spec));
  EXPECT_EQ(plan.size(), before + 3);
  EXPECT_NE(plan.find("exchange/alpha/beta/from_dlpack/plain/float32/vector/plain/simulated-0"),
            std::nullopt);
}

TEST(Plan, RequestsForTheHostAreNotForSourcesOnDevices) {
  PlanSpec spec = small();
  MakesSpec far = makes("plain", {"float32"}, {"vector"});
  far.device = "cuda-0";
  spec.libraries[1].makes = {far};
  spec.ways = {way("alpha", "beta", "from_dlpack", {"plain", "device-own", "device-none"})};
  spec.ways[0].route.takes_devices = true;
  const Plan plan(std::move(spec));

  EXPECT_EQ(plan.size(), 2u);
  EXPECT_THAT(plan.excluded(),
              ElementsAre(Pair("the request names the host as the source's device", 1u)));
}

TEST(Plan, HugeSourcesDoNotGoWhereTheyMayBeCopied) {
  PlanSpec spec = small();
  spec.profile = "full";
  spec.libraries[1].makes = {makes("plain", {"int8"}, {"vector", "huge"})};
  spec.ways = {way("alpha", "beta", "from_dlpack", {"plain", "copy-false"})};
  spec.ways[0].route.dlpack = true;
  EXPECT_EQ(Plan(spec).size(), 4u);

  spec.ways[0].route.may_copy = true;
  EXPECT_EQ(Plan(std::move(spec)).size(), 2u);
}

TEST(Plan, SomeWaysAreForSourcesOnDevicesAlone) {
  PlanSpec spec = small();
  MakesSpec far = makes("plain", {"float32"}, {"vector"});
  far.device = "cuda-0";
  spec.libraries[1].makes = {makes("plain", {"float32"}, {"vector"}), far};
  spec.ways = {way("alpha", "beta", "from_dlpack", {"plain", "device-cpu"}),
               way("alpha", "beta", "alpha.to_host", {"plain"})};
  for (WaySpec& each : spec.ways) each.route.takes_devices = true;
  spec.ways[1].route.takes_host = false;
  spec.ways[1].route.promises[""].device = "cpu";
  const Plan plan(std::move(spec));

  EXPECT_EQ(plan.size(), 4u);
  EXPECT_EQ(plan.find("exchange/alpha/beta/from_dlpack/device-cpu/float32/vector/plain/cpu"),
            std::nullopt);
  EXPECT_EQ(plan.find("exchange/alpha/beta/alpha.to_host/plain/float32/vector/plain/cpu"),
            std::nullopt);
  for (const char* id : {"exchange/alpha/beta/from_dlpack/device-cpu/float32/vector/plain/cuda-0",
                         "exchange/alpha/beta/alpha.to_host/plain/float32/vector/plain/cuda-0"}) {
    const auto found = plan.find(id);
    ASSERT_NE(found, std::nullopt) << id;
    EXPECT_EQ(asked_device(plan.at(*found), Facts()), "cpu") << id;
  }
}

TEST(Plan, SomeWaysAreForSomeKindsOfDevices) {
  PlanSpec spec = small();
  spec.libraries[1].makes.clear();
  for (const char* device : {"cuda-0", "cuda-host", "simulated-0"}) {
    spec.libraries[1].makes.push_back(makes("plain", {"float32"}, {"vector"}));
    spec.libraries[1].makes.back().device = device;
  }
  spec.ways = {way("alpha", "beta", "from_dlpack", {"plain"})};
  spec.ways[0].route.takes_devices = true;
  EXPECT_EQ(Plan(spec).size(), 3u);

  spec.ways[0].route.device_kinds = {"cuda"};
  const Plan plan(std::move(spec));
  EXPECT_EQ(plan.size(), 2u);
  EXPECT_EQ(plan.find("exchange/alpha/beta/from_dlpack/plain/float32/vector/plain/simulated-0"),
            std::nullopt);
}

TEST(Plan, CasesOfADeviceThatIsNotToBeHadStayAndSayWhy) {
  PlanSpec spec = small();
  MakesSpec far = makes("plain", {"float32"}, {"vector"});
  far.device = "cuda-0";
  spec.libraries[1].makes.push_back(far);
  spec.libraries[1].info.absent_devices = {{"cuda-0", "no CUDA device: no driver"}};
  spec.ways[1].route.takes_devices = true;
  const Plan plan(std::move(spec));

  const auto absent =
      plan.find("exchange/alpha/beta/from_dlpack/plain/float32/vector/plain/cuda-0");
  ASSERT_NE(absent, std::nullopt);
  EXPECT_EQ(plan.absent_device(*absent), "no CUDA device: no driver");
  const auto here = plan.find("exchange/alpha/beta/from_dlpack/plain/float32/vector/plain/cpu");
  ASSERT_NE(here, std::nullopt);
  EXPECT_EQ(plan.absent_device(*here), "");
  EXPECT_THAT(plan.at(*here).consumer->devices, testing::IsEmpty());
  EXPECT_THAT(plan.at(*here).producer->devices, testing::IsEmpty());
}

TEST(Plan, CaseHasTheRowsAndThePromiseOfItsRequest) {
  PlanSpec spec = small();
  Promise shares;
  set_promise_kind(shares, "shares");
  Promise copies;
  set_promise_kind(copies, "copies");
  spec.ways[1].route.promises = {{"", shares}, {"copy-true", copies}};
  const Plan plan(std::move(spec));
  const Case first = plan.at(0);
  const Case copying = plan.at(8);

  EXPECT_EQ(first.producer->name, "alpha");
  EXPECT_EQ(first.dtype->name, "int8");
  EXPECT_EQ(first.layout->name, "scalar");
  EXPECT_EQ(first.source->name, "plain");
  ASSERT_NE(first.promise, nullptr);
  EXPECT_EQ(first.promise->kind, PromiseKind::kShares);
  EXPECT_EQ(copying.request->copy, Passed::kTrue);
  EXPECT_EQ(copying.promise->kind, PromiseKind::kCopies);
  EXPECT_EQ(plan.at(12).promise, nullptr);
}

TEST(Plan, ExcludedCombinationsAreCountedByReason) {
  PlanSpec spec = small();
  spec.libraries[0].makes[0].excluded = {{"int8", "*", "no such dtype"},
                                         {"*", "scalar", "no scalars"}};
  const Plan plan(std::move(spec));

  EXPECT_EQ(plan.size(), 15u);
  EXPECT_THAT(plan.excluded(), ElementsAre(Pair("no scalars", 3u), Pair("no such dtype", 6u)));
  EXPECT_THAT(plan.at(12).producer->dtypes, ElementsAre("float32"))
      << "what is excluded everywhere is not made";
}

TEST(Plan, NeverCopiesAHugeLayout) {
  PlanSpec spec = small();
  spec.libraries[0].makes = {makes("plain", {"int8"}, {"huge"})};
  const Plan plan(std::move(spec));

  EXPECT_TRUE(plan.find("exchange/beta/alpha/from_dlpack/copy-false/int8/huge/plain/cpu"));
  EXPECT_FALSE(plan.find("exchange/beta/alpha/from_dlpack/copy-true/int8/huge/plain/cpu"));
  EXPECT_EQ(plan.excluded().size(), 1u);
}

TEST(Plan, FiltersKeepWhatMatchesOneOfThem) {
  PlanSpec spec = small();
  spec.libraries[0].usage = {{"rebinding", "plus"}};
  spec.filters = {"request=plain,dtype=int8,producer=alpha", "case=usage"};
  const Plan plan(std::move(spec));

  ASSERT_EQ(plan.size(), 3u);
  EXPECT_EQ(plan.id(2), "usage/beta/rebinding/plus");
}

TEST(Plan, TargetKeepsPairsThatTouchIt) {
  PlanSpec spec = small();
  LibrarySpec third = spec.libraries[0];
  third.info.name = "gamma";
  third.usage = {{"rebinding", "plus"}};
  spec.libraries.push_back(third);
  spec.ways.push_back(way("gamma", "gamma", "from_dlpack", {"plain"}));
  spec.target = "gamma";
  const Plan plan(std::move(spec));

  EXPECT_EQ(plan.size(), 5u);
  EXPECT_EQ(plan.pairs().size(), 2u);
}

TEST(Plan, AbsentRoutesStayWithTheirProof) {
  PlanSpec spec = small();
  spec.ways[1].route.absent = {
      {"copy-true", "from_dlpack() got an unexpected keyword argument 'copy'"}};
  const Plan plan(std::move(spec));

  EXPECT_EQ(plan.absent(0), "");
  EXPECT_THAT(std::string(plan.absent(8)), HasSubstr("unexpected keyword"));
}

TEST(Plan, AlikeNamesOnlyLayoutsOfThePlan) {
  const Plan plan(small());

  EXPECT_TRUE(plan.alike().empty());
}

TEST(Plan, ErrorsNameTheValueAndWhatIsAllowed) {
  const auto plan_with = [](auto change) {
    return [change] {
      PlanSpec spec = small();
      change(spec);
      Plan plan(std::move(spec));
    };
  };

  EXPECT_THAT(plan_with([](PlanSpec& s) { s.profile = "slow"; }),
              ThrowsMessage<CatalogueError>(
                  testing::AllOf(HasSubstr("'slow'"), HasSubstr("quick, default, full"))));
  EXPECT_THAT(plan_with([](PlanSpec& s) { s.libraries[0].makes[0].dtypes = {"int7"}; }),
              ThrowsMessage<CatalogueError>(
                  testing::AllOf(HasSubstr("library beta"), HasSubstr("'int7'"))));
  EXPECT_THAT(plan_with([](PlanSpec& s) { s.ways[0].consumer = "gamma"; }),
              ThrowsMessage<CatalogueError>(
                  testing::AllOf(HasSubstr("consumer is 'gamma'"), HasSubstr("alpha, beta"))));
  EXPECT_THAT(plan_with([](PlanSpec& s) { s.ways[0].requests = {"slowly"}; }),
              testing::Throws<CatalogueError>());
  EXPECT_THAT(plan_with([](PlanSpec& s) { s.ways[0].requests = {}; }),
              testing::Throws<CatalogueError>());
  EXPECT_THAT(plan_with([](PlanSpec& s) { s.ways.push_back(s.ways[0]); }),
              testing::Throws<CatalogueError>());
  EXPECT_THAT(plan_with([](PlanSpec& s) { s.libraries[0].info.name = "a b"; }),
              testing::Throws<CatalogueError>());
  EXPECT_THAT(plan_with([](PlanSpec& s) {
                s.libraries[0].usage = {{"a/b", "c"}};
              }),
              testing::Throws<CatalogueError>());
  EXPECT_THAT(plan_with([](PlanSpec& s) { s.target = "gamma"; }),
              testing::Throws<CatalogueError>());
  EXPECT_THAT([] { static_cast<void>(Plan(small()).id(24)); },
              testing::Throws<std::out_of_range>());
}

TEST(Promise, KindIsReadFromItsText) {
  Promise promise;
  set_promise_kind(promise, "converts:float32");
  EXPECT_EQ(promise.kind, PromiseKind::kConverts);
  EXPECT_EQ(promise.dtype, "float32");
  EXPECT_THAT([&] { set_promise_kind(promise, "converts:int7"); },
              testing::Throws<CatalogueError>());
  EXPECT_THAT([&] { set_promise_kind(promise, "maybe"); }, testing::Throws<CatalogueError>());
}

TEST(Declares, IsYearAndMonth) {
  EXPECT_EQ(parse_declares("2024.12"), std::pair(2024, 12));
  for (const char* text : {"2024", "2024.", ".12", "2024.12.1", "v2024.12", ""}) {
    EXPECT_THROW(parse_declares(text), CatalogueError) << text;
  }
}

}  // namespace
}  // namespace dlpack_conformance
