#include <dlpack_impl/buffer.h>
#include <dlpack_impl/error.h>
#include <dlpack_impl/producer.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "devices.h"

namespace dlpack_impl::simulated::test {
namespace {

int code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const DeviceError& error) {
    return error.code();
  }
  return -1;
}

bool is_mapped(const void* address) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  unsigned char resident = 0;
  void* begin = reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(address) / page * page);
  return mincore(begin, page, &resident) == 0 || errno != ENOMEM;
}

TEST(Memory, BytesGoBothWays) {
  const auto device = one_device();
  const char text[] = "written on the host";
  char back[sizeof text] = {};
  void* bytes = device->allocate(sizeof text, 8);
  device->write(bytes, text, sizeof text);
  device->read(back, bytes, sizeof text);
  EXPECT_STREQ(back, text);
  device->write(bytes, text, 0);
}

TEST(Memory, BlocksAreAlignedApartAndGivenAgain) {
  const auto device = one_device();
  for (const std::size_t alignment : {1U, 256U, 4096U, 1U << 21U}) {
    void* bytes = device->allocate(3, alignment);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes) % alignment, 0U);
    device->release(bytes);
  }
  auto* first = static_cast<char*>(device->allocate(0, 1));
  auto* second = static_cast<char*>(device->allocate(1, 1));
  EXPECT_GE(second - first, 256);
  device->release(first);
  EXPECT_EQ(device->allocate(256, 1), first);
  EXPECT_EQ(code_of([&] { static_cast<void>(device->allocate(1, 3)); }), kInvalidValue);
  EXPECT_EQ(code_of([&] { static_cast<void>(device->allocate(1, 0)); }), kInvalidValue);
  EXPECT_EQ(code_of([&] { static_cast<void>(device->allocate(1, 1U << 22U)); }), kInvalidValue);
}

TEST(Memory, IsLimitedAndGivenBack) {
  SimulatedOptions options;
  options.memory_bytes = 1 << 16;
  const auto device = one_device(options);
  void* most = device->allocate((1 << 16) - 256, 256);
  EXPECT_EQ(device->free_bytes(), 256U);
  try {
    static_cast<void>(device->allocate(257, 1));
    ADD_FAILURE() << "more memory than there is";
  } catch (const DeviceError& error) {
    EXPECT_EQ(error.code(), kOutOfMemory);
    EXPECT_STREQ(error.what(), "size_bytes: 257; limit: 256 bytes free of 65536 on cuda-0");
  }
  EXPECT_EQ(code_of([&] { static_cast<void>(device->allocate(SIZE_MAX, 1)); }), kOutOfMemory);
  EXPECT_EQ(
      code_of([&] { static_cast<void>(device->allocate_from(DevicePool::kManaged, 257, 1)); }),
      kOutOfMemory);
  void* pinned = device->allocate_from(DevicePool::kPinned, 1 << 16, 1);
  EXPECT_EQ(code_of([&] { static_cast<void>(device->allocate_from(DevicePool::kPinned, 1, 1)); }),
            kOutOfMemory);
  device->release(pinned);
  device->release(most);
  EXPECT_EQ(device->free_bytes(), 65536U);
  device->release(device->allocate_from(DevicePool::kManaged, 1 << 16, 1));
  void* managed = device->allocate_from(DevicePool::kManaged, 1 << 15, 1);
  EXPECT_EQ(device->free_bytes(), 32768U);
  EXPECT_EQ(code_of([&] { static_cast<void>(device->allocate(32769, 1)); }), kOutOfMemory);
  device->release(managed);
  for (int i = 0; i < 1000; ++i) device->release(device->allocate(1 << 16, 4096));
  EXPECT_EQ(device->free_bytes(), 65536U);
}

TEST(Memory, CountsWholeBlocks) {
  SimulatedOptions options;
  options.memory_bytes = 5000;
  const auto device = one_device(options);
  EXPECT_EQ(device->free_bytes(), 4864U);
  EXPECT_EQ(code_of([&] { static_cast<void>(device->allocate(4865, 1)); }), kOutOfMemory);
  device->release(device->allocate(4864, 1));
  static_cast<void>(device->allocate(1, 1));
  EXPECT_EQ(device->free_bytes(), 4608U);
}

