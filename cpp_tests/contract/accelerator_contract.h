// What accelerator.h promises, for any accelerator: include it in one test file of a folder and
// instantiate `AcceleratorContract` there. Times are the device's own (`now_ns`).
#pragma once

#include <dlpack_impl/accelerator.h>
#include <dlpack_impl/error.h>
#include <gmock/gmock.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

namespace dlpack_impl {

using testing::HasSubstr;

// An accelerator by name; `make` skips or fails the test itself, and then gives none.
struct Subject {
  const char* name;
  std::shared_ptr<Accelerator> (*make)();

  friend std::ostream& operator<<(std::ostream& stream, const Subject& subject) {
    return stream << subject.name;
  }
};

class AcceleratorContract : public testing::TestWithParam<Subject> {
 protected:
  // Far longer than what the host needs to queue some work, on a busy machine too.
  static constexpr std::int64_t kLong = 300'000'000;
  static constexpr std::size_t kSize = 5000;
  static constexpr std::byte kOld{0x11};
  static constexpr std::byte kNew{0x22};

  // Memory that is given back with the scope. Where the device frees only after its work is done,
  // so does the end of the scope.
  class Memory {
   public:
    Memory(const Accelerator& device, std::size_t size_bytes, DevicePool pool = DevicePool::kDevice)
        : device_(&device), at_(device.allocate_from(pool, size_bytes, 256)) {}
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    ~Memory() { device_->release(at_); }
    [[nodiscard]] void* get() const { return at_; }
    [[nodiscard]] std::byte* at(std::size_t offset) const {
      return static_cast<std::byte*>(at_) + offset;
    }

   private:
    const Accelerator* device_;
    void* at_;
  };

  void SetUp() override { device_ = GetParam().make(); }
  void TearDown() override {
    if (!device_) return;
    device_->synchronize_device();
    for (const Stream stream : made_) device_->end_stream(stream);
  }

  [[nodiscard]] const Accelerator& device() const { return *device_; }

  // A stream that ends with the test: many at a time share a queue of the hardware.
  [[nodiscard]] Stream made_stream(bool blocking) {
    made_.push_back(device().make_stream(blocking));
    return made_.back();
  }
  // kSize bytes of kOld, complete.
  [[nodiscard]] std::unique_ptr<Memory> old_bytes() const {
    auto memory = std::make_unique<Memory>(device(), kSize);
    const std::vector<std::byte> bytes(kSize, kOld);
    device().write(memory->get(), bytes.data(), kSize);
    return memory;
  }
  // Writes kNew over them, late.
  void queue_late_write(Stream stream, const Memory& memory) const {
    device().queue_delay(stream, kLong);
    device().queue_fill(stream, memory.get(), kNew, kSize);
  }
  // The first byte as work on that stream finds it now.
  [[nodiscard]] std::byte seen_on(Stream stream, const Memory& memory) const {
    std::byte seen{0xFF};
    device().queue_copy(stream, &seen, memory.get(), 1);
    device().synchronize(stream);
    return seen;
  }

 private:
  std::shared_ptr<Accelerator> device_;
  std::vector<Stream> made_;
};

// The two default streams, and one of each kind that can be made.
#define DLCONFORM_EACH_STREAM(stream) \
  for (const Stream stream :          \
       {kLegacyStream, kPerThreadStream, made_stream(true), made_stream(false)})

TEST_P(AcceleratorContract, BytesThatWereWrittenAreRead) {
  for (const std::size_t alignment : {1, 64, 256, 4096}) {
    void* const at = device().allocate(kSize, alignment);
    std::vector<std::byte> bytes(kSize);
    for (std::size_t i = 0; i < kSize; ++i) bytes[i] = static_cast<std::byte>(i * 7);
    std::vector<std::byte> back(kSize);

    device().write(at, bytes.data(), kSize);
    device().read(back.data(), at, kSize);

    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(at) % alignment, 0U);
    EXPECT_EQ(back, bytes);
    device().release(at);
  }
}

