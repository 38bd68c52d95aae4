#include <dlpack_impl/producer.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <thread>

#include "tensors.h"

namespace dlpack_impl {
namespace {

Keeper counting_keeper(std::atomic<int>& releases) {
  return {&releases, [](void* context) noexcept { ++*static_cast<std::atomic<int>*>(context); }};
}

TEST(ExportLog, CountsExportsAndDeletes) {
  const test::Tensor tensor;
  VersionedPtr one = tensor.versioned();
  LegacyPtr two = tensor.legacy();
  EXPECT_EQ(tensor.log->exports(), 2);
  EXPECT_EQ(tensor.log->live(), 2);
  one.reset();
  EXPECT_EQ(tensor.log->live(), 1);
  two.reset();
  EXPECT_EQ(tensor.log->live(), 0);
  EXPECT_EQ(tensor.log->deleter_calls(), 2);
  EXPECT_EQ(tensor.log->exports(), 2);
}

TEST(ExportLog, DeleterReleasesTheKeeperOnce) {
  RecordProperty("requirement", "P-13");
  std::atomic<int> releases{0};
  const test::Tensor tensor;
  VersionedPtr managed = tensor.producer.export_versioned({}, counting_keeper(releases));
  EXPECT_EQ(releases, 0);
  managed.reset();
  EXPECT_EQ(releases, 1);
}

TEST(ExportLog, SecondDeleteIsCountedAndHarmless) {
  std::atomic<int> releases{0};
  const test::Tensor tensor;
  auto* managed = tensor.producer.export_versioned({}, counting_keeper(releases)).release();
  auto* const deleter = managed->deleter;
  deleter(managed);
  deleter(managed);
  const VersionedPtr other = tensor.versioned();  // does not get the block of the deleted one
  EXPECT_NE(other.get(), managed);
  deleter(managed);

  EXPECT_EQ(tensor.log->deleter_calls(), 3);
  EXPECT_EQ(tensor.log->double_deletes(), 2);
  EXPECT_EQ(tensor.log->live(), 1);
  EXPECT_EQ(releases, 1);
}

TEST(ExportLog, NullDeleterExportsStayValidWithTheLog) {
  RecordProperty("requirement", "T-30");
  std::atomic<int> releases{0};
  const test::Tensor tensor;
  ExportOptions options;
  options.null_deleter = true;
  VersionedPtr managed = tensor.producer.export_versioned(options, counting_keeper(releases));
  EXPECT_EQ(managed->deleter, nullptr);
  const DLManagedTensorVersioned* raw = managed.get();
  managed.reset();

  EXPECT_EQ(raw->dl_tensor.shape[0], 2);
  EXPECT_EQ(tensor.log->exports(), 1);
  EXPECT_EQ(tensor.log->live(), 0);
  EXPECT_EQ(tensor.log->deleter_calls(), 0);
  EXPECT_EQ(releases, 0);
}

TEST(ExportLog, RemembersThreadsOnceInOrder) {
  RecordProperty("requirement", "C-51");
  const test::Tensor tensor;
  const auto here = static_cast<std::uint64_t>(pthread_self());
  std::uint64_t there = 0;
  tensor.versioned().reset();
  VersionedPtr managed = tensor.versioned();
  std::thread([&] {
    there = static_cast<std::uint64_t>(pthread_self());
    managed.reset();
  }).join();
  tensor.versioned().reset();

  EXPECT_EQ(tensor.log->deleter_threads(), (std::vector<std::uint64_t>{here, there}));
}

TEST(ExportLog, ParentCountsTheExportsOfAllItsLogs) {
  ExportLog totals;
  {
    const test::Tensor memory;
    const Producer one(memory.producer.tensor(), std::make_shared<ExportLog>(&totals));
    const Producer two(memory.producer.tensor(), std::make_shared<ExportLog>(&totals));
    VersionedPtr kept = one.export_versioned({}, {});
    two.export_versioned({}, {}).reset();
    EXPECT_EQ(one.log()->exports(), 1);
    EXPECT_EQ(two.log()->deleter_calls(), 1);
    EXPECT_EQ(totals.exports(), 2);
    EXPECT_EQ(totals.live(), 1);
    EXPECT_EQ(two.log()->deleter_threads().size(), 1U);
  }
  EXPECT_EQ(totals.live(), 0);
  EXPECT_EQ(totals.deleter_calls(), 2);
}

TEST(ExportLog, ParentCatchesASecondDeleteAfterTheProducerIsGone) {
  ExportLog totals;
  DLManagedTensorVersioned* managed = nullptr;
  {
    const test::Tensor memory;
    const Producer producer(memory.producer.tensor(), std::make_shared<ExportLog>(&totals));
    managed = producer.export_versioned({}, {}).release();
  }
  auto* const deleter = managed->deleter;
  deleter(managed);
  deleter(managed);
  EXPECT_EQ(totals.double_deletes(), 1);
  EXPECT_EQ(totals.live(), 0);
}

TEST(ExportLog, BlocksAreUsedAgainForEitherStruct) {
  const test::Tensor tensor;
  for (int i = 0; i < 1000; ++i) {
    if (i % 2 == 0) {
      const VersionedPtr managed = tensor.versioned();
      ASSERT_EQ(managed->dl_tensor.shape[1], 3);
      ASSERT_EQ(managed->flags, 0U);
    } else {
      ASSERT_EQ(tensor.legacy()->dl_tensor.strides[0], 3);
    }
  }
  EXPECT_EQ(tensor.log->deleter_calls(), 1000);
  EXPECT_EQ(tensor.log->double_deletes(), 0);
}

TEST(ExportLog, ThreadsExportAndDeleteAtOnce) {
  RecordProperty("requirement", "P-47");
  constexpr int kThreads = 4;
  constexpr int kRounds = 500;
  const test::Tensor tensor;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        VersionedPtr one = tensor.versioned();
        const LegacyPtr two = tensor.legacy();
        one.reset();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(tensor.log->exports(), 2 * kThreads * kRounds);
  EXPECT_EQ(tensor.log->deleter_calls(), 2 * kThreads * kRounds);
  EXPECT_EQ(tensor.log->live(), 0);
  EXPECT_EQ(tensor.log->double_deletes(), 0);
  EXPECT_EQ(tensor.log->deleter_threads().size(), static_cast<std::size_t>(kThreads));
}

TEST(ExportLog, DeletersRunAnywhereWhileOneThreadExports) {
  RecordProperty("requirement", "P-47");
  constexpr int kRounds = 2000;
  std::atomic<int> releases{0};
  ExportLog totals;
  const test::Tensor memory;
  auto log = std::make_shared<ExportLog>(&totals, Makers::kOneAtATime);
  log->keep(counting_keeper(releases));
  {
    const Producer producer(memory.producer.tensor(), log);
    std::atomic<DLManagedTensorVersioned*> handed{nullptr};
    std::atomic<bool> done{false};
    std::thread other([&] {
      while (!done || handed != nullptr) {
        const VersionedPtr managed(handed.exchange(nullptr));
        if (managed != nullptr) {
          EXPECT_EQ(managed->dl_tensor.shape[1], 3);
        }
      }
    });
    for (int round = 0; round < kRounds; ++round) {
      const LegacyPtr here = producer.export_legacy({}, {});
      const VersionedPtr left(handed.exchange(producer.export_versioned({}, {}).release()));
    }
    done = true;
    other.join();
  }
  EXPECT_EQ(log->exports(), 2 * kRounds);
  EXPECT_EQ(log->deleter_calls(), 2 * kRounds);
  EXPECT_EQ(log->live(), 0);
  EXPECT_EQ(log->double_deletes(), 0);
  EXPECT_EQ(releases, 0);

  log->let_go();
  EXPECT_EQ(releases, 1);
  log.reset();
  EXPECT_EQ(totals.exports(), 2 * kRounds);
  EXPECT_EQ(totals.live(), 0);
}

TEST(ExportLog, ABlockIsNotUsedAgainWhileItIsKept) {
  const test::Tensor memory;
  for (const Makers makers : {Makers::kAnyThread, Makers::kOneAtATime}) {
    const auto log = std::make_shared<ExportLog>(nullptr, makers);
    const Producer producer(memory.producer.tensor(), log);
    for (int i = 0; i < 100; ++i) producer.export_versioned({}, {}).reset();
    auto* managed = producer.export_versioned({}, {}).release();
    auto* const deleter = managed->deleter;
    deleter(managed);
    for (std::size_t i = 0; i + 1 < ExportLog::kQuarantine; ++i) {
      const VersionedPtr other = producer.export_versioned({}, {});
      EXPECT_NE(other.get(), managed);
    }
    deleter(managed);
    EXPECT_EQ(log->double_deletes(), 1);
  }
}

}  // namespace
}  // namespace dlpack_impl
