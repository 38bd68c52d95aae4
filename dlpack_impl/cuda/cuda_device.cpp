#include "cuda/cuda_device.h"

#include <cudaTypedefs.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>

#include "cuda/kernels.h"
#include "cuda/runtime.h"
#include "dlpack_impl/dlpack.h"
#include "dlpack_impl/error.h"

namespace dlpack_impl::cuda {
namespace {

// cudaMalloc promises 256; that of the others is not written down, and they give pages.
constexpr std::size_t kNaturalAlignment = 256;

std::uintptr_t number(const void* address) { return reinterpret_cast<std::uintptr_t>(address); }

std::string hexadecimal(const void* address) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%#zx", static_cast<std::size_t>(number(address)));
  return text.data();
}

cudaError_t take(DevicePool pool, void** memory, std::size_t size_bytes) {
  switch (pool) {
    case DevicePool::kPinned:
      return cudaHostAlloc(memory, size_bytes, cudaHostAllocPortable);
    case DevicePool::kManaged:
      return cudaMallocManaged(memory, size_bytes, cudaMemAttachGlobal);
    case DevicePool::kDevice:
      break;
  }
  return cudaMalloc(memory, size_bytes);
}

constexpr std::string_view name_of(DevicePool pool) {
  switch (pool) {
    case DevicePool::kPinned:
      return "cudaHostAlloc";
    case DevicePool::kManaged:
      return "cudaMallocManaged";
    case DevicePool::kDevice:
      break;
  }
  return "cudaMalloc";
}

// As DLPack states it: pinned and managed memory have id 0.
Device stated(DevicePool pool, int id) {
  switch (pool) {
    case DevicePool::kPinned:
      return {kDLCUDAHost, 0};
    case DevicePool::kManaged:
      return {kDLCUDAManaged, 0};
    case DevicePool::kDevice:
      break;
  }
  return {kDLCUDA, id};
}

// The extent of an allocation of anybody in this process, which only the driver tells. The runtime
// hands out the driver's functions, so nothing is linked for it.
void find_extent(const void* address, PointerInfo& info) {
  void* function = nullptr;
  cudaDriverEntryPointQueryResult found{};
#if CUDART_VERSION >= 12050
  const cudaError_t result = cudaGetDriverEntryPointByVersion("cuMemGetAddressRange", &function,
                                                              12000, cudaEnableDefault, &found);
#else
  const cudaError_t result =
      cudaGetDriverEntryPoint("cuMemGetAddressRange", &function, cudaEnableDefault, &found);
#endif
  if (result != cudaSuccess || found != cudaDriverEntryPointSuccess) return;
  CUdeviceptr base = 0;
  std::size_t size_bytes = 0;
  const auto range = reinterpret_cast<PFN_cuMemGetAddressRange_v3020>(function);
  if (range(&base, &size_bytes, number(address)) != CUDA_SUCCESS) return;
  info.base = reinterpret_cast<void*>(base);
  info.size_bytes = size_bytes;
}

// A handle is the address of something of the driver's: mapped, and aligned as a pointer.
bool can_be_handle(Stream stream) noexcept {
  const auto address = static_cast<std::uintptr_t>(stream);
  if (stream <= 0 || address % alignof(void*) != 0) return false;
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  unsigned char resident = 0;
  return mincore(reinterpret_cast<void*>(address / page * page), 1, &resident) == 0;
}

}  // namespace

CudaDevice::CudaDevice(int id) : id_(id) {
  const std::unique_ptr<void, void (*)(void*)> byte(
      [this] {
        void* memory = nullptr;
        expect(cudaMalloc(&memory, 1), "cudaMalloc", 1);
        return memory;
      }(),
      [](void* memory) { static_cast<void>(cudaFree(memory)); });
  std::uint64_t different = 0;
  expect(launch_fill(cudaStreamLegacy, byte.get(), std::byte{1}, 1), "fill kernel", 1);
  expect(launch_delay(cudaStreamLegacy, 1), "delay kernel", 1);
  staging_.queue_check(cudaStreamLegacy, byte.get(), std::byte{2}, 1, &different);
  expect(cudaStreamSynchronize(cudaStreamLegacy), "cudaStreamSynchronize", kLegacyStream);
  DLCONFORM_EXPECTS(different == 1, DeviceError,
                    detail::field_message("bytes that the check kernel found different", different,
                                          "1, as the host's program made it"));
}

CudaDevice::~CudaDevice() {
  // At the end of a process CUDA may be gone already; then there is nothing to give back.
  int previous = 0;
  const bool restore = cudaGetDevice(&previous) == cudaSuccess && previous != id_;
  if (restore) static_cast<void>(cudaSetDevice(id_));
  static_cast<void>(cudaDeviceSynchronize());
  for (const Stream stream : live_) static_cast<void>(cudaStreamDestroy(handle(stream)));
  if (restore) static_cast<void>(cudaSetDevice(previous));
}

Device CudaDevice::device() const noexcept { return {kDLCUDA, id_}; }

void* CudaDevice::allocate(std::size_t size_bytes, std::size_t alignment_bytes) const {
  return allocate_from(DevicePool::kDevice, size_bytes, alignment_bytes);
}