TEST(Memory, PinnedAndManagedBytesAreTheHostsToo) {
  const auto device = one_device();
  for (const DevicePool pool : {DevicePool::kPinned, DevicePool::kManaged}) {
    auto* bytes = static_cast<unsigned char*>(device->allocate_from(pool, 16, 16));
    bytes[3] = 9;
    EXPECT_EQ(seen(*device, kLegacyStream, bytes + 3), 9);
    device->queue_fill(kLegacyStream, bytes, std::byte{4}, 16);
    device->synchronize(kLegacyStream);
    EXPECT_EQ(bytes[15], 4);
    device->release(bytes);
  }
}

TEST(Memory, QueryKnowsLiveBlocksOfAllDevices) {
  RecordProperty("requirement", "C-24");
  SimulatedOptions options;
  options.devices = 2;
  const auto devices = make_simulated(options);
  auto* bytes = static_cast<char*>(devices[1]->allocate(100, 1));
  const PointerInfo inside = devices[0]->query(bytes + 99);
  EXPECT_TRUE(inside.known);
  EXPECT_EQ(inside.device, (Device{2, 1}));
  EXPECT_EQ(inside.base, bytes);
  EXPECT_EQ(inside.size_bytes, 100U);
  EXPECT_FALSE(devices[0]->query(bytes + 100).known);
  EXPECT_FALSE(devices[0]->query(&inside).known);
  EXPECT_FALSE(devices[0]->query(nullptr).known);
  EXPECT_EQ(devices[0]->query(devices[0]->allocate_from(DevicePool::kPinned, 1, 1)).device,
            (Device{3, 0}));
  EXPECT_EQ(devices[1]->query(devices[1]->allocate_from(DevicePool::kManaged, 1, 1)).device,
            (Device{13, 0}));
  devices[1]->release(bytes);
  EXPECT_FALSE(devices[1]->query(bytes).known);
}

TEST(Memory, ExtensionDeviceStatesItselfAndHasNoOtherPools) {
  SimulatedOptions options;
  options.device_type = 12;
  const auto device = one_device(options);
  EXPECT_EQ(device->device(), (Device{12, 0}));
  EXPECT_EQ(device->query(device->allocate(1, 1)).device, (Device{12, 0}));
  for (const DevicePool pool : {DevicePool::kPinned, DevicePool::kManaged}) {
    EXPECT_EQ(code_of([&] { static_cast<void>(device->allocate_from(pool, 1, 1)); }),
              kInvalidValue);
  }
}

TEST(Memory, AddressesOutsideLiveBlocksAreRefused) {
  SimulatedOptions options;
  options.devices = 2;
  const auto devices = make_simulated(options);
  const auto stranger = one_device();
  const Simulated& device = *devices[0];
  auto* bytes = static_cast<std::byte*>(device.allocate(64, 64));
  auto* freed = static_cast<std::byte*>(device.allocate(64, 64));
  device.release(freed);
  std::byte host[64] = {};
  void* elsewhere = stranger->allocate(64, 64);
  void* peer = devices[1]->allocate(64, 64);
  const auto fill = [&](void* at, std::size_t size) {
    return code_of([&] { device.queue_fill(kLegacyStream, at, std::byte{1}, size); });
  };
  const auto copy = [&](void* to, const void* from) {
    return code_of([&] { device.queue_copy(kLegacyStream, to, from, 64); });
  };
  EXPECT_EQ(fill(bytes, 64), -1);
  EXPECT_EQ(fill(bytes + 1, 64), kInvalidValue);
  EXPECT_EQ(fill(bytes - 1, 1), kInvalidValue);
  EXPECT_EQ(fill(bytes, SIZE_MAX), kInvalidValue);
  for (void* bad : {static_cast<void*>(freed), static_cast<void*>(host), elsewhere, peer}) {
    EXPECT_EQ(fill(bad, 8), kInvalidValue);
  }
  EXPECT_EQ(copy(bytes, host), -1);
  EXPECT_EQ(copy(bytes, peer), -1);
  EXPECT_EQ(copy(bytes, freed), kInvalidValue);
  EXPECT_EQ(copy(elsewhere, bytes), kInvalidValue);
  EXPECT_EQ(copy(bytes, nullptr), kInvalidValue);
  EXPECT_EQ(code_of([&] { device.read(host, host, 8); }), kInvalidValue);
  EXPECT_EQ(code_of([&] { device.write(host, host, 8); }), kInvalidValue);
  EXPECT_EQ(code_of([&] { device.queue_check(1, host, {}, 8, nullptr); }), kInvalidValue);
  EXPECT_EQ(code_of([&] { device.queue_check(1, bytes, {}, 8, nullptr); }), kInvalidValue);
}