TEST_P(AcceleratorContract, QueryKnowsPoolBaseAndSize) {
  const Device expected[] = {device().device(), {3, 0}, {13, 0}};
  const DevicePool pools[] = {DevicePool::kDevice, DevicePool::kPinned, DevicePool::kManaged};
  for (std::size_t i = 0; i < 3; ++i) {
    const Memory memory(device(), kSize, pools[i]);
    for (const std::size_t offset : {std::size_t{0}, kSize - 1}) {
      const PointerInfo info = device().query(memory.at(offset));

      EXPECT_TRUE(info.known) << i;
      EXPECT_EQ(info.device, expected[i]) << i;
      EXPECT_EQ(info.base, memory.get()) << i;
      EXPECT_GE(info.size_bytes, kSize) << i;
    }
  }
}

TEST_P(AcceleratorContract, QueryKnowsNothingOfOtherMemory) {
  const int on_host = 0;
  void* const gone = device().allocate(kSize, 256);
  device().release(gone);

  EXPECT_FALSE(device().query(&on_host).known);
  EXPECT_FALSE(device().query(nullptr).known);
  EXPECT_FALSE(device().query(gone).known);
}

TEST_P(AcceleratorContract, MoreThanIsFreeIsRefusedAndHarmsNothing) {
  const auto refused = [&](DevicePool pool, std::size_t size) {
    try {
      device().release(device().allocate_from(pool, size, 256));
      ADD_FAILURE() << size << " bytes were given";
    } catch (const DeviceError& error) {
      EXPECT_THAT(error.what(), HasSubstr("size_bytes: " + std::to_string(size)));
    }
  };
  refused(DevicePool::kDevice, device().free_bytes() + 1);
  refused(DevicePool::kManaged, device().free_bytes() + 1);
  refused(DevicePool::kPinned, std::size_t{1} << 50);
  refused(DevicePool::kDevice, std::numeric_limits<std::size_t>::max());

  EXPECT_EQ(seen_on(kLegacyStream, *old_bytes()), kOld);
}

TEST_P(AcceleratorContract, ManagedMemoryCountsAsTakenAtOnce) {
  const std::size_t before = device().free_bytes();
  const Memory memory(device(), std::size_t{1} << 22, DevicePool::kManaged);

  EXPECT_LE(device().free_bytes(), before - (std::size_t{1} << 22));
}

TEST_P(AcceleratorContract, TheHostReadsPinnedAndManagedMemory) {
  for (const DevicePool pool : {DevicePool::kPinned, DevicePool::kManaged}) {
    const Memory memory(device(), kSize, pool);
    device().queue_fill(kLegacyStream, memory.get(), kNew, kSize);
    device().synchronize(kLegacyStream);

    EXPECT_EQ(std::vector<std::byte>(memory.at(0), memory.at(kSize)),
              std::vector<std::byte>(kSize, kNew));
  }
}

TEST_P(AcceleratorContract, FillTouchesItsBytesAlone) {
  const auto memory = old_bytes();
  device().queue_fill(kLegacyStream, memory->at(3), kNew, 1234);
  std::vector<std::byte> back(kSize);
  device().read(back.data(), memory->get(), kSize);

  std::vector<std::byte> expected(kSize, kOld);
  std::fill(expected.begin() + 3, expected.begin() + 3 + 1234, kNew);
  EXPECT_EQ(back, expected);
}

TEST_P(AcceleratorContract, CheckAddsHowManyBytesDiffer) {
  const auto memory = old_bytes();
  // In head, body and tail of what a kernel may read in larger pieces.
  for (const std::size_t at : {1U, 700U, 701U, 4321U}) {
    device().write(memory->at(at), &kNew, 1);
  }
  std::uint64_t different = 100;
  device().queue_check(kLegacyStream, memory->at(1), kOld, 4321, &different);
  device().synchronize(kLegacyStream);
  EXPECT_EQ(different, 104U);

  for (std::size_t size = 0; size < 40; ++size) {
    std::uint64_t all = 0;
    device().queue_check(kLegacyStream, memory->at(100), kNew, size, &all);
    device().synchronize(kLegacyStream);
    EXPECT_EQ(all, size);
  }
}