void* CudaDevice::allocate_from(DevicePool pool, std::size_t size_bytes,
                                std::size_t alignment_bytes) const {
  const bool is_power = alignment_bytes != 0 && (alignment_bytes & (alignment_bytes - 1)) == 0;
  DLCONFORM_EXPECTS(is_power, DeviceError,
                    detail::field_message("alignment_bytes", alignment_bytes, "a power of two"));
  const Current current(id_);
  const std::size_t wanted = std::max(size_bytes, std::size_t{1});
  const std::size_t slack = alignment_bytes > kNaturalAlignment ? alignment_bytes : 0;
  DLCONFORM_EXPECTS(wanted <= std::numeric_limits<std::size_t>::max() - slack, DeviceError,
                    detail::field_message("size_bytes", size_bytes, "the address space"));
  if (pool == DevicePool::kPinned) {
    expect_free_host_memory(wanted + slack);
  } else {
    const std::size_t free = free_bytes();
    DLCONFORM_EXPECTS(
        wanted + slack <= free, DeviceError,
        detail::field_message("size_bytes", size_bytes,
                              std::to_string(free) + " bytes free at an alignment of " +
                                  std::to_string(alignment_bytes)));
  }
  void* memory = nullptr;
  expect(take(pool, &memory, wanted + slack), name_of(pool), wanted + slack);
  const std::uintptr_t mask = alignment_bytes - 1;
  void* const aligned = reinterpret_cast<void*>((number(memory) + mask) & ~mask);
  blocks_.add(aligned, {memory, wanted, pool});
  return aligned;
}

void CudaDevice::release(void* memory) const noexcept {
  const std::optional<Block> block = blocks_.remove(memory);
  if (!block) return;
  const cudaError_t result =
      block->pool == DevicePool::kPinned ? cudaFreeHost(block->memory) : cudaFree(block->memory);
  if (result != cudaSuccess) static_cast<void>(cudaGetLastError());
}

