#include "observe/read_export.h"

#include <gmock/gmock.h>

#include <array>
#include <cstring>
#include <vector>

#include "catalogue/error.h"
#include "dlpack_impl/error.h"

namespace dlpack_conformance {
namespace {

using testing::ElementsAre;
using testing::Optional;

/// A versioned tensor of six int32 whose every second element is shown.
class ReadExport : public testing::Test {
 protected:
  ReadExport() {
    managed_.version = {1, 3};
    managed_.flags = DLPACK_FLAG_BITMASK_READ_ONLY;
    managed_.dl_tensor = {.data = memory_.data(),
                          .device = {kDLCPU, 0},
                          .ndim = 1,
                          .dtype = {kDLInt, 32, 1},
                          .shape = shape_.data(),
                          .strides = strides_.data(),
                          .byte_offset = 0};
  }

  void read(std::span<const std::int32_t> asked, ReadGroup group = ReadGroup::kExport) {
    const Origin origin{.first = reinterpret_cast<std::uintptr_t>(memory_.data()),
                        .begin = 0,
                        .end = sizeof(memory_)};
    read_export(facts_, group, dlpack_impl::read_header(managed_), "dltensor_versioned", origin,
                std::as_bytes(asked));
  }

  std::array<std::int32_t, 6> memory_ = {1, 0, 2, 0, 3, 0};
  std::array<std::int64_t, 1> shape_ = {3};
  std::array<std::int64_t, 1> strides_ = {2};
  DLManagedTensorVersioned managed_{};
  Facts facts_;
};

constexpr std::array<std::int32_t, 3> kAsked = {1, 2, 3};

TEST_F(ReadExport, FillsEveryFieldOfTheGroup) {
  managed_.dl_tensor.byte_offset = 8;
  shape_ = {2};
  read(std::array<std::int32_t, 2>{2, 3});

  EXPECT_THAT(facts_.export_capsule, Optional(std::string("dltensor_versioned")));
  EXPECT_THAT(facts_.export_version, Optional(ElementsAre(1, 3)));
  EXPECT_THAT(facts_.export_flags, Optional(1));
  EXPECT_THAT(facts_.export_device, Optional(ElementsAre(1, 0)));
  EXPECT_THAT(facts_.export_dtype, Optional(ElementsAre(0, 32, 1)));
  EXPECT_THAT(facts_.export_shape, Optional(ElementsAre(2)));
  EXPECT_THAT(facts_.export_strides, Optional(ElementsAre(2)));
  EXPECT_THAT(facts_.export_strides_null, Optional(false));
  EXPECT_THAT(facts_.export_address, Optional(std::string("8")));
  EXPECT_THAT(facts_.export_byte_offset, Optional(8));
  EXPECT_THAT(facts_.export_values, Optional(true));
}

TEST_F(ReadExport, OtherGroupStaysUntouched) {
  read(kAsked, ReadGroup::kResultRead);

  EXPECT_THAT(facts_.result_read_values, Optional(true));
  EXPECT_FALSE(facts_.export_capsule.has_value());
}

TEST_F(ReadExport, WrongValuesAreSeen) {
  read(std::array<std::int32_t, 3>{1, 2, 4});

  EXPECT_THAT(facts_.export_values, Optional(false));
}

TEST_F(ReadExport, AnotherCountIsNotTheAskedValues) {
  read(std::array<std::int32_t, 2>{1, 2});

  EXPECT_THAT(facts_.export_values, Optional(false));
}

TEST_F(ReadExport, NullStridesAreAFactAndReadCompactly) {
  managed_.version = {1, 1};
  managed_.dl_tensor.strides = nullptr;
  read(std::array<std::int32_t, 3>{1, 0, 2});

  EXPECT_THAT(facts_.export_strides_null, Optional(true));
  EXPECT_FALSE(facts_.export_strides.has_value());
  EXPECT_THAT(facts_.export_values, Optional(true));
}

TEST_F(ReadExport, UnknownDtypeLeavesValuesOut) {
  managed_.dl_tensor.dtype = {200, 32, 1};
  read(kAsked);

  EXPECT_THAT(facts_.export_dtype, Optional(ElementsAre(200, 32, 1)));
  EXPECT_FALSE(facts_.export_values.has_value());
}

TEST_F(ReadExport, NothingBehindTheVersionIsReadInAnotherMajor) {
  managed_.version = {2, 0};
  managed_.dl_tensor.shape = reinterpret_cast<std::int64_t*>(0x10);  // would crash
  read(kAsked);

  EXPECT_THAT(facts_.export_version, Optional(ElementsAre(2, 0)));
  EXPECT_FALSE(facts_.export_shape.has_value());
  EXPECT_FALSE(facts_.export_values.has_value());
}

TEST_F(ReadExport, EmptyTensorHasNullAddressAndRightValues) {
  shape_ = {0};
  managed_.dl_tensor.data = nullptr;
  read({});

  EXPECT_THAT(facts_.export_address, Optional(std::string("null")));
  EXPECT_THAT(facts_.export_values, Optional(true));
}

TEST_F(ReadExport, HugeTensorIsComparedByTheElementsThatCanDiffer) {
  shape_ = {(std::int64_t{1} << 31) + 8};
  strides_ = {0};
  read(std::array<std::int32_t, 1>{1});
  EXPECT_THAT(facts_.export_values, Optional(true));
  read(std::array<std::int32_t, 1>{2});
  EXPECT_THAT(facts_.export_values, Optional(false));
}

TEST_F(ReadExport, MemoryOfAnotherAllocationIsElsewhere) {
  std::array<std::int32_t, 6> copy = memory_;
  managed_.dl_tensor.data = copy.data();
  read(kAsked);

  EXPECT_THAT(facts_.export_address, Optional(std::string("elsewhere")));
  EXPECT_THAT(facts_.export_values, Optional(true));
}

/// Memory of a device: addresses are 1 MiB above the bytes that stand for them.
class FarMemory final : public dlpack_impl::DeviceMemory {
 public:
  static constexpr std::uintptr_t kAway = 1 << 20;
  FarMemory(const void* bytes, std::size_t size_bytes)
      : first_(reinterpret_cast<std::uintptr_t>(bytes)), size_bytes_(size_bytes) {}