TEST_P(AcceleratorContract, WorkOfOneStreamRunsInItsOrder) {
  DLCONFORM_EACH_STREAM(stream) {
    const auto memory = old_bytes();
    queue_late_write(stream, *memory);
    EXPECT_EQ(seen_on(stream, *memory), kNew) << stream;
  }
}

TEST_P(AcceleratorContract, QueueingDoesNotWait) {
  DLCONFORM_EACH_STREAM(stream) {
    const auto memory = old_bytes();
    const Memory other(device(), kSize);
    const Memory pinned(device(), kSize, DevicePool::kPinned);
    std::vector<std::byte> pageable(kSize, kNew);
    std::uint64_t different = 0;
    const Stream second = made_stream(false);

    const std::int64_t begin = device().now_ns();
    device().queue_delay(stream, kLong);
    device().queue_fill(stream, other.get(), kNew, kSize);
    device().queue_fill(stream, pinned.get(), kNew, kSize);
    device().queue_copy(stream, memory->get(), other.get(), kSize);
    device().queue_copy(stream, other.get(), pageable.data(), kSize);
    device().queue_copy(stream, pageable.data(), other.get(), kSize);
    device().queue_copy(stream, pinned.get(), memory->get(), kSize);
    device().queue_check(stream, memory->get(), kOld, kSize, &different);
    device().order(stream, second);
    EXPECT_FALSE(device().is_idle(stream)) << stream;
    EXPECT_LT(device().now_ns() - begin, kLong / 2) << stream;

    device().synchronize(stream);
    EXPECT_GE(device().now_ns() - begin, kLong) << stream;
    EXPECT_TRUE(device().is_idle(stream)) << stream;
    EXPECT_EQ(different, kSize) << stream;
    device().synchronize(second);
  }
}

TEST_P(AcceleratorContract, CopiesTakeTheBytesWhenTheyRun) {
  const auto memory = old_bytes();
  const Stream stream = made_stream(false);
  std::vector<std::byte> pageable(kSize, kOld);
  std::vector<std::byte> copy(kSize, kOld);
  device().queue_delay(stream, kLong);
  device().queue_copy(stream, copy.data(), pageable.data(), kSize);
  device().queue_copy(stream, memory->get(), pageable.data(), kSize);
  std::fill(pageable.begin(), pageable.end(), kNew);

  EXPECT_EQ(seen_on(stream, *memory), kNew);
  EXPECT_EQ(copy, pageable);
}

TEST_P(AcceleratorContract, CopiesRunOnTheirStreamAndOnNoOther) {
  const Stream stream = made_stream(false);
  const std::vector<std::byte> bytes(kSize, kNew);
  const Memory from(device(), kSize);
  device().write(from.get(), bytes.data(), kSize);
  for (const DevicePool pool : {DevicePool::kDevice, DevicePool::kPinned, DevicePool::kManaged}) {
    const Memory to(device(), kSize, pool);
    std::byte seen = kNew;
    device().write(to.get(), std::vector<std::byte>(kSize, kOld).data(), kSize);
    device().queue_delay(stream, kLong);
    device().queue_copy(stream, to.get(), from.get(), kSize);
    device().read(&seen, to.get(), 1);
    EXPECT_EQ(seen, kOld) << static_cast<int>(pool);
    EXPECT_EQ(seen_on(stream, to), kNew) << static_cast<int>(pool);
  }
}

TEST_P(AcceleratorContract, OtherStreamsSeeOldBytesUnlessOrdered) {
  const Stream producer = made_stream(false);
  const Stream consumer = made_stream(false);
  {
    const auto memory = old_bytes();
    queue_late_write(producer, *memory);
    EXPECT_EQ(seen_on(consumer, *memory), kOld);
    device().synchronize(producer);
    EXPECT_EQ(seen_on(consumer, *memory), kNew);
  }
  const auto memory = old_bytes();
  queue_late_write(producer, *memory);
  device().order(producer, consumer);
  EXPECT_EQ(seen_on(consumer, *memory), kNew);
}