TEST(Memory, WriteAndReadWaitForBlockingWorkAlone) {
  const Bench bench;
  unsigned char found = 0;
  bench.fill_late(bench.producer, 2);
  bench.device->read(&found, bench.bytes, 1);
  EXPECT_EQ(found, 1);
  bench.device->synchronize_device();
  bench.fill_late(bench.blocking, 3);
  bench.device->read(&found, bench.bytes, 1);
  EXPECT_EQ(found, 3);
}

TEST(Memory, ReleaseWaitsForWorkOfTheDevice) {
  RecordProperty("requirement", "S-18");
  const Bench bench;
  unsigned char found = 0;
  const std::int64_t before = bench.device->now_ns();
  bench.fill_late(bench.producer, 2);
  bench.device->queue_copy(bench.producer, &found, bench.bytes, 1);
  bench.device->release(bench.bytes);
  EXPECT_EQ(found, 2);
  EXPECT_GE(bench.device->now_ns() - before, kLong);
}

TEST(Memory, ReleaseWaitsForWorkThatDoesNotUseTheBlockToo) {
  const Bench bench;
  void* other = bench.device->allocate(1, 1);
  const std::int64_t before = bench.device->now_ns();
  bench.fill_late(bench.producer, 2);
  bench.device->release(other);
  EXPECT_GE(bench.device->now_ns() - before, kLong);
}

TEST(Memory, ReleaseWaitsForAPeerThatUsesTheBlock) {
  SimulatedOptions options;
  options.devices = 2;
  const auto devices = make_simulated(options);
  void* bytes = devices[0]->allocate(1, 1);
  unsigned char found = 1;
  devices[1]->queue_delay(kLegacyStream, kLong);
  devices[1]->queue_copy(kLegacyStream, &found, bytes, 1);
  devices[0]->release(devices[0]->allocate(1, 1));
  EXPECT_EQ(found, 1);
  devices[0]->release(bytes);
  EXPECT_EQ(found, 0);
}

TEST(Memory, ReleaseIgnoresWhatIsNotItsOwn) {
  const auto device = one_device();
  auto* bytes = static_cast<char*>(device->allocate(1 << 16, 1));
  device->queue_fill(kLegacyStream, bytes, std::byte{1}, 1 << 16);
  int host = 0;
  for (void* other :
       {static_cast<void*>(&host), static_cast<void*>(bytes + 1), static_cast<void*>(nullptr)}) {
    device->release(other);
  }
  EXPECT_TRUE(device->query(bytes).known);
  EXPECT_EQ(seen(*device, kLegacyStream, bytes + (1 << 15)), 1);
  device->release(bytes);
  device->release(bytes);
  EXPECT_EQ(device->free_bytes(), SimulatedOptions{}.memory_bytes);
}

TEST(Memory, GoesBackToTheSystemWithTheLastDevice) {
  SimulatedOptions options;
  options.devices = 2;
  auto devices = make_simulated(options);
  std::shared_ptr<Simulated> last = devices[1];
  void* bytes = devices[0]->allocate(64, 64);
  void* pinned = devices[0]->allocate_from(DevicePool::kPinned, 64, 64);
  std::memset(pinned, 1, 64);
  unsigned char untouched = 1;
  last->queue_delay(kLegacyStream, kLong);
  last->queue_copy(kLegacyStream, &untouched, bytes, 1);
  devices.clear();
  EXPECT_TRUE(last->query(bytes).known);
  EXPECT_TRUE(is_mapped(bytes) && is_mapped(pinned));
  last.reset();
  EXPECT_FALSE(is_mapped(bytes) || is_mapped(pinned));
  EXPECT_EQ(untouched, 1);
}

