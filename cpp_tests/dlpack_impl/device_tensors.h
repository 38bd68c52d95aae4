// A tensor on a simulated device with its producer, and how the tests of both sides look at it.
#pragma once

#include <dlpack_impl/device_consumer.h>
#include <dlpack_impl/device_producer.h>
#include <simulated/simulated.h>

#include <memory>
#include <string_view>
#include <vector>

#include "tensors.h"

namespace dlpack_impl::test {

inline constexpr std::int64_t kLate = 5'000'000;  // ns, far above what calls take

struct DeviceTensor {
  std::shared_ptr<simulated::Simulated> device;
  Template stamp;
  Buffer buffer;
  std::shared_ptr<ExportLog> log = std::make_shared<ExportLog>();
  Producer producer;
  std::shared_ptr<PendingBytes> pending;
  DeviceWork work;
  Stream own;    // where the producer works
  Stream other;  // the consumer's

  explicit DeviceTensor(std::string_view dtype = "int32",
                        const Layout& layout = {{2, 3}, {3, 1}, 0},
                        const simulated::SimulatedOptions& options = {})
      : device(simulated::make_simulated(options).front()),
        stamp(make_stamp(dtype_from_name(dtype), layout, device)),
        buffer(stamp.make()),
        producer(
            SourceTensor{stamp.dtype(), layout.shape, layout.strides, buffer.origin(),
                         layout.offset * stamp.dtype().element_bits() / 8, buffer.device(), false},
            log),
        pending(std::make_shared<PendingBytes>(device)),
        work(device, pending),
        own(device->make_stream(false)),
        other(device->make_stream(false)) {}

  // As many bytes as the elements have, all other than the stamped ones.
  [[nodiscard]] std::vector<std::byte> flipped() const {
    std::vector<std::byte> raw = stamp.raw();
    for (std::byte& one : raw) one = ~one;
    return raw;
  }
  // A write of `flipped` that is not done before somebody waits.
  void write_late() {
    device->queue_delay(own, kLate);
    work.write(producer, flipped(), own);
  }
  // What a stream sees, by the consumer.
  [[nodiscard]] std::vector<std::byte> seen(Stream stream) const {
    const TensorView view(stamp.dtype(), buffer.first(), producer.tensor().shape,
                          producer.tensor().strides, buffer.device(), Where::kAnywhere);
    return HostImage(*device, view, stream, *pending).view().read_raw();
  }

 private:
  static Template make_stamp(DType dtype, const Layout& layout,
                             std::shared_ptr<const DeviceMemory> memory) {
    const auto raw = encode_elements(dtype, plain_values(dtype, layout.element_count()));
    return Template(dtype, layout, raw.data(), raw.size(), {}, std::move(memory));
  }
};

}  // namespace dlpack_impl::test
