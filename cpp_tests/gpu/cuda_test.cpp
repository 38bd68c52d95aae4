#include "cuda/cuda.h"

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "contract/accelerator_contract.h"

namespace dlpack_impl {
namespace {

// Made once, with the first test that asks; a CUDA context costs about a second.
struct Found {
  std::vector<std::shared_ptr<Accelerator>> devices;
  std::string reason;
};

const Found& found() {
  static const Found once = [] {
    Found made;
    try {
      made.devices = cuda_devices();
    } catch (const DeviceError& error) {
      made.reason = error.what();
    }
    return made;
  }();
  return once;
}

// Where a device must be, its absence is no reason to skip.
bool device_is_required() {
  const char* value = std::getenv("DLCONFORM_REQUIRE_GPU");
  return value != nullptr && std::string_view(value) == "1";
}

std::shared_ptr<Accelerator> first_cuda_device() {
  if (!found().devices.empty()) return found().devices.front();
  [] {
    if (device_is_required()) {
      FAIL() << found().reason << "; DLCONFORM_REQUIRE_GPU: 1";
    } else {
      GTEST_SKIP() << found().reason;
    }
  }();
  return nullptr;
}

INSTANTIATE_TEST_SUITE_P(Cuda, AcceleratorContract,
                         testing::Values(Subject{"cuda", first_cuda_device}),
                         testing::PrintToStringParamName());

// Runs everywhere: devices, or one reason that says more than that there are none.
TEST(CudaDevices, AreFoundOrTheReasonIsSaid) {
  constexpr std::string_view kBeginning = "no CUDA device: ";
  if (found().devices.empty()) {
    EXPECT_EQ(found().reason.substr(0, kBeginning.size()), kBeginning);
    EXPECT_GT(found().reason.size(), kBeginning.size() + 10) << found().reason;
    EXPECT_EQ(found().reason == "no CUDA device: built without CUDA", !built_with_cuda());
  }
  for (std::size_t i = 0; i < found().devices.size(); ++i) {
    EXPECT_EQ(found().devices[i]->device(), (Device{2, static_cast<std::int32_t>(i)}));
  }
}

class Cuda : public testing::Test {
 protected:
  void SetUp() override { device_ = first_cuda_device(); }
  [[nodiscard]] const Accelerator& device() const { return *device_; }

 private:
  std::shared_ptr<Accelerator> device_;
};

TEST_F(Cuda, StreamsOfOthersAreTaken) {
  // Another object for the same device stands for another library: it knows nothing of the first.
  const auto others = cuda_devices();
  const Stream stream = others.front()->make_stream(false);
  void* const memory = others.front()->allocate(64, 64);
  std::uint64_t different = 0;

  EXPECT_TRUE(device().has_stream(stream));
  EXPECT_TRUE(device().query(memory).known);
  device().queue_delay(stream, 20'000'000);
  device().queue_fill(stream, memory, std::byte{5}, 64);
  device().queue_check(stream, memory, std::byte{5}, 64, &different);
  device().synchronize(stream);
  EXPECT_EQ(different, 0U);
  EXPECT_THROW(device().end_stream(stream), DeviceError);
  others.front()->release(memory);
}

TEST_F(Cuda, ExtentOfOthersMemoryComesFromTheDriver) {
  const auto others = cuda_devices();
  void* const memory = others.front()->allocate(std::size_t{1} << 20, 256);
  const PointerInfo info = device().query(static_cast<std::byte*>(memory) + 5);

  EXPECT_EQ(info.base, memory);
  EXPECT_GE(info.size_bytes, std::size_t{1} << 20);
  others.front()->release(memory);
}

TEST_F(Cuda, DelayTakesItsTimeAndNotMuchMore) {
  for (const std::int64_t delay : {1'000'000, 10'000'000, 100'000'000}) {
    const std::int64_t begin = device().now_ns();
    device().queue_delay(kLegacyStream, delay);
    device().synchronize(kLegacyStream);
    const std::int64_t took = device().now_ns() - begin;

    EXPECT_GE(took, delay);
    EXPECT_LT(took, delay + 500'000'000);
  }
}

}  // namespace
}  // namespace dlpack_impl