  [[nodiscard]] dlpack_impl::Device device() const noexcept override { return {12, 0}; }
  [[nodiscard]] void* allocate(std::size_t, std::size_t) const override {
    throw dlpack_impl::DeviceError("none left");
  }
  void release(void*) const noexcept override {}
  void write(void*, const void*, std::size_t) const override {
    throw dlpack_impl::DeviceError("read-only");
  }
  void read(void* host, const void* there, std::size_t size_bytes) const override {
    const std::uintptr_t at = reinterpret_cast<std::uintptr_t>(there) - kAway;
    if (at < first_ || at + size_bytes > first_ + size_bytes_)
      throw dlpack_impl::DeviceError("outside");
    std::memcpy(host, reinterpret_cast<const void*>(at), size_bytes);
  }

 private:
  std::uintptr_t first_;
  std::size_t size_bytes_;
};

class ReadExportOnDevice : public ReadExport {
 protected:
  ReadExportOnDevice() {
    managed_.dl_tensor.device = {kDLExtDev, 0};
    managed_.dl_tensor.data = reinterpret_cast<void*>(
        reinterpret_cast<std::uintptr_t>(memory_.data()) + FarMemory::kAway);
  }

  void read_far(std::span<const std::int32_t> asked, const dlpack_impl::DeviceMemory* memory) {
    const Origin origin{
        .first = reinterpret_cast<std::uintptr_t>(managed_.dl_tensor.data), .begin = 0, .end = 24};
    read_export(facts_, ReadGroup::kExport, dlpack_impl::read_header(managed_),
                "dltensor_versioned", origin, std::as_bytes(asked), memory);
  }

  FarMemory far_{memory_.data(), sizeof(memory_)};
};

TEST_F(ReadExportOnDevice, ElementsAreReadThroughItsMemory) {
  read_far(kAsked, &far_);
  EXPECT_THAT(facts_.export_device, Optional(ElementsAre(12, 0)));
  EXPECT_THAT(facts_.export_address, Optional(std::string("0")));
  EXPECT_THAT(facts_.export_values, Optional(true));
  read_far(std::array<std::int32_t, 3>{1, 2, 4}, &far_);
  EXPECT_THAT(facts_.export_values, Optional(false));
}

TEST_F(ReadExportOnDevice, BackwardStridesAndOffsetsAreRead) {
  managed_.dl_tensor.byte_offset = 16;
  strides_ = {-2};
  read_far(std::array<std::int32_t, 3>{3, 2, 1}, &far_);

  EXPECT_THAT(facts_.export_values, Optional(true));
}

TEST_F(ReadExportOnDevice, WithoutItsMemoryValuesAreLeftOut) {
  read_far(kAsked, nullptr);
  EXPECT_THAT(facts_.export_shape, Optional(ElementsAre(3)));
  EXPECT_FALSE(facts_.export_values.has_value());
}

TEST_F(ReadExportOnDevice, AnAddressThatTheDeviceHasNotLeavesValuesOut) {
  shape_ = {4};
  read_far(std::array<std::int32_t, 4>{1, 2, 3, 4}, &far_);

  EXPECT_FALSE(facts_.export_values.has_value());
}

/// Memory that both sides touch. Its work is done when somebody waits for it, as every read does.
class PendingMemory final : public dlpack_impl::DeviceMemory {
 public:
  explicit PendingMemory(std::array<std::int32_t, 6>& bytes) : bytes_(&bytes) {}

  [[nodiscard]] dlpack_impl::Device device() const noexcept override { return {3, 0}; }
  [[nodiscard]] void* allocate(std::size_t, std::size_t) const override { return nullptr; }
  void release(void*) const noexcept override {}
  void write(void*, const void*, std::size_t) const override {}
  void read(void*, const void*, std::size_t) const override { *bytes_ = {1, 0, 2, 0, 3, 0}; }

 private:
  std::array<std::int32_t, 6>* bytes_;
};

TEST_F(ReadExport, PinnedAndManagedMemoryIsWaitedFor) {
  const PendingMemory pending(memory_);
  const auto values_on = [&](DLDeviceType type) {
    memory_ = {};
    managed_.dl_tensor.device = {type, 0};
    read_export(facts_, ReadGroup::kExport, dlpack_impl::read_header(managed_),
                "dltensor_versioned", {}, std::as_bytes(std::span(kAsked)), &pending);
    return facts_.export_values;
  };

  EXPECT_THAT(values_on(kDLCUDAHost), Optional(true));
  EXPECT_THAT(values_on(kDLCUDAManaged), Optional(true));
  EXPECT_THAT(values_on(kDLCPU), Optional(false));
}

TEST(ReadGroup, IsSpelledAsTheFacts) {
  EXPECT_EQ(parse_read_group("export"), ReadGroup::kExport);
  EXPECT_EQ(parse_read_group("result_read"), ReadGroup::kResultRead);
  EXPECT_THROW(parse_read_group("result"), CatalogueError);
}

}  // namespace
}  // namespace dlpack_conformance
