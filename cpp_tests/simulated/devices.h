// What the tests of the simulated accelerator share.
#pragma once

#include <simulated/simulated.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace dlpack_impl::simulated::test {

inline constexpr std::int64_t kLong = 5'000'000;  // ns, far above what calls take

inline std::shared_ptr<Simulated> one_device(SimulatedOptions options = {}) {
  return make_simulated(options).front();
}

// The byte at an address as a stream sees it: copied on the stream; the host waits for that alone.
inline int seen(const Accelerator& device, Stream stream, const void* at) {
  unsigned char found = 0xEE;
  device.queue_copy(stream, &found, at, 1);
  device.synchronize(stream);
  return found;
}

// A device, 64 bytes that hold 1, and three streams: two independent ones and a blocking one.
struct Bench {
  explicit Bench(SimulatedOptions options = {}) : device(one_device(options)) {
    bytes = device->allocate(64, 64);
    producer = device->make_stream(false);
    consumer = device->make_stream(false);
    blocking = device->make_stream();
    device->queue_fill(producer, bytes, std::byte{1}, 64);
    device->synchronize(producer);
  }

  // A fill behind a long delay: not done unless somebody waits.
  void fill_late(Stream stream, int value) const {
    device->queue_delay(stream, kLong);
    device->queue_fill(stream, bytes, static_cast<std::byte>(value), 64);
  }
  [[nodiscard]] int seen_on(Stream stream) const { return seen(*device, stream, bytes); }

  std::shared_ptr<Simulated> device;
  void* bytes = nullptr;
  Stream producer = 0;
  Stream consumer = 0;
  Stream blocking = 0;
};

}  // namespace dlpack_impl::simulated::test