TEST_P(AcceleratorContract, OrderTakesWhatWasQueuedBeforeIt) {
  const Stream producer = made_stream(false);
  const Stream consumer = made_stream(false);
  const auto memory = old_bytes();
  device().order(producer, consumer);
  queue_late_write(producer, *memory);

  EXPECT_EQ(seen_on(consumer, *memory), kOld);
}

TEST_P(AcceleratorContract, TheLegacyStreamAndBlockingStreamsWaitForOneAnother) {
  const Stream blocking = made_stream(true);
  for (const Stream other : {blocking, kPerThreadStream}) {
    const auto first = old_bytes();
    queue_late_write(other, *first);
    EXPECT_EQ(seen_on(kLegacyStream, *first), kNew) << other;

    const auto second = old_bytes();
    queue_late_write(kLegacyStream, *second);
    EXPECT_EQ(seen_on(other, *second), kNew) << other;
  }
}

TEST_P(AcceleratorContract, TheLegacyStreamAndOtherStreamsDoNot) {
  const Stream free_running = made_stream(false);
  const auto first = old_bytes();
  queue_late_write(free_running, *first);
  EXPECT_EQ(seen_on(kLegacyStream, *first), kOld);

  const auto second = old_bytes();
  device().synchronize_device();
  queue_late_write(kLegacyStream, *second);
  EXPECT_EQ(seen_on(free_running, *second), kOld);
}

TEST_P(AcceleratorContract, BlockingStreamsDoNotWaitForOneAnother) {
  const Stream producer = made_stream(true);
  const Stream consumer = made_stream(true);
  const auto memory = old_bytes();
  queue_late_write(producer, *memory);

  EXPECT_EQ(seen_on(consumer, *memory), kOld);
}

TEST_P(AcceleratorContract, EachThreadHasADefaultStreamOfItsOwn) {
  const auto memory = old_bytes();
  queue_late_write(kPerThreadStream, *memory);
  std::byte seen{};
  std::thread([&] { seen = seen_on(kPerThreadStream, *memory); }).join();

  EXPECT_EQ(seen, kOld);
  EXPECT_EQ(seen_on(kPerThreadStream, *memory), kNew);
}

TEST_P(AcceleratorContract, SynchronizeWaitsForThatStreamAlone) {
  const Stream busy = made_stream(false);
  const Stream other = made_stream(false);
  const auto memory = old_bytes();
  const std::int64_t begin = device().now_ns();
  device().queue_delay(busy, kLong);
  device().queue_fill(other, memory->get(), kNew, kSize);
  device().synchronize(other);

  EXPECT_LT(device().now_ns() - begin, kLong / 2);
  EXPECT_FALSE(device().is_idle(busy));
  device().synchronize_device();
  EXPECT_GE(device().now_ns() - begin, kLong);
  EXPECT_TRUE(device().is_idle(busy));
}

TEST_P(AcceleratorContract, ReadAndWriteWaitForTheLegacyStream) {
  const auto memory = old_bytes();
  queue_late_write(kLegacyStream, *memory);
  std::byte seen{};
  device().read(&seen, memory->get(), 1);
  EXPECT_EQ(seen, kNew);

  queue_late_write(kLegacyStream, *memory);
  device().write(memory->get(), &kOld, 1);
  EXPECT_TRUE(device().is_idle(kLegacyStream));
  EXPECT_EQ(seen_on(kLegacyStream, *memory), kOld);
}

TEST_P(AcceleratorContract, WorkOfAnEndedStreamStillRuns) {
  const Stream stream = device().make_stream(false);
  const auto memory = old_bytes();
  const std::int64_t begin = device().now_ns();
  queue_late_write(stream, *memory);
  device().end_stream(stream);
  EXPECT_LT(device().now_ns() - begin, kLong / 2);

  device().synchronize_device();
  EXPECT_EQ(seen_on(kLegacyStream, *memory), kNew);
}

