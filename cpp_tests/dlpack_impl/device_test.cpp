#include <dlpack_impl/device.h>
#include <dlpack_impl/error.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>

namespace dlpack_impl {
namespace {

TEST(Device, NamesAreTheCataloguesWords) {
  EXPECT_EQ(device_name({1, 0}), "cpu");
  EXPECT_EQ(device_name({1, 1}), "cpu-1");
  EXPECT_EQ(device_name({2, 0}), "cuda-0");
  EXPECT_EQ(device_name({3, 0}), "cuda-host");
  EXPECT_EQ(device_name({13, 0}), "cuda-managed-0");
  EXPECT_EQ(device_name({99, 4}), "type99-4");
}

TEST(Device, EveryNameFindsItsDevice) {
  for (std::int32_t type = 0; type < 20; ++type) {
    for (const std::int32_t id : {0, 1, 7}) {
      const std::string name = device_name({type, id});
      ASSERT_TRUE(find_device(name).has_value()) << name;
      EXPECT_EQ(*find_device(name), (Device{type, id})) << name;
    }
  }
}

TEST(Device, UnknownNamesAreNotFound) {
  for (const char* name :
       {"", "gpu", "cuda", "cuda-", "cuda-x", "cuda-01", "cpu-0", "cpus", "type1-0"}) {
    EXPECT_FALSE(find_device(name).has_value()) << name;
  }
}

TEST(Device, HostReadsCpuPinnedAndManaged) {
  EXPECT_TRUE(kCpu.is_host_readable());
  EXPECT_TRUE((Device{3, 0}.is_host_readable()));
  EXPECT_TRUE((Device{13, 0}.is_host_readable()));
  EXPECT_FALSE((Device{2, 0}.is_host_readable()));
}

TEST(CpuMemory, AllocatesAlignedAndCopiesBothWays) {
  const DeviceMemory& memory = cpu_memory();
  void* block = memory.allocate(64, 4096);
  const char text[] = "written on the host";
  char back[sizeof text] = {};
  memory.write(block, text, sizeof text);
  memory.read(back, block, sizeof text);

  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 4096, 0U);
  EXPECT_STREQ(back, text);
  memory.release(block);
}

TEST(CpuMemory, TooMuchIsADeviceError) {
  EXPECT_THROW(static_cast<void>(cpu_memory().allocate(std::size_t{1} << 62, 64)), DeviceError);
}

}  // namespace
}  // namespace dlpack_impl