TEST(Memory, TemplatesStampAndCompareTheirBuffersThere) {
  const auto device = one_device();
  const DType dtype = dtype_from_name("int16");
  const auto values = encode_elements(dtype, {std::int64_t{100}, std::int64_t{101}});
  const Template stamp(dtype, {{2}, {2}, 1}, values.data(), values.size(), {}, *device);
  Buffer buffer = stamp.make();
  EXPECT_EQ(buffer.device(), (Device{2, 0}));
  EXPECT_EQ(buffer.elements_changed() + buffer.outside_changed(), 0);
  EXPECT_EQ(seen(*device, kLegacyStream, buffer.first()), 100);
  device->queue_fill(kLegacyStream, buffer.first(), std::byte{0xFF}, 4);
  EXPECT_EQ(buffer.elements_changed(), 2);
  EXPECT_EQ(buffer.outside_changed(), 2);
  buffer.refill();
  EXPECT_EQ(buffer.elements_changed() + buffer.outside_changed(), 0);
}

TEST(Options, AreChecked) {
  const auto refuse = [](SimulatedOptions options, const std::string& field) {
    try {
      static_cast<void>(make_simulated(options));
      ADD_FAILURE() << field << " was taken";
    } catch (const InvalidArgument& error) {
      EXPECT_EQ(std::string(error.what()).rfind(field + ": ", 0), 0U) << error.what();
    }
  };
  refuse({0}, "devices");
  refuse({17}, "devices");
  refuse({1, -1}, "delay_ns");
  refuse({1, 0, Accelerator::kMaxDelay + 1}, "operation_ns");
  refuse({1, 0, 0, 4095}, "memory_bytes");
  refuse({1, 0, 0, 4096, 1}, "device_type");
  EXPECT_EQ(make_simulated({16, 0, 0, 4096, 12}).back()->device(), (Device{12, 15}));
}

class FailingCalls : public testing::TestWithParam<std::string> {};

TEST_P(FailingCalls, FailOnceOnDemandAndDoNothing) {
  const Bench bench;
  const Simulated& device = *bench.device;
  unsigned char host = 0;
  std::uint64_t different = 0;
  const std::map<std::string, std::function<void()>> calls = {
      {"allocate", [&] { device.release(device.allocate(1, 1)); }},
      {"write", [&] { device.write(bench.bytes, &host, 1); }},
      {"read", [&] { device.read(&host, bench.bytes, 1); }},
      {"make_stream", [&] { static_cast<void>(device.make_stream()); }},
      {"end_stream", [&] { device.end_stream(device.make_stream()); }},
      {"queue_fill", [&] { device.queue_fill(1, bench.bytes, std::byte{9}, 1); }},
      {"queue_copy", [&] { device.queue_copy(1, &host, bench.bytes, 1); }},
      {"queue_check", [&] { device.queue_check(1, bench.bytes, {}, 1, &different); }},
      {"queue_delay", [&] { device.queue_delay(1, kLong); }},
      {"order", [&] { device.order(1, bench.consumer); }},
      {"synchronize", [&] { device.synchronize(1); }},
      {"is_idle", [&] { static_cast<void>(device.is_idle(1)); }}};
  const std::function<void()>& call = calls.at(GetParam());

  EXPECT_EQ(code_of(call), -1);
  device.fail(GetParam(), 2);
  EXPECT_EQ(code_of(call), -1);
  const std::int64_t before = device.now_ns();
  EXPECT_EQ(code_of(call), kFailedOnDemand);
  EXPECT_EQ(device.now_ns(), before);
  EXPECT_EQ(code_of(call), -1);
  device.fail(GetParam(), 1);
  device.fail(GetParam(), 0);
  EXPECT_EQ(code_of(call), -1);
}

std::string call_name(const testing::TestParamInfo<std::string>& info) { return info.param; }

INSTANTIATE_TEST_SUITE_P(All, FailingCalls, testing::ValuesIn(Simulated::failing_calls()),
                         call_name);

TEST(FailingCall, LeavesTheBytesAlone) {
  const Bench bench;
  bench.device->fail("queue_fill", 1);
  EXPECT_EQ(code_of([&] { bench.device->queue_fill(1, bench.bytes, std::byte{9}, 64); }),
            kFailedOnDemand);
  EXPECT_EQ(bench.seen_on(kLegacyStream), 1);
}

TEST(FailingCall, MustBeKnown) {
  const auto device = one_device();
  EXPECT_THROW(device->fail("release", 1), InvalidArgument);
  EXPECT_THROW(device->fail("read", -1), InvalidArgument);
}

}  // namespace
}  // namespace dlpack_impl::simulated::test
