// The CUDA runtime on threads of the host, as far as dlpack_impl/cuda calls it, so that its code
// runs where there is no GPU. It knows of CUDA what we know: on a GPU the same tests ask the real
// one. One device, whose memory lies in pages that the host can't touch; the stand-in reaches them
// through a second mapping.
#include <cudaTypedefs.h>
#include <cuda_runtime_api.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "cuda/kernels.h"

namespace {

using Done = std::shared_future<void>;
using Work = std::function<void()>;

Done done() {
  std::promise<void> promise;
  promise.set_value();
  return promise.get_future().share();
}

// What is queued last on a stream; everything before it is done when that is.
struct Queue {
  bool blocking = true;
  Done last = done();
};

struct Block {
  std::size_t size_bytes = 0;
  cudaMemoryType type = cudaMemoryTypeDevice;
  std::byte* reachable = nullptr;  // where the stand-in reads and writes it
};

constexpr std::size_t kTotalBytes = std::size_t{1} << 26;

// Never ends: work of ended streams may still run when the process leaves main.
struct World {
  std::mutex mutex;
  Queue legacy;
  std::set<Queue*> queues;  // all others, ended ones too
  std::map<std::uintptr_t, Block> blocks;
  std::size_t used_bytes = 0;
};

World& world() {
  static auto* const one = new World;
  return *one;
}

std::uintptr_t number(const void* address) { return reinterpret_cast<std::uintptr_t>(address); }

Queue* made_queue(bool blocking) {
  auto* queue = new Queue;
  queue->blocking = blocking;
  const std::lock_guard lock(world().mutex);
  world().queues.insert(queue);
  return queue;
}

Queue& queue_of(cudaStream_t stream) {
  if (stream == nullptr || stream == cudaStreamLegacy) return world().legacy;
  if (stream == cudaStreamPerThread) {
    thread_local Queue* const own = made_queue(true);
    return *own;
  }
  return *reinterpret_cast<Queue*>(stream);
}

// What work on the stream waits for: the stream itself, and what the legacy default stream is
// ordered against.
std::vector<Done> before(Queue& queue) {
  std::vector<Done> found{queue.last};
  if (&queue != &world().legacy) {
    if (queue.blocking) found.push_back(world().legacy.last);
    return found;
  }
  for (const Queue* other : world().queues) {
    if (other->blocking) found.push_back(other->last);
  }
  return found;
}

void put(cudaStream_t stream, Work work, std::vector<Done> after = {}) {
  Queue& queue = queue_of(stream);
  const std::lock_guard lock(world().mutex);
  for (const Done& one : before(queue)) after.push_back(one);
  auto promise = std::make_shared<std::promise<void>>();
  queue.last = promise->get_future().share();
  std::thread([after = std::move(after), work = std::move(work), promise] {
    for (const Done& one : after) one.wait();
    work();
    promise->set_value();
  }).detach();
}

Done last_of(cudaStream_t stream) {
  Queue& queue = queue_of(stream);
  const std::lock_guard lock(world().mutex);
  return queue.last;
}

bool is_done(const Done& one) {
  return one.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

void wait_for_all() {
  std::vector<Done> all;
  {
    const std::lock_guard lock(world().mutex);
    all.push_back(world().legacy.last);
    for (const Queue* queue : world().queues) all.push_back(queue->last);
  }
  for (const Done& one : all) one.wait();
}

// The block around an address, or the end. The lock is the caller's.
auto block_at(const void* address) {
  auto& blocks = world().blocks;
  auto found = blocks.upper_bound(number(address));
  if (found == blocks.begin()) return blocks.end();
  --found;
  return number(address) - found->first < found->second.size_bytes ? found : blocks.end();
}

template <class Byte>
Byte* reachable(Byte* address) {
  const std::lock_guard lock(world().mutex);
  const auto found = block_at(address);
  if (found == world().blocks.end()) return address;
  return reinterpret_cast<Byte*>(found->second.reachable + (number(address) - found->first));
}

thread_local cudaError_t last_error = cudaSuccess;
thread_local int current_device = 0;

cudaError_t fails(cudaError_t error) {
  last_error = error;
  return error;
}

cudaError_t take(void** memory, std::size_t size_bytes, cudaMemoryType type) {
  const std::lock_guard lock(world().mutex);
  if (type == cudaMemoryTypeDevice && size_bytes > kTotalBytes - world().used_bytes)
    return fails(cudaErrorMemoryAllocation);
  const int file = memfd_create("device memory", 0);
  if (file < 0 || ftruncate(file, static_cast<off_t>(size_bytes)) != 0)
    return fails(cudaErrorMemoryAllocation);
  void* const reach = mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  const int access = type == cudaMemoryTypeDevice ? PROT_NONE : PROT_READ | PROT_WRITE;
  *memory = mmap(nullptr, size_bytes, access, MAP_SHARED, file, 0);
  close(file);
  if (reach == MAP_FAILED || *memory == MAP_FAILED) return fails(cudaErrorMemoryAllocation);
  world().blocks[number(*memory)] = {size_bytes, type, static_cast<std::byte*>(reach)};
  if (type == cudaMemoryTypeDevice) world().used_bytes += size_bytes;
  return cudaSuccess;
}

// Waits for the device, as CUDA does.
cudaError_t give_back(void* memory) {
  wait_for_all();
  const std::lock_guard lock(world().mutex);
  const auto found = world().blocks.find(number(memory));
  if (found == world().blocks.end()) return fails(cudaErrorInvalidValue);
  const Block block = found->second;
  world().blocks.erase(found);
  if (block.type == cudaMemoryTypeDevice) world().used_bytes -= block.size_bytes;
  munmap(memory, block.size_bytes);
  munmap(block.reachable, block.size_bytes);
  return cudaSuccess;
}

CUresult CUDAAPI address_range(CUdeviceptr* base, std::size_t* size_bytes, CUdeviceptr address) {
  const std::lock_guard lock(world().mutex);
  const auto found = block_at(reinterpret_cast<const void*>(address));
  if (found == world().blocks.end()) return CUDA_ERROR_NOT_FOUND;
  *base = found->first;
  *size_bytes = found->second.size_bytes;
  return CUDA_SUCCESS;
}

}  // namespace

// Events are what was queued last when they were recorded.
struct CUevent_st {
  Done recorded = done();
};

extern "C" {

const char* cudaGetErrorName(cudaError_t error) {
  return error == cudaErrorMemoryAllocation ? "cudaErrorMemoryAllocation" : "cudaError";
}
const char* cudaGetErrorString(cudaError_t) { return "said by the stand-in"; }
cudaError_t cudaGetLastError() { return std::exchange(last_error, cudaSuccess); }

cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int* device) {
  *device = current_device;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int device) {
  if (device != 0) return fails(cudaErrorInvalidDevice);
  current_device = device;
  return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() {
  wait_for_all();
  return cudaSuccess;
}
cudaError_t cudaGetDriverEntryPointByVersion(const char*, void** function, unsigned,
                                             unsigned long long,
                                             cudaDriverEntryPointQueryResult* found) {
  *function = reinterpret_cast<void*>(address_range);  // the only one that is asked for
  *found = cudaDriverEntryPointSuccess;
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** memory, std::size_t size_bytes) {
  return take(memory, size_bytes, cudaMemoryTypeDevice);
}
cudaError_t cudaMallocManaged(void** memory, std::size_t size_bytes, unsigned) {
  return take(memory, size_bytes, cudaMemoryTypeManaged);
}
cudaError_t cudaHostAlloc(void** memory, std::size_t size_bytes, unsigned) {
  return take(memory, size_bytes, cudaMemoryTypeHost);
}
cudaError_t cudaFree(void* memory) { return give_back(memory); }
cudaError_t cudaFreeHost(void* memory) { return give_back(memory); }
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  const std::lock_guard lock(world().mutex);
  *total = kTotalBytes;
  *free = kTotalBytes - world().used_bytes;
  return cudaSuccess;
}
cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* address) {
  const std::lock_guard lock(world().mutex);
  const auto found = block_at(address);
  *attributes = {};
  if (found != world().blocks.end()) attributes->type = found->second.type;
  return cudaSuccess;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t size_bytes, cudaMemcpyKind,
                            cudaStream_t stream) {
  auto* const target = reachable(static_cast<std::byte*>(to));
  const auto* const source = reachable(static_cast<const std::byte*>(from));
  put(stream, [=] { std::memmove(target, source, size_bytes); });
  // Memory that CUDA does not know is staged, and the host waits for that.
  if (target == to || source == from) last_of(stream).wait();
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  *stream = reinterpret_cast<cudaStream_t>(made_queue(flags == cudaStreamDefault));
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t) { return cudaSuccess; }
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  Queue& queue = queue_of(stream);
  std::vector<Done> awaited;
  {
    const std::lock_guard lock(world().mutex);
    awaited = before(queue);
  }
  if (&queue != &world().legacy) awaited.resize(1);
  for (const Done& one : awaited) one.wait();
  return cudaSuccess;
}
cudaError_t cudaStreamQuery(cudaStream_t stream) {
  return is_done(last_of(stream)) ? cudaSuccess : cudaErrorNotReady;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  put(stream, [] {}, {event->recorded});
  return cudaSuccess;
}
cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void* argument) {
  put(stream, [=] { function(argument); });
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new CUevent_st;
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  put(stream, [] {});
  event->recorded = last_of(stream);
  return cudaSuccess;
}

}  // extern "C"

namespace dlpack_impl::cuda {

cudaError_t launch_fill(cudaStream_t stream, void* at, std::byte value, std::size_t size_bytes) {
  auto* const target = reachable(static_cast<std::byte*>(at));
  put(stream, [=] { std::memset(target, std::to_integer<int>(value), size_bytes); });
  return cudaSuccess;
}

cudaError_t launch_check(cudaStream_t stream, const void* at, std::byte value,
                         std::size_t size_bytes, std::uint64_t* different) {
  const auto* const source = reachable(static_cast<const std::byte*>(at));
  put(stream, [=] {
    std::uint64_t found = 0;
    for (std::size_t i = 0; i < size_bytes; ++i) found += source[i] != value;
    *different = found;
  });
  return cudaSuccess;
}

cudaError_t launch_delay(cudaStream_t stream, std::int64_t nanoseconds) {
  put(stream, [=] { std::this_thread::sleep_for(std::chrono::nanoseconds(nanoseconds)); });
  return cudaSuccess;
}

}  // namespace dlpack_impl::cuda