TEST_P(AcceleratorContract, WhatIsNoStreamIsRefused) {
  const Stream ended = device().make_stream();
  EXPECT_TRUE(device().has_stream(ended));
  device().end_stream(ended);
  const auto memory = old_bytes();
  std::uint64_t different = 0;
  for (const Stream stream : {Stream{0}, Stream{-1}, Stream{3}, ended}) {
    EXPECT_FALSE(device().has_stream(stream)) << stream;
    EXPECT_THROW(device().queue_fill(stream, memory->get(), kNew, 1), DeviceError) << stream;
    EXPECT_THROW(device().queue_copy(stream, memory->get(), memory->at(8), 1), DeviceError);
    EXPECT_THROW(device().queue_check(stream, memory->get(), kNew, 1, &different), DeviceError);
    EXPECT_THROW(device().queue_delay(stream, 1), DeviceError) << stream;
    EXPECT_THROW(device().order(stream, kLegacyStream), DeviceError) << stream;
    EXPECT_THROW(device().order(kLegacyStream, stream), DeviceError) << stream;
    EXPECT_THROW(device().synchronize(stream), DeviceError) << stream;
    EXPECT_THROW(static_cast<void>(device().is_idle(stream)), DeviceError) << stream;
    EXPECT_THROW(device().end_stream(stream), DeviceError) << stream;
  }
  for (const Stream stream : {kLegacyStream, kPerThreadStream}) {
    EXPECT_TRUE(device().has_stream(stream));
    EXPECT_THROW(device().end_stream(stream), DeviceError) << stream;
  }
}

TEST_P(AcceleratorContract, MemoryThatIsNotTheDevicesIsRefused) {
  const auto memory = old_bytes();
  std::vector<std::byte> on_host(kSize, kOld);
  std::uint64_t different = 0;
  const auto refused = [](const char* field, const auto& call) {
    try {
      call();
      ADD_FAILURE() << field << " was taken";
    } catch (const DeviceError& error) {
      EXPECT_THAT(error.what(), HasSubstr(std::string(field) + ": 0x"));
      EXPECT_THAT(error.what(), HasSubstr("limit: "));
    }
  };
  refused("at", [&] { device().queue_fill(1, on_host.data(), kNew, 1); });
  refused("at", [&] { device().queue_fill(1, memory->at(1), kNew, std::size_t{1} << 40); });
  refused("at", [&] { device().queue_check(1, on_host.data(), kNew, 1, &different); });
  refused("device_bytes", [&] { device().write(on_host.data(), on_host.data(), 1); });
  refused("device_bytes", [&] { device().read(on_host.data(), on_host.data(), 1); });
  refused("device_bytes",
          [&] { device().read(on_host.data(), memory->get(), std::size_t{1} << 40); });

  EXPECT_EQ(seen_on(kLegacyStream, *memory), kOld);
  EXPECT_EQ(on_host, std::vector<std::byte>(kSize, kOld));
}

TEST_P(AcceleratorContract, DelaysHaveALimit) {
  for (const std::int64_t wrong : {std::int64_t{-1}, Accelerator::kMaxDelay + 1}) {
    EXPECT_THROW(device().queue_delay(kLegacyStream, wrong), DeviceError) << wrong;
  }
  device().queue_delay(kLegacyStream, 0);
  device().synchronize(kLegacyStream);
  EXPECT_TRUE(device().is_idle(kLegacyStream));
}

TEST_P(AcceleratorContract, ThreadsUseOneDeviceAtATimeOfTheirOwn) {
  std::atomic<std::uint64_t> wrong = 0;
  std::vector<std::thread> threads;
  for (int number = 1; number <= 4; ++number) {
    threads.emplace_back([&, number] {
      const Stream stream = device().make_stream(number % 2 == 0);
      const auto value = static_cast<std::byte>(number);
      for (int round = 0; round < 10; ++round) {
        const Memory memory(device(), kSize);
        std::uint64_t different = 0;
        device().queue_fill(stream, memory.get(), value, kSize);
        device().queue_check(stream, memory.get(), value, kSize, &different);
        device().synchronize(stream);
        wrong += different;
      }
      device().end_stream(stream);
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(wrong, 0U);
}

}  // namespace dlpack_impl
