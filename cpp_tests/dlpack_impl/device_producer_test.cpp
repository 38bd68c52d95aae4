// The producer on a device: queued writes, order before a consumer's stream, copies. Order is shown
// by lateness: without it the old data is read.
#include <dlpack_impl/error.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "device_tensors.h"
#include "layout_kinds.h"

namespace dlpack_impl {
namespace {

using test::DeviceTensor;
using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

TEST(DeviceProducer, StreamsAreThoseOfTheText) {
  RecordProperty("requirement", "S-04 S-05 S-06 S-08 S-09");
  const DeviceTensor tensor;
  EXPECT_EQ(consumer_stream(*tensor.device, std::nullopt), kLegacyStream);
  EXPECT_EQ(consumer_stream(*tensor.device, 1), kLegacyStream);
  EXPECT_EQ(consumer_stream(*tensor.device, 2), kPerThreadStream);
  EXPECT_EQ(consumer_stream(*tensor.device, tensor.own), tensor.own);
  EXPECT_EQ(consumer_stream(*tensor.device, -1), std::nullopt);
}

TEST(DeviceProducer, OtherStreamsAreRefusedWithFieldValueAndLimit) {
  RecordProperty("requirement", "S-03 S-07");
  const DeviceTensor tensor;
  for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-2}, std::int64_t{77}}) {
    EXPECT_THAT([&] { static_cast<void>(consumer_stream(*tensor.device, value)); },
                ThrowsMessage<InvalidArgument>(
                    StartsWith("stream: " + std::to_string(value) +
                               "; limit: -1, 1, 2 or the handle of a live stream of cuda-0")));
  }
  tensor.device->end_stream(tensor.own);
  EXPECT_THROW(static_cast<void>(consumer_stream(*tensor.device, tensor.own)), InvalidArgument);
}

TEST(DeviceProducer, AWriteIsQueuedAndTheHostDoesNotWait) {
  DeviceTensor tensor;
  const std::int64_t before = tensor.device->now_ns();
  tensor.write_late();
  EXPECT_LT(tensor.device->now_ns() - before, test::kLate / 10);
  EXPECT_FALSE(tensor.device->is_idle(tensor.own));
  EXPECT_EQ(tensor.seen(tensor.other), tensor.stamp.raw());
  EXPECT_EQ(tensor.seen(tensor.own), tensor.flipped());
}

TEST(DeviceProducer, OrderMakesAnotherStreamSeeTheWrite) {
  RecordProperty("requirement", "S-08 S-15");
  DeviceTensor tensor;
  tensor.write_late();
  const std::int64_t before = tensor.device->now_ns();
  tensor.work.order_before(tensor.other, kLegacyStream);
  EXPECT_LT(tensor.device->now_ns() - before, test::kLate / 10);
  EXPECT_EQ(tensor.seen(tensor.other), tensor.flipped());
}

TEST(DeviceProducer, WithoutWorkOfItsOwnItOrdersTheOtherStream) {
  DeviceTensor tensor;
  tensor.device->queue_delay(tensor.own, test::kLate);
  tensor.work.order_before(tensor.other, tensor.own);
  EXPECT_FALSE(tensor.device->is_idle(tensor.other));
  EXPECT_FALSE(tensor.work.stream().has_value());
}

TEST(DeviceProducer, WorkOnAStreamThatWasEndedIsWaitedFor) {
  DeviceTensor tensor;
  tensor.write_late();
  tensor.device->end_stream(tensor.own);
  tensor.work.order_before(tensor.other, kLegacyStream);
  EXPECT_EQ(tensor.seen(tensor.other), tensor.flipped());
}

TEST(DeviceProducer, ADeviceThatIsNeverLateHidesAMissingOrder) {
  simulated::SimulatedOptions options;
  options.late = false;
  DeviceTensor tensor("int32", {{2, 3}, {3, 1}, 0}, options);
  tensor.write_late();
  EXPECT_EQ(tensor.seen(tensor.other), tensor.flipped());
}

TEST(DeviceProducer, WritesOfAnotherLengthAreRefused) {
  DeviceTensor tensor;
  EXPECT_THAT([&] { tensor.work.write(tensor.producer, std::vector<std::byte>(23), tensor.own); },
              ThrowsMessage<InvalidArgument>(StartsWith("values: 23 bytes; limit: 24")));
  EXPECT_THROW(tensor.work.write(tensor.producer, tensor.flipped(), 77), DeviceError);
}

TEST(DeviceProducer, ACopyIsQueuedOnTheStreamAndSeesTheWrite) {
  RecordProperty("requirement", "S-17 P-29 P-32");
  DeviceTensor tensor;
  tensor.write_late();
  const std::int64_t before = tensor.device->now_ns();
  tensor.work.order_before(tensor.other, kLegacyStream);
  const VersionedPtr copy = tensor.work.copy_versioned(tensor.producer, {}, tensor.other);
  EXPECT_LT(tensor.device->now_ns() - before, test::kLate / 10);

  EXPECT_EQ(copy->flags, DLPACK_FLAG_BITMASK_IS_COPIED);
  EXPECT_EQ(copy->dl_tensor.device.device_type, kDLCUDA);
  EXPECT_NE(copy->dl_tensor.data, tensor.buffer.first());
  const TensorView view(read_header(*copy), Rules::kOfVersion, Where::kAnywhere);
  const HostImage image(*tensor.device, view, tensor.other, *tensor.pending);
  EXPECT_EQ(image.view().read_raw(), tensor.flipped());
}

