#include "simulated/simulated.h"

#include "simulated/runtime.h"

namespace dlpack_impl::simulated {

Device Simulated::device() const noexcept { return runtime_->device(id_); }

void* Simulated::allocate(std::size_t size_bytes, std::size_t alignment_bytes) const {
  return allocate_from(DevicePool::kDevice, size_bytes, alignment_bytes);
}

void Simulated::release(void* memory) const noexcept { runtime_->release(memory); }

void Simulated::write(void* device_bytes, const void* host_bytes, std::size_t size_bytes) const {
  runtime_->copy_now(id_, "write", device_bytes, host_bytes, size_bytes);
}

void Simulated::read(void* host_bytes, const void* device_bytes, std::size_t size_bytes) const {
  runtime_->copy_now(id_, "read", host_bytes, device_bytes, size_bytes);
}

void* Simulated::allocate_from(DevicePool pool, std::size_t size_bytes,
                               std::size_t alignment_bytes) const {
  return runtime_->allocate(id_, pool, size_bytes, alignment_bytes);
}

std::size_t Simulated::free_bytes() const { return runtime_->free_bytes(id_); }

PointerInfo Simulated::query(const void* address) const noexcept {
  return runtime_->query(address);
}

Stream Simulated::make_stream(bool blocking) const { return runtime_->make_stream(id_, blocking); }

void Simulated::end_stream(Stream stream) const { runtime_->end_stream(id_, stream); }

bool Simulated::has_stream(Stream stream) const noexcept {
  return runtime_->has_stream(id_, stream);
}

void Simulated::queue_fill(Stream stream, void* at, std::byte value, std::size_t size_bytes) const {
  runtime_->queue_fill(id_, stream, at, value, size_bytes);
}

void Simulated::queue_copy(Stream stream, void* to, const void* from,
                           std::size_t size_bytes) const {
  runtime_->queue_copy(id_, stream, to, from, size_bytes);
}

void Simulated::queue_check(Stream stream, const void* at, std::byte value, std::size_t size_bytes,
                            std::uint64_t* different) const {
  runtime_->queue_check(id_, stream, at, value, size_bytes, different);
}

void Simulated::queue_delay(Stream stream, std::int64_t nanoseconds) const {
  runtime_->queue_delay(id_, stream, nanoseconds);
}

void Simulated::order(Stream first, Stream second) const { runtime_->order(id_, first, second); }

void Simulated::synchronize(Stream stream) const { runtime_->synchronize(id_, stream); }

void Simulated::synchronize_device() const { runtime_->synchronize_device(id_); }

bool Simulated::is_idle(Stream stream) const { return runtime_->is_idle(id_, stream); }

std::int64_t Simulated::now_ns() const noexcept { return runtime_->now_ns(); }

void Simulated::fail(std::string_view call, int after) const { runtime_->fail(id_, call, after); }

const std::vector<std::string>& Simulated::failing_calls() {
  static const std::vector<std::string> calls = {
      "allocate",   "write",       "read",        "make_stream", "end_stream",  "queue_fill",
      "queue_copy", "queue_check", "queue_delay", "order",       "synchronize", "is_idle"};
  return calls;
}

std::vector<std::shared_ptr<Simulated>> make_simulated(const SimulatedOptions& options) {
  const auto runtime = std::make_shared<Runtime>(options);
  std::vector<std::shared_ptr<Simulated>> devices;
  devices.reserve(static_cast<std::size_t>(options.devices));
  for (int id = 0; id < options.devices; ++id) devices.emplace_back(runtime, runtime->face(id));
  return devices;
}

}  // namespace dlpack_impl::simulated