std::size_t CudaDevice::free_bytes() const {
  const Current current(id_);
  std::size_t free = 0;
  std::size_t total = 0;
  expect(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  return free - std::min(free, blocks_.managed_bytes());
}

PointerInfo CudaDevice::query(const void* address) const noexcept {
  PointerInfo info;
  if (const std::optional<Block> block = blocks_.find(address, info.base)) {
    return {true, stated(block->pool, id_), info.base, block->size_bytes};
  }
  cudaPointerAttributes attributes{};
  if (cudaPointerGetAttributes(&attributes, address) != cudaSuccess) {
    static_cast<void>(cudaGetLastError());
    return info;
  }
  switch (attributes.type) {
    case cudaMemoryTypeDevice:
      info.device = stated(DevicePool::kDevice, attributes.device);
      break;
    case cudaMemoryTypeHost:
      info.device = stated(DevicePool::kPinned, 0);
      break;
    case cudaMemoryTypeManaged:
      info.device = stated(DevicePool::kManaged, 0);
      break;
    default:
      return info;
  }
  info.known = true;
  find_extent(address, info);
  return info;
}

Stream CudaDevice::make_stream(bool blocking) const {
  const Current current(id_);
  cudaStream_t made = nullptr;
  expect(cudaStreamCreateWithFlags(&made, blocking ? cudaStreamDefault : cudaStreamNonBlocking),
         "cudaStreamCreateWithFlags", blocking ? cudaStreamDefault : cudaStreamNonBlocking);
  const auto stream = reinterpret_cast<Stream>(made);
  const std::lock_guard lock(mutex_);
  live_.insert(stream);
  ended_.erase(stream);
  return stream;
}

void CudaDevice::end_stream(Stream stream) const {
  {
    const std::lock_guard lock(mutex_);
    DLCONFORM_EXPECTS(
        live_.erase(stream) == 1, DeviceError,
        detail::field_message("stream", stream,
                              "a live stream that was made by " + device_name(device())));
    ended_.insert(stream);
  }
  const Current current(id_);
  expect(cudaStreamDestroy(handle(stream)), "cudaStreamDestroy", stream);
}

bool CudaDevice::has_stream(Stream stream) const noexcept {
  if (stream == kLegacyStream || stream == kPerThreadStream) return true;
  {
    const std::lock_guard lock(mutex_);
    if (live_.count(stream) != 0) return true;
    if (ended_.count(stream) != 0) return false;
  }
  return can_be_handle(stream);
}

void CudaDevice::expect_stream(std::string_view field, Stream stream) const {
  DLCONFORM_EXPECTS(
      has_stream(stream), DeviceError,
      detail::field_message(field, stream, "1, 2 or a live stream of " + device_name(device())));
}

void CudaDevice::expect_memory(std::string_view field, const void* at,
                               std::size_t size_bytes) const {
  const auto refuse = [&](const std::string& limit) {
    throw DeviceError(detail::field_message(
        field, hexadecimal(at) + " and " + std::to_string(size_bytes) + " bytes", limit));
  };
  const PointerInfo info = query(at);
  if (!info.known) refuse("memory that CUDA knows");
  if (info.device.type == kDLCUDA && info.device.id != id_) {
    refuse("memory of " + device_name(device()) + ", this is of " + device_name(info.device));
  }
  if (info.base != nullptr && size_bytes > info.size_bytes - (number(at) - number(info.base))) {
    refuse("its block of " + std::to_string(info.size_bytes) + " bytes at " +
           hexadecimal(info.base));
  }
}

void CudaDevice::copy_now(void* to, const void* from, std::size_t size_bytes) const {
  const Current current(id_);
  if (size_bytes != 0) {
    expect(cudaMemcpyAsync(to, from, size_bytes, cudaMemcpyDefault, cudaStreamLegacy),
           "cudaMemcpyAsync", size_bytes);
  }
  expect(cudaStreamSynchronize(cudaStreamLegacy), "cudaStreamSynchronize", kLegacyStream);
}

void CudaDevice::write(void* device_bytes, const void* host_bytes, std::size_t size_bytes) const {
  if (size_bytes != 0) expect_memory("device_bytes", device_bytes, size_bytes);
  copy_now(device_bytes, host_bytes, size_bytes);
}

void CudaDevice::read(void* host_bytes, const void* device_bytes, std::size_t size_bytes) const {
  if (size_bytes != 0) expect_memory("device_bytes", device_bytes, size_bytes);
  copy_now(host_bytes, device_bytes, size_bytes);
}

void CudaDevice::queue_fill(Stream stream, void* at, std::byte value,
                            std::size_t size_bytes) const {
  expect_stream("stream", stream);
  if (size_bytes == 0) return;
  expect_memory("at", at, size_bytes);
  const Current current(id_);
  expect(launch_fill(handle(stream), at, value, size_bytes), "fill kernel", stream, size_bytes);
}

void CudaDevice::queue_copy(Stream stream, void* to, const void* from,
                            std::size_t size_bytes) const {
  expect_stream("stream", stream);
  if (size_bytes == 0) return;
  DLCONFORM_EXPECTS(to != nullptr && from != nullptr, DeviceError,
                    detail::field_message(to == nullptr ? "to" : "from", "0",
                                          "memory of the host or of a device"));
  const bool from_host = is_pageable(from);
  const bool to_host = is_pageable(to);
  if (!from_host) expect_memory("from", from, size_bytes);
  if (!to_host) expect_memory("to", to, size_bytes);
  const Current current(id_);
  if (from_host && to_host) {
    Staging::queue_on_host(handle(stream), to, from, size_bytes);
  } else if (from_host) {
    staging_.queue_to_device(handle(stream), to, from, size_bytes);
  } else if (to_host) {
    staging_.queue_to_host(handle(stream), to, from, size_bytes);
  } else {
    expect(cudaMemcpyAsync(to, from, size_bytes, cudaMemcpyDefault, handle(stream)),
           "cudaMemcpyAsync", size_bytes, stream);
  }
}

void CudaDevice::queue_check(Stream stream, const void* at, std::byte value, std::size_t size_bytes,
                             std::uint64_t* different) const {
  expect_stream("stream", stream);
  if (size_bytes == 0) return;
  expect_memory("at", at, size_bytes);
  const Current current(id_);
  staging_.queue_check(handle(stream), at, value, size_bytes, different);
}

void CudaDevice::queue_delay(Stream stream, std::int64_t nanoseconds) const {
  expect_stream("stream", stream);
  DLCONFORM_EXPECTS(
      nanoseconds >= 0 && nanoseconds <= kMaxDelay, DeviceError,
      detail::field_message("nanoseconds", nanoseconds, "0 to " + std::to_string(kMaxDelay)));
  const Current current(id_);
  expect(launch_delay(handle(stream), nanoseconds), "delay kernel", stream, nanoseconds);
}

void CudaDevice::order(Stream first, Stream second) const {
  expect_stream("first", first);
  expect_stream("second", second);
  const Current current(id_);
  cudaEvent_t event = nullptr;
  expect(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags");
  // Destroyed at once: CUDA keeps what is queued of it.
  const std::unique_ptr<CUevent_st, void (*)(cudaEvent_t)> owner(
      event, [](cudaEvent_t done) { static_cast<void>(cudaEventDestroy(done)); });
  expect(cudaEventRecord(event, handle(first)), "cudaEventRecord", first);
  expect(cudaStreamWaitEvent(handle(second), event, 0), "cudaStreamWaitEvent", second);
}

void CudaDevice::synchronize(Stream stream) const {
  expect_stream("stream", stream);
  const Current current(id_);
  expect(cudaStreamSynchronize(handle(stream)), "cudaStreamSynchronize", stream);
}

void CudaDevice::synchronize_device() const {
  const Current current(id_);
  expect(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
}

bool CudaDevice::is_idle(Stream stream) const {
  expect_stream("stream", stream);
  const Current current(id_);
  const cudaError_t result = cudaStreamQuery(handle(stream));
  if (result == cudaErrorNotReady) {
    static_cast<void>(cudaGetLastError());
    return false;
  }
  expect(result, "cudaStreamQuery", stream);
  return true;
}

std::int64_t CudaDevice::now_ns() const noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace dlpack_impl::cuda
