// The consumer on a device: what a view may do, elements as a stream sees them, memory that comes
// back, tensors made by an allocator.
#include <dlpack_impl/error.h>
#include <dlpack_impl/exchange_api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "device_tensors.h"

namespace dlpack_impl {
namespace {

using test::DeviceTensor;
using testing::StartsWith;
using testing::ThrowsMessage;

TEST(DeviceConsumer, AViewAnywhereHasAddressesAndRefusesToRead) {
  RecordProperty("requirement", "C-24");
  const DeviceTensor tensor;
  const VersionedPtr managed = tensor.producer.export_versioned({}, {});
  EXPECT_THROW(TensorView(read_header(*managed)), BufferError);

  const TensorView view(read_header(*managed), Rules::kOfVersion, Where::kAnywhere);
  EXPECT_EQ(view.first(), tensor.buffer.first());
  EXPECT_EQ(view.address({{1, 2}}), static_cast<std::byte*>(view.first()) + 20);
  std::array<std::byte, 24> out{};
  const auto refused =
      ThrowsMessage<BufferError>(StartsWith("device: cuda-0; limit: memory that the host reads"));
  EXPECT_THAT([&] { view.get({{0, 0}}, out.data()); }, refused);
  EXPECT_THAT([&] { view.set({{0, 0}}, out.data()); }, refused);
  EXPECT_THAT([&] { view.read_raw(out.data(), out.size()); }, refused);
  EXPECT_THAT([&] { static_cast<void>(view.read_distinct()); }, refused);
  EXPECT_THAT([&] { static_cast<void>(view.equals_raw(out.data(), out.size())); }, refused);
  EXPECT_THAT([&] { static_cast<void>(view.at({{0, 0}})); }, refused);
}

TEST(DeviceConsumer, AnImportAnywhereKeepsTheTensorUntilItIsReleased) {
  const DeviceTensor tensor;
  EXPECT_THROW(Imported(tensor.producer.export_versioned({}, {})), BufferError);
  EXPECT_EQ(tensor.log->deleter_calls(), 1);
  {
    const Imported imported(tensor.producer.export_versioned({}, {}), Rules::kOfVersion,
                            Where::kAnywhere);
    EXPECT_EQ(imported.view().device(), (Device{kDLCUDA, 0}));
    EXPECT_EQ(tensor.log->live(), 1);
  }
  EXPECT_EQ(tensor.log->live(), 0);
  EXPECT_EQ(tensor.log->double_deletes(), 0);
}

TEST(DeviceConsumer, OneElementIsWrittenAndNothingElse) {
  DeviceTensor tensor("int16", {{2, 3}, {8, -2}, 6});
  const TensorView view(tensor.stamp.dtype(), tensor.buffer.first(), tensor.producer.tensor().shape,
                        tensor.producer.tensor().strides, tensor.buffer.device(), Where::kAnywhere);
  HostImage image(*tensor.device, view, tensor.own, *tensor.pending);
  const std::int16_t value = -1;
  image.set({{1, 0}}, &value);
  EXPECT_EQ(tensor.buffer.elements_changed(), 2);
  EXPECT_EQ(tensor.buffer.outside_changed(), 0);
  tensor.buffer.refill();
  EXPECT_EQ(tensor.buffer.elements_changed(), 0);
}

TEST(DeviceConsumer, AnImageOfNoElementsCopiesNothing) {
  const DeviceTensor tensor("int32", {{0, 3}, {3, 1}, 0});
  EXPECT_TRUE(tensor.seen(tensor.own).empty());
}

TEST(DeviceConsumer, AFailedCopyIsAnErrorOfTheDevice) {
  const DeviceTensor tensor;
  tensor.device->fail("queue_copy", 1);
  EXPECT_THROW(static_cast<void>(tensor.seen(tensor.own)), DeviceError);
  tensor.device->fail("synchronize", 1);
  EXPECT_THROW(static_cast<void>(tensor.seen(tensor.own)), DeviceError);
  EXPECT_EQ(tensor.seen(tensor.own), tensor.stamp.raw());
}

TEST(DeviceConsumer, MemoryOfABufferGoesBackAtOnceAndKeepsItsDevice) {
  auto device = simulated::make_simulated().front();
  const std::size_t all = device->free_bytes();
  const std::int32_t value = 7;
  auto stamp = std::make_unique<Template>(dtype_from_name("int32"), Layout{{1}, {1}, 0}, &value,
                                          sizeof value, Placement{}, device);
  {
    const Buffer buffer = stamp->make();
    EXPECT_LT(device->free_bytes(), all);
    EXPECT_EQ(&buffer.memory(), device.get());
    EXPECT_EQ(buffer.device(), (Device{kDLCUDA, 0}));
  }
  EXPECT_EQ(device->free_bytes(), all);

  const std::weak_ptr<simulated::Simulated> watched = device;
  device.reset();
  std::optional<Buffer> last = stamp->make();
  stamp.reset();
  EXPECT_FALSE(watched.expired());
  last.reset();
  EXPECT_TRUE(watched.expired());
}

TEST(DeviceConsumer, GuardsAreForTheHostOnly) {
  const std::shared_ptr<const DeviceMemory> device = simulated::make_simulated().front();
  const std::int32_t value = 7;
  const auto made = [&](MemoryKind kind) {
    Placement placement;
    placement.kind = kind;
    return Template(dtype_from_name("int32"), Layout{{1}, {1}, 0}, &value, sizeof value, placement,
                    device);
  };
  EXPECT_NO_THROW(made(MemoryKind::kReadonly));
  EXPECT_THROW(made(MemoryKind::kGuardAfter), InvalidArgument);
  EXPECT_THROW(Template(dtype_from_name("int32"), Layout{{1}, {1}, 0}, &value, sizeof value, {},
                        std::shared_ptr<const DeviceMemory>()),
               InvalidArgument);
}

TEST(DeviceConsumer, AnAllocatorMakesZeroedTensorsThatKeepTheDevice) {
  RecordProperty("requirement", "X-21 X-23");
  auto device = simulated::make_simulated().front();
  std::array<std::int64_t, 2> shape = {2, 3};
  DLTensor prototype{};
  prototype.ndim = 2;
  prototype.shape = shape.data();
  prototype.dtype = {kDLFloat, 32, 1};
  prototype.device = {kDLCUDA, 0};
  DLManagedTensorVersioned* out = nullptr;
  const auto no_error = [](void*, const char*, const char* message) { ADD_FAILURE() << message; };
  ASSERT_EQ(allocate_managed_tensor_in(device, &prototype, &out, nullptr, no_error), 0);
  VersionedPtr managed(out);
  PendingBytes pending(device);
  const TensorView view(read_header(*managed), Rules::kOfVersion, Where::kAnywhere);
  EXPECT_EQ(HostImage(*device, view, kLegacyStream, pending).view().read_raw(),
            std::vector<std::byte>(24));
}

TEST(DeviceConsumer, AnAllocatorWithoutThatDeviceSaysSo) {
  DLTensor prototype{};
  prototype.dtype = {kDLFloat, 32, 1};
  prototype.device = {kDLCUDA, 3};
  DLManagedTensorVersioned* out = nullptr;
  std::string said;
  const auto note = [](void* context, const char* kind, const char* message) {
    *static_cast<std::string*>(context) = std::string(kind) + " " + message;
  };
  EXPECT_EQ(allocate_managed_tensor(&prototype, &out, &said, note), -1);
  EXPECT_EQ(said, "BufferError device: cuda-3; limit: cpu or an open device");
  EXPECT_EQ(out, nullptr);
}

TEST(DeviceConsumer, BytesOfQueuedWorkAreKeptUntilItIsDone) {
  const auto device = simulated::make_simulated().front();
  const Stream stream = device->make_stream(false);
  void* block = device->allocate(64, 64);
  std::weak_ptr<std::vector<std::byte>> watched;
  {
    PendingBytes pending(device);
    device->queue_delay(stream, test::kLate);
    for (int i = 0; i < 40; ++i) {
      auto bytes = std::make_shared<std::vector<std::byte>>(64, std::byte{9});
      device->queue_copy(stream, block, bytes->data(), bytes->size());
      watched = bytes;
      pending.keep(std::move(bytes), stream);
    }
    EXPECT_FALSE(watched.expired());
    device->synchronize(stream);
    auto last = std::make_shared<std::vector<std::byte>>(1);
    pending.keep(std::move(last), stream);
    EXPECT_TRUE(watched.expired());
    device->queue_delay(stream, test::kLate);
    pending.keep(std::make_shared<std::vector<std::byte>>(1), stream);
  }
  EXPECT_TRUE(device->is_idle(stream));
  device->release(block);
}

}  // namespace
}  // namespace dlpack_impl
