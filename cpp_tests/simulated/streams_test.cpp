#include <dlpack_impl/error.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>
#include <thread>

#include "devices.h"

namespace dlpack_impl::simulated::test {
namespace {

// The DeviceError that a call throws; code -1 where it throws none.
template <class Call>
DeviceError error_of(Call call) {
  try {
    call();
  } catch (const DeviceError& error) {
    return error;
  }
  return DeviceError("no error", -1);
}

TEST(Lateness, MissingWaitReadsOldData) {
  RecordProperty("requirement", "S-08");
  const Bench bench;
  bench.fill_late(bench.producer, 2);
  EXPECT_EQ(bench.seen_on(bench.consumer), 1);
  EXPECT_EQ(bench.seen_on(bench.producer), 2);
  EXPECT_EQ(bench.seen_on(bench.consumer), 2);
}

TEST(Lateness, OrderedStreamReadsNewDataAndTheHostDoesNotWait) {
  RecordProperty("requirement", "S-08");
  const Bench bench;
  const std::int64_t before = bench.device->now_ns();
  bench.fill_late(bench.producer, 2);
  bench.device->order(bench.producer, bench.consumer);
  EXPECT_LT(bench.device->now_ns() - before, kLong / 100);
  EXPECT_FALSE(bench.device->is_idle(bench.consumer));
  EXPECT_EQ(bench.seen_on(bench.consumer), 2);
  EXPECT_GE(bench.device->now_ns() - before, kLong);
}

TEST(Lateness, OrderCoversWhatWasQueuedBeforeIt) {
  const Bench bench;
  bench.fill_late(bench.producer, 2);
  bench.device->order(bench.producer, bench.consumer);
  bench.fill_late(bench.producer, 3);
  EXPECT_EQ(bench.seen_on(bench.consumer), 2);
  EXPECT_EQ(bench.seen_on(bench.producer), 3);
}

TEST(Lateness, OrderDoesNotReachBack) {
  const Bench bench;
  bench.fill_late(bench.producer, 2);
  unsigned char early = 0;
  bench.device->queue_copy(bench.consumer, &early, bench.bytes, 1);
  bench.device->order(bench.producer, bench.consumer);
  bench.device->synchronize(bench.consumer);
  EXPECT_EQ(early, 1);
}

TEST(Lateness, OrderPassesOnThroughAThirdStream) {
  const Bench bench;
  const Stream between = bench.device->make_stream(false);
  bench.fill_late(bench.producer, 2);
  bench.device->order(bench.producer, between);
  bench.device->order(between, bench.consumer);
  EXPECT_EQ(bench.seen_on(bench.consumer), 2);
}

TEST(Lateness, QueuesDelayKeepsBytesFromTheHost) {
  SimulatedOptions options;
  options.delay_ns = kLong;
  const Bench bench(options);
  auto* pinned =
      static_cast<volatile unsigned char*>(bench.device->allocate_from(DevicePool::kPinned, 1, 1));
  bench.device->queue_copy(bench.producer, const_cast<unsigned char*>(pinned), bench.bytes, 1);
  EXPECT_EQ(*pinned, 0);
  EXPECT_FALSE(bench.device->is_idle(bench.producer));
  bench.device->synchronize(bench.producer);
  EXPECT_EQ(*pinned, 1);
  EXPECT_TRUE(bench.device->is_idle(bench.producer));
}

TEST(Lateness, HostMemoryIsReadWhenTheStreamRunsIt) {
  const Bench bench;
  unsigned char source = 7;
  bench.device->queue_delay(bench.producer, kLong);
  bench.device->queue_copy(bench.producer, bench.bytes, &source, 1);
  source = 8;
  EXPECT_EQ(bench.seen_on(bench.producer), 8);
}

TEST(Lateness, WithoutDelayWorkIsDoneWhenTheCallReturns) {
  const Bench bench;
  unsigned char found = 0;
  bench.device->queue_fill(bench.producer, bench.bytes, std::byte{2}, 64);
  bench.device->queue_copy(bench.consumer, &found, bench.bytes, 1);
  EXPECT_EQ(found, 2);
  EXPECT_TRUE(bench.device->is_idle(bench.producer));
}

TEST(Lateness, DeviceThatIsNeverLateShowsNoMissingWait) {
  SimulatedOptions options;
  options.late = false;
  options.delay_ns = kLong;
  options.operation_ns = kLong;
  const Bench bench(options);
  bench.fill_late(bench.producer, 2);
  EXPECT_EQ(bench.seen_on(bench.consumer), 2);
  EXPECT_LT(bench.device->now_ns(), kLong);
}

TEST(Lateness, OperationsOfOneStreamTakeTheirTimeOneAfterTheOther) {
  SimulatedOptions options;
  options.operation_ns = 1'000'000;
  const Bench bench(options);
  const std::int64_t before = bench.device->now_ns();
  for (int i = 0; i < 3; ++i)
    bench.device->queue_fill(bench.producer, bench.bytes, std::byte{2}, 8);
  bench.device->queue_fill(bench.consumer, bench.bytes, std::byte{3}, 8);
  bench.device->synchronize(bench.consumer);
  EXPECT_LT(bench.device->now_ns() - before, 1'100'000);
  bench.device->synchronize(bench.producer);
  EXPECT_GE(bench.device->now_ns() - before, 3'000'000);
}

TEST(Lateness, SynchronizeWaitsForThatStreamAlone) {
  const Bench bench;
  bench.fill_late(bench.producer, 2);
  bench.device->synchronize(bench.consumer);
  EXPECT_FALSE(bench.device->is_idle(bench.producer));
  bench.device->synchronize_device();
  EXPECT_TRUE(bench.device->is_idle(bench.producer));
}

TEST(Clock, EachCallTakesAFixedStepAndReadingItTakesNone) {
  const Bench bench;
  const std::int64_t before = bench.device->now_ns();
  EXPECT_EQ(bench.device->now_ns(), before);
  static_cast<void>(bench.device->is_idle(bench.producer));
  bench.device->order(bench.producer, bench.consumer);
  EXPECT_EQ(bench.device->now_ns() - before, 2 * Simulated::kCallNs);
}

TEST(Clock, NeverGoesBack) {
  const Bench bench;
  bench.fill_late(bench.consumer, 2);
  bench.device->synchronize(bench.consumer);
  const std::int64_t before = bench.device->now_ns();
  bench.device->synchronize(bench.producer);
  EXPECT_EQ(bench.device->now_ns(), before + Simulated::kCallNs);
}

TEST(Clock, AskingAgainAndAgainComesToAnEnd) {
  const Bench bench;
  bench.fill_late(bench.producer, 2);
  int asked = 1;
  while (!bench.device->is_idle(bench.producer)) ++asked;
  EXPECT_EQ(asked, kLong / Simulated::kCallNs - 1);
}

TEST(LegacyStream, WaitsForBlockingStreams) {
  RecordProperty("requirement", "S-04 S-05");
  const Bench bench;
  bench.fill_late(bench.blocking, 2);
  EXPECT_EQ(bench.seen_on(kLegacyStream), 2);
}

TEST(LegacyStream, BlockingStreamsWaitForIt) {
  const Bench bench;
  bench.fill_late(kLegacyStream, 2);
  EXPECT_EQ(bench.seen_on(bench.blocking), 2);
}

TEST(LegacyStream, BlockingStreamsDoNotWaitForOneAnother) {
  const Bench bench;
  bench.fill_late(bench.blocking, 2);
  EXPECT_EQ(bench.seen_on(bench.device->make_stream()), 1);
}

TEST(LegacyStream, StandsBetweenBlockingStreams) {
  const Bench bench;
  bench.fill_late(bench.blocking, 2);
  bench.device->queue_delay(kLegacyStream, 0);
  EXPECT_EQ(bench.seen_on(bench.device->make_stream()), 2);
}

TEST(LegacyStream, NonBlockingStreamsAndItIgnoreOneAnother) {
  const Bench bench;
  bench.fill_late(kLegacyStream, 2);
  EXPECT_EQ(bench.seen_on(bench.consumer), 1);
  bench.device->synchronize_device();
  bench.fill_late(bench.producer, 3);
  EXPECT_EQ(bench.seen_on(kLegacyStream), 2);
}

TEST(LegacyStream, EventsOnItCoverBlockingStreams) {
  const Bench bench;
  bench.fill_late(bench.blocking, 2);
  bench.device->order(kLegacyStream, bench.consumer);
  EXPECT_EQ(bench.seen_on(bench.consumer), 2);
}

TEST(LegacyStream, WhatItAwaitsHoldsBlockingStreamsBack) {
  const Bench bench;
  bench.fill_late(bench.producer, 2);
  bench.device->order(bench.producer, kLegacyStream);
  EXPECT_EQ(bench.seen_on(bench.blocking), 2);
}

TEST(LegacyStream, EventsOfAndForItStandBetweenBlockingStreams) {
  const Bench bench;
  bench.fill_late(bench.blocking, 2);
  bench.device->order(kLegacyStream, bench.consumer);
  EXPECT_EQ(bench.seen_on(bench.device->make_stream()), 2);
  bench.fill_late(bench.blocking, 3);
  bench.device->order(bench.consumer, kLegacyStream);
  EXPECT_EQ(bench.seen_on(bench.device->make_stream()), 3);
}

TEST(LegacyStream, IsIdleWhenBlockingStreamsAre) {
  const Bench bench;
  bench.fill_late(bench.blocking, 2);
  EXPECT_FALSE(bench.device->is_idle(kLegacyStream));
  bench.device->synchronize(kLegacyStream);
  EXPECT_TRUE(bench.device->is_idle(bench.blocking));
}

TEST(LegacyStream, AskingItOrdersNothing) {
  const Bench bench;
  bench.fill_late(bench.blocking, 2);
  EXPECT_FALSE(bench.device->is_idle(kLegacyStream));
  EXPECT_EQ(bench.seen_on(bench.device->make_stream()), 1);
}

TEST(PerThreadStream, IsAnotherOneInEachThread) {
  RecordProperty("requirement", "S-06");
  const Bench bench;
  bench.fill_late(kPerThreadStream, 2);
  int other = 0;
  std::thread([&] { other = bench.seen_on(kPerThreadStream); }).join();
  EXPECT_EQ(other, 1);
  EXPECT_EQ(bench.seen_on(kPerThreadStream), 2);
}

TEST(PerThreadStream, IsBlocking) {
  RecordProperty("requirement", "S-06");
  const Bench bench;
  std::thread([&] { bench.fill_late(kPerThreadStream, 2); }).join();
  EXPECT_EQ(bench.seen_on(kPerThreadStream), 1);
  EXPECT_EQ(bench.seen_on(kLegacyStream), 2);
  bench.fill_late(kLegacyStream, 3);
  EXPECT_EQ(bench.seen_on(kPerThreadStream), 3);
}

TEST(Streams, EndedStreamStillRunsItsWorkAndIsUnknownThen) {
  RecordProperty("requirement", "S-14");
  const Bench bench;
  bench.fill_late(bench.blocking, 2);
  bench.device->end_stream(bench.blocking);
  EXPECT_FALSE(bench.device->has_stream(bench.blocking));
  EXPECT_EQ(error_of([&] { bench.device->synchronize(bench.blocking); }).code(), kInvalidStream);
  EXPECT_EQ(bench.seen_on(kLegacyStream), 2);
  EXPECT_NE(bench.device->make_stream(), bench.blocking);
}

TEST(Streams, EndedNonBlockingStreamHoldsNothingBack) {
  const Bench bench;
  bench.fill_late(bench.producer, 2);
  bench.device->end_stream(bench.producer);
  EXPECT_EQ(bench.seen_on(kLegacyStream), 1);
  bench.device->synchronize_device();
  EXPECT_EQ(bench.seen_on(kLegacyStream), 2);
}

TEST(Streams, UnknownHandlesAreRefusedByName) {
  const Bench bench;
  for (const Stream stream : {Stream{0}, Stream{-1}, Stream{3}, Stream{0x7000}}) {
    EXPECT_FALSE(bench.device->has_stream(stream));
    const DeviceError error = error_of([&] { bench.fill_late(stream, 2); });
    EXPECT_EQ(error.code(), kInvalidStream);
    EXPECT_EQ(std::string(error.what()),
              "stream: " + std::to_string(stream) + "; limit: 1, 2 or a live stream of cuda-0");
    EXPECT_EQ(error_of([&] { bench.device->order(bench.producer, stream); }).code(),
              kInvalidStream);
    EXPECT_EQ(error_of([&] { bench.device->end_stream(stream); }).code(), kInvalidStream);
  }
  EXPECT_EQ(error_of([&] { bench.device->end_stream(kLegacyStream); }).code(), kInvalidStream);
  EXPECT_TRUE(bench.device->has_stream(kLegacyStream));
  EXPECT_TRUE(bench.device->has_stream(kPerThreadStream));
}

TEST(Streams, DelaysHaveALimit) {
  const Bench bench;
  for (const std::int64_t delay : {std::int64_t{-1}, Accelerator::kMaxDelay + 1}) {
    EXPECT_EQ(error_of([&] { bench.device->queue_delay(bench.producer, delay); }).code(),
              kInvalidValue);
  }
  bench.device->queue_delay(bench.producer, Accelerator::kMaxDelay);
}

TEST(Streams, CheckAddsTheBytesThatDiffer) {
  const Bench bench;
  std::uint64_t different = 10;
  bench.device->queue_fill(bench.producer, bench.bytes, std::byte{9}, 5);
  bench.device->queue_check(bench.producer, bench.bytes, std::byte{1}, 64, &different);
  bench.device->synchronize(bench.producer);
  EXPECT_EQ(different, 15U);
}

TEST(Peers, CopyFromOneAnotherAndAreOrderedByEvents) {
  SimulatedOptions options;
  options.devices = 2;
  const auto devices = make_simulated(options);
  void* from = devices[0]->allocate(8, 8);
  void* to = devices[1]->allocate(8, 8);
  const Stream first = devices[0]->make_stream(false);
  const Stream second = devices[1]->make_stream(false);
  devices[0]->queue_delay(first, kLong);
  devices[0]->queue_fill(first, from, std::byte{5}, 8);
  devices[1]->queue_copy(second, to, from, 8);
  EXPECT_EQ(seen(*devices[1], second, to), 0);
  devices[1]->order(first, second);
  devices[1]->queue_copy(second, to, from, 8);
  EXPECT_EQ(seen(*devices[1], second, to), 5);
  EXPECT_FALSE(devices[1]->has_stream(first));
  EXPECT_EQ(error_of([&] { devices[1]->synchronize(first); }).code(), kInvalidStream);
}

TEST(Peers, DefaultStreamsAreTheirOwn) {
  SimulatedOptions options;
  options.devices = 2;
  const auto devices = make_simulated(options);
  devices[0]->queue_delay(kLegacyStream, kLong);
  EXPECT_TRUE(devices[1]->is_idle(kLegacyStream));
  EXPECT_FALSE(devices[0]->is_idle(kLegacyStream));
}

// Everything that can differ: bytes as each stream sees them at each moment, and the clock.
std::string trace() {
  SimulatedOptions options;
  options.delay_ns = 20'000;
  options.operation_ns = 700;
  const Bench bench(options);
  std::string text;
  std::uint64_t different = 0;
  for (int round = 2; round < 6; ++round) {
    bench.fill_late(bench.producer, round);
    bench.device->queue_check(bench.blocking, bench.bytes, std::byte{1}, 64, &different);
    if (round % 2 == 0) bench.device->order(bench.producer, bench.consumer);
    for (const Stream stream : {bench.consumer, kLegacyStream, bench.producer}) {
      text += std::to_string(bench.seen_on(stream));
      text += "@" + std::to_string(bench.device->now_ns()) + " ";
    }
    text += std::to_string(different) + "\n";
  }
  return text;
}

TEST(Determinism, HundredRunsAreAlike) {
  const std::string first = trace();
  EXPECT_EQ(first,
            "2@5044100 2@5065800 2@5087500 0\n"
            "2@5112200 2@5133900 3@10109900 64\n"
            "4@15132300 4@15154000 4@15175700 128\n"
            "4@15200400 4@15222100 5@20198100 192\n");
  for (int run = 1; run < 100; ++run) ASSERT_EQ(trace(), first) << run;
}

TEST(Threads, WorkOnStreamsOfTheirOwn) {
  const auto device = one_device();
  std::array<std::thread, 4> threads;
  std::array<int, 4> good{};
  for (std::size_t t = 0; t < threads.size(); ++t) {
    threads[t] = std::thread([&device, &good, t] {
      for (int i = 0; i < 200; ++i) {
        const Stream stream = device->make_stream(i % 2 == 0);
        void* bytes = device->allocate(300, 64);
        device->queue_delay(stream, 10'000);
        device->queue_fill(stream, bytes, static_cast<std::byte>(t + 1), 300);
        good[t] +=
            seen(*device, stream, static_cast<std::byte*>(bytes) + 299) == static_cast<int>(t + 1);
        device->release(bytes);
        device->end_stream(stream);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, (std::array<int, 4>{200, 200, 200, 200}));
  EXPECT_EQ(device->free_bytes(), SimulatedOptions{}.memory_bytes);
}

}  // namespace
}  // namespace dlpack_impl::simulated::test
