#include "core/outcome.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/example.h"

namespace dlpack_conformance {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Happening seen(const Example& example) { return happening(example.subject, example.facts); }

TEST(Outcome, SharedNeedsBothProofs) {
  const Example example;

  EXPECT_EQ(seen(example).outcome, Outcome::kShared);
  EXPECT_EQ(seen(example).proof, "address+write");
  EXPECT_TRUE(seen(example).modifiers.empty());
}

TEST(Outcome, OneProofSaysWhich) {
  Example by_address;
  by_address.facts.proof_forward = "not-writable";
  by_address.facts.proof_backward = "protected";
  Example by_write;
  by_write.facts.proof_address.reset();

  EXPECT_EQ(seen(by_address).outcome, Outcome::kShared);
  EXPECT_EQ(seen(by_address).proof, "address");
  EXPECT_EQ(seen(by_write).outcome, Outcome::kShared);
  EXPECT_EQ(seen(by_write).proof, "write");
}

TEST(Outcome, FollowsTheWriteWhereProofsDisagree) {
  Example unseen;
  unseen.facts.proof_forward = unseen.facts.proof_backward = "unseen";
  Example seen_anyway;
  seen_anyway.facts.proof_address = "apart";
  Example one_way;
  one_way.facts.proof_forward = "unseen";

  EXPECT_EQ(seen(unseen).outcome, Outcome::kCopied);
  EXPECT_TRUE(seen(unseen).modifiers.has(Modifier::kProofsDisagree));
  EXPECT_EQ(seen(seen_anyway).outcome, Outcome::kShared);
  EXPECT_TRUE(seen(seen_anyway).modifiers.has(Modifier::kProofsDisagree));
  EXPECT_EQ(seen(one_way).outcome, Outcome::kShared);
  EXPECT_TRUE(seen(one_way).modifiers.has(Modifier::kProofsDisagree));
}

TEST(Outcome, CopiedIsShownByUnseenWrites) {
  Example example({.request = "copy-true"});
  example.result_is_copy();

  EXPECT_EQ(seen(example).outcome, Outcome::kCopied);
  EXPECT_EQ(seen(example).proof, "address+write");
}

TEST(Outcome, WrongValuesShapeDeviceOrOutsideIsCorrupted) {
  Example values, shape, device, outside, after;
  values.facts.result_values = false;
  shape.facts.result_shape = Ints{3, 2};
  device.facts.result_device = "cuda-0";
  outside.facts.memory_outside = false;
  after.facts.memory_outside_after = false;

  for (const Example* example : {&values, &shape, &device, &outside, &after}) {
    EXPECT_EQ(seen(*example).outcome, Outcome::kCorrupted);
    EXPECT_EQ(seen(*example).proof, "");
  }
}

TEST(Outcome, PinnedAndManagedMemoryIsTheHostsAndTheDevicesToo) {
  for (const char* device : {"cuda-host", "cuda-managed-0"}) {
    for (const char* result : {"cpu", "cuda-0", "cuda-host", "cuda-managed-0"}) {
      Example example({.device = device});
      example.facts.result_device = result;
      EXPECT_EQ(seen(example).outcome, Outcome::kShared) << device << " as " << result;
    }
  }
  for (const char* device : {"cpu", "cuda-0", "simulated-0"}) {
    for (const char* result : {"cuda-host", "cuda-managed-0", "simulated-1"}) {
      Example example({.device = device});
      example.facts.result_device = result;
      EXPECT_EQ(seen(example).outcome, Outcome::kCorrupted) << device << " as " << result;
    }
  }
}

TEST(Outcome, AFlatPromiseAsksForOneAxis) {
  Example flat({.layout = "matrix", .route = "torch.frombuffer", .flat = true});
  Example kept({.layout = "matrix", .route = "torch.frombuffer", .flat = true});
  kept.facts.result_shape = Ints{3, 4};

  EXPECT_THAT(asked_shape(flat.subject), ElementsAre(12));
  EXPECT_EQ(seen(flat).outcome, Outcome::kShared);
  EXPECT_EQ(seen(kept).outcome, Outcome::kCorrupted);
}

TEST(Outcome, StridesOfAResultAreItsOwn) {
  Example example({.layout = "fortran", .request = "copy-true"});
  example.result_is_copy();
  example.facts.result_strides = Ints{4, 1};

  EXPECT_EQ(seen(example).outcome, Outcome::kCopied);
}

TEST(Outcome, AnotherDtypeIsAModifier) {
  Example unasked({.dtype = "int32"});
  unasked.result_is_copy();
  unasked.facts.result_dtype = "int64";
  Example asked({.dtype = "int32", .request = "dtype-float64", .route = "torch.as_tensor"});
  asked.result_is_copy();
  Example promised({.dtype = "int32",
                    .route = "torch.Tensor",
                    .promise = PromiseKind::kConverts,
                    .promise_dtype = "float32"});
  promised.result_is_copy();
  Example native({.dtype = "swapped-int32", .route = "torch.as_tensor"});
  native.result_is_copy();
  native.facts.result_dtype = "int32";

  EXPECT_TRUE(seen(unasked).modifiers.has(Modifier::kDtypeChanged));
  EXPECT_EQ(seen(unasked).outcome, Outcome::kCopied);
  EXPECT_TRUE(seen(asked).modifiers.empty());
  EXPECT_TRUE(seen(promised).modifiers.empty());
  EXPECT_TRUE(seen(native).modifiers.empty());
}

TEST(Outcome, NoElementsIsEmpty) {
  const Example example({.layout = "empty-2x0x3"});

  EXPECT_EQ(seen(example).outcome, Outcome::kEmpty);
}

TEST(Outcome, NoMemoryIsEmptyWhereNothingCanBeProved) {
  Example example({.source = "meta", .route = "torch.as_tensor"});
  example.facts.result_values.reset();
  example.facts.result_read_values.reset();
  example.facts.proof_address.reset();
  example.facts.proof_forward = example.facts.proof_backward = "raised RuntimeError";
  example.facts.result_read_address = "null";
  example.facts.result_address = "null";

  EXPECT_EQ(seen(example).outcome, Outcome::kEmpty);
}

TEST(Outcome, OneObjectIsSharedWhereNothingElseIsSeen) {
  Example example({.source = "sparse", .route = "torch.as_tensor"});
  example.facts.route_identity = true;
  example.facts.result_address = example.facts.result_read_address = "null";
  example.facts.proof_address.reset();
  example.facts.proof_forward = example.facts.proof_backward = "not-writable";

  EXPECT_EQ(seen(example).outcome, Outcome::kShared);
  EXPECT_EQ(seen(example).proof, "identity");
}

TEST(Outcome, AnUnreadResultIsNotRun) {
  Example example;
  example.facts.result_error = "TypeError";
  example.facts.proof_address.reset();
  example.facts.proof_forward.reset();
  example.facts.proof_backward.reset();
  example.facts.result_values.reset();

  EXPECT_EQ(seen(example).outcome, Outcome::kNotRun);
  EXPECT_EQ(seen(example).not_run, "result-unread");
}

TEST(Outcome, AForeignResultIsPlacedByItsOwnExport) {
  Example example;
  example.facts.result_own_type = false;
  example.facts.proof_address.reset();
  example.facts.proof_forward.reset();
  example.facts.proof_backward.reset();
  example.facts.result_address.reset();
  example.facts.result_values.reset();

  EXPECT_EQ(seen(example).outcome, Outcome::kShared);
  EXPECT_EQ(seen(example).proof, "address");
}

TEST(Outcome, ExceptionIsRefused) {
  Example example;
  example.refuses("BufferError");

  EXPECT_EQ(seen(example).outcome, Outcome::kRefused);
}

TEST(Outcome, LostProcessIsCrashedOrHung) {
  Example crashed, hung, once, needy;
  crashed.crashes("exchange");
  hung.crashes("read", "hung");
  once.crashes("exchange");
  once.facts.crash_confirmed = false;
  needy.crashes("exchange");
  needy.facts.crash_confirmed = false;
  needy.facts.crash_needs = Texts{"exchange/alpha/beta/from_dlpack/plain/float32/vector/plain/cpu"};

  EXPECT_EQ(seen(crashed).outcome, Outcome::kCrashed);
  EXPECT_EQ(seen(hung).outcome, Outcome::kHung);
  EXPECT_FALSE(seen(crashed).modifiers.has(Modifier::kUnconfirmed));
  EXPECT_TRUE(seen(once).modifiers.has(Modifier::kUnconfirmed));
  EXPECT_FALSE(seen(needy).modifiers.has(Modifier::kUnconfirmed));
}

TEST(Outcome, WhatDidNotRunSaysWhy) {
  Example absent, unmade, stopped;
  absent.facts = Facts{};
  absent.facts.route_absent = "release 1.0 has no such function";
  unmade.facts = Facts{};
  unmade.facts.source_error = "TypeError";
  stopped.facts = Facts{};
  stopped.facts.suite_not_run = "interrupted";

  EXPECT_EQ(seen(absent).not_run, "route-absent");
  EXPECT_EQ(seen(unmade).not_run, "source-not-made");
  EXPECT_EQ(seen(stopped).not_run, "interrupted");
  for (const Example* example : {&absent, &unmade, &stopped})
    EXPECT_EQ(seen(*example).outcome, Outcome::kNotRun);
}

TEST(Outcome, UsageCasesAreAnswered) {
  Example example;
  example.subject.kind = CaseKind::kUsage;
  example.facts = Facts{};
  example.facts.answer_seen = true;

  EXPECT_EQ(seen(example).outcome, Outcome::kAnswered);
}

TEST(Modifiers, OfLife) {
  Example leak({.producer = "reference"}), twice({.producer = "reference"}),
      early({.producer = "reference"});
  leak.facts.end_deleter_calls = 1;
  twice.facts.end_deleter_calls = 3;
  early.facts.end_early = true;
  Example late, held, dead;
  late.facts.end_alive = true;
  late.facts.end_alive_after_collect = false;
  held.facts.end_alive = held.facts.end_alive_after_collect = true;
  dead.facts.end_values = false;

  EXPECT_THAT(seen(leak).modifiers.names(), ElementsAre("leak"));
  EXPECT_THAT(seen(twice).modifiers.names(), ElementsAre("double-free"));
  EXPECT_THAT(seen(early).modifiers.names(), ElementsAre("early-free"));
  EXPECT_THAT(seen(late).modifiers.names(), ElementsAre("late-free"));
  EXPECT_THAT(seen(held).modifiers.names(), ElementsAre("leak"));
  EXPECT_THAT(seen(dead).modifiers.names(), ElementsAre("early-free"));
}

TEST(Modifiers, OfFlagsAndWriting) {
  Example unsaid({.request = "copy-true"}), untrue, unmarked({.source = "readonly"}), changed;
  unsaid.export_is_copy(false);
  untrue.facts.export_flags = 2;
  unmarked.facts.export_flags = 0;
  changed.facts.memory_source = false;
  Example lost({.source = "readonly"}), kept({.source = "readonly", .consumer_readonly = true});

  EXPECT_THAT(seen(unsaid).modifiers.names(), ElementsAre("flag-wrong"));
  EXPECT_THAT(seen(untrue).modifiers.names(), ElementsAre("flag-wrong"));
  EXPECT_THAT(seen(unmarked).modifiers.names(), ElementsAre("flag-wrong", "readonly-lost"));
  EXPECT_THAT(seen(changed).modifiers.names(), ElementsAre("source-changed"));
  EXPECT_THAT(seen(lost).modifiers.names(), ElementsAre("readonly-lost"));
  EXPECT_THAT(seen(kept).modifiers.names(), IsEmpty());
}

TEST(Modifiers, AreWalkedByName) {
  Modifiers modifiers;
  for (const Modifier one : {Modifier::kWrongError, Modifier::kLeak, Modifier::kDoubleFree})
    modifiers.add(one);

  EXPECT_THAT(modifiers.names(), ElementsAre("double-free", "leak", "wrong-error"));
}

}  // namespace
}  // namespace dlpack_conformance