TEST(DeviceProducer, ACopyLiesInThePoolOfItsSourceAsItStates) {
  const DeviceTensor tensor;
  for (const Device device :
       {Device{kDLCUDA, 0}, Device{kDLCUDAHost, 0}, Device{kDLCUDAManaged, 0}}) {
    void* block = tensor.device->allocate_from(pool_of(device), 16, 256);
    const Producer source(SourceTensor{dtype_from_name("int32"), {4}, {1}, block, 0, device},
                          tensor.log);
    const VersionedPtr copy = tensor.work.copy_versioned(source, {}, tensor.own);
    const DLTensor& stated = copy->dl_tensor;
    EXPECT_EQ((Device{stated.device.device_type, stated.device.device_id}), device);
    EXPECT_EQ(tensor.device->query(stated.data).device, device) << device.type;
    tensor.device->release(block);
  }
}

TEST(DeviceProducer, ACopyGivesItsMemoryBack) {
  DeviceTensor tensor;
  const std::size_t before = tensor.device->free_bytes();
  LegacyPtr copy = tensor.work.copy_legacy(tensor.producer, {}, tensor.other);
  EXPECT_LT(tensor.device->free_bytes(), before);
  EXPECT_EQ(tensor.log->live(), 1);
  copy.reset();
  EXPECT_EQ(tensor.device->free_bytes(), before);
  EXPECT_EQ(tensor.log->deleter_calls(), 1);
}

TEST(DeviceProducer, ACopyThatFailsGivesItsMemoryBack) {
  DeviceTensor tensor;
  const std::size_t before = tensor.device->free_bytes();
  tensor.device->fail("queue_copy", 1);
  EXPECT_THROW(static_cast<void>(tensor.work.copy_versioned(tensor.producer, {}, tensor.other)),
               DeviceError);
  EXPECT_EQ(tensor.device->free_bytes(), before);
  EXPECT_EQ(tensor.log->exports(), 0);
}

TEST(DeviceProducer, AHostCopyIsCompleteOnReturn) {
  RecordProperty("requirement", "S-16 P-27");
  DeviceTensor tensor;
  tensor.write_late();
  tensor.work.order_before(kLegacyStream, kLegacyStream);
  ExportOptions options;
  options.device = kCpu;
  const VersionedPtr copy = tensor.work.host_versioned(tensor.producer, options, kLegacyStream);
  const LegacyPtr legacy = tensor.work.host_legacy(tensor.producer, options, kLegacyStream);
  EXPECT_EQ(copy->flags, DLPACK_FLAG_BITMASK_IS_COPIED);
  EXPECT_EQ(TensorView(read_header(*copy)).read_raw(), tensor.flipped());
  EXPECT_EQ(TensorView(read_header(*legacy)).read_raw(), tensor.flipped());
}

TEST(DeviceProducer, MoreElementsThanACopyMayHaveAreRefused) {
  const Layout wide{{(1 << 20) + 1}, {0}, 0};
  const auto device = simulated::make_simulated().front();
  const auto pending = std::make_shared<PendingBytes>(device);
  const DeviceWork work(device, pending);
  void* block = device->allocate(1, 1);
  const Producer producer(
      SourceTensor{dtype_from_name("int8"), wide.shape, wide.strides, block, 0, device->device()},
      std::make_shared<ExportLog>());
  EXPECT_THAT([&] { static_cast<void>(work.copy_versioned(producer, {}, kLegacyStream)); },
              ThrowsMessage<BufferError>(HasSubstr("element count: 1048577; limit: 1048576")));
  device->release(block);
}

class DeviceLayouts : public testing::TestWithParam<test::LayoutKind> {};

TEST_P(DeviceLayouts, WritesAndCopiesKeepEveryElementAndNothingElse) {
  for (const char* dtype : {"int16", "complex64", "float4_e2m1fn"}) {
    if (!begins_at_byte(dtype_from_name(dtype), GetParam().layout)) continue;
    DeviceTensor tensor(dtype, GetParam().layout);
    const VersionedPtr before = tensor.work.copy_versioned(tensor.producer, {}, tensor.own);
    const TensorView view(read_header(*before), Rules::kOfVersion, Where::kAnywhere);
    const auto copied = [&] {
      return HostImage(*tensor.device, view, tensor.own, *tensor.pending).view().read_raw();
    };
    EXPECT_EQ(copied(), tensor.stamp.raw()) << dtype;

    std::vector<std::byte> raw = tensor.flipped();
    if (tensor.stamp.dtype().is_sub_byte() && !raw.empty()) {
      const std::int64_t unused =
          static_cast<std::int64_t>(raw.size()) * 8 -
          tensor.producer.element_count() * tensor.stamp.dtype().element_bits();
      raw.back() &= std::byte{0xFF} >> unused;
    }
    const bool shares = GetParam().layout.span().highest - GetParam().layout.span().lowest + 1 <
                        tensor.producer.element_count();
    if (!shares) {
      tensor.work.write(tensor.producer, raw, tensor.own);
      tensor.device->synchronize(tensor.own);
      EXPECT_EQ(tensor.seen(tensor.own), raw) << dtype;
      EXPECT_EQ(copied(), tensor.stamp.raw()) << dtype;
    }
    EXPECT_EQ(tensor.buffer.outside_changed(), 0) << dtype;
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, DeviceLayouts, testing::ValuesIn(test::layout_kinds()),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace dlpack_impl
