#include <algorithm>

#include "cuda/kernels.h"

namespace dlpack_impl::cuda {
namespace {

constexpr unsigned kThreads = 256;
constexpr unsigned kCheckThreads = 1024;
constexpr std::size_t kMostBlocks = 4096;
// No clock of a device is faster, so these many cycles are never less than the time asked for.
constexpr std::int64_t kCyclesPerNanosecond = 4;

__global__ void fill(unsigned char* at, unsigned char value, std::size_t size_bytes) {
  const std::size_t step = std::size_t{gridDim.x} * blockDim.x;
  for (std::size_t i = std::size_t{blockIdx.x} * blockDim.x + threadIdx.x; i < size_bytes;
       i += step) {
    at[i] = value;
  }
}

__device__ unsigned differing_bytes(std::uint32_t word, std::uint32_t expected) {
  // All bits of each byte that differs are set.
  return __popc(__vcmpne4(word, expected)) / 8;
}

// One block, so that the sum needs no atomic operation on memory of the host.
__global__ void check(const unsigned char* at, unsigned char value, std::size_t size_bytes,
                      std::uint64_t* different) {
  __shared__ unsigned long long total;
  if (threadIdx.x == 0) total = 0;
  __syncthreads();

  const std::size_t misaligned = reinterpret_cast<std::uintptr_t>(at) % sizeof(uint4);
  std::size_t head = misaligned == 0 ? 0 : sizeof(uint4) - misaligned;
  if (head > size_bytes) head = size_bytes;
  const std::size_t vectors = (size_bytes - head) / sizeof(uint4);
  const std::size_t tail = head + vectors * sizeof(uint4);
  const auto* body = reinterpret_cast<const uint4*>(at + head);
  const std::uint32_t expected = value * 0x01010101U;

  unsigned long long found = 0;
  for (std::size_t i = threadIdx.x; i < vectors; i += blockDim.x) {
    const uint4 four = body[i];
    found += differing_bytes(four.x, expected) + differing_bytes(four.y, expected) +
             differing_bytes(four.z, expected) + differing_bytes(four.w, expected);
  }
  for (std::size_t i = threadIdx.x; i < head; i += blockDim.x) found += at[i] != value;
  for (std::size_t i = tail + threadIdx.x; i < size_bytes; i += blockDim.x) found += at[i] != value;
  if (found != 0) atomicAdd(&total, found);
  __syncthreads();
  if (threadIdx.x == 0) *different = total;
}

__device__ std::uint64_t global_nanoseconds() {
  std::uint64_t now = 0;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
  return now;
}

// Ends by the timer, and by the count of cycles should the timer stand still.
__global__ void delay(std::uint64_t nanoseconds, std::int64_t most_cycles) {
  const std::uint64_t begin = global_nanoseconds();
  const std::int64_t first = clock64();
  while (global_nanoseconds() - begin < nanoseconds && clock64() - first < most_cycles) {
    __nanosleep(200);
  }
}

}  // namespace

cudaError_t launch_fill(cudaStream_t stream, void* at, std::byte value, std::size_t size_bytes) {
  if (size_bytes == 0) return cudaSuccess;
  const auto blocks =
      static_cast<unsigned>(std::min((size_bytes + kThreads - 1) / kThreads, kMostBlocks));
  fill<<<blocks, kThreads, 0, stream>>>(static_cast<unsigned char*>(at),
                                        std::to_integer<unsigned char>(value), size_bytes);
  return cudaGetLastError();
}

cudaError_t launch_check(cudaStream_t stream, const void* at, std::byte value,
                         std::size_t size_bytes, std::uint64_t* different) {
  check<<<1, kCheckThreads, 0, stream>>>(static_cast<const unsigned char*>(at),
                                         std::to_integer<unsigned char>(value), size_bytes,
                                         different);
  return cudaGetLastError();
}

cudaError_t launch_delay(cudaStream_t stream, std::int64_t nanoseconds) {
  delay<<<1, 1, 0, stream>>>(static_cast<std::uint64_t>(nanoseconds),
                             nanoseconds * kCyclesPerNanosecond);
  return cudaGetLastError();
}

}  // namespace dlpack_impl::cuda
