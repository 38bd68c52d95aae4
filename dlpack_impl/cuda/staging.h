// Pinned memory for the way between a stream and memory of the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "cuda/runtime.h"

namespace dlpack_impl::cuda {

// CUDA's own copies make the host wait for pageable memory. Here the bytes go through pinned
// memory, and a host function of the stream moves them on. Blocks are used again and freed with the
// object; until then nothing may be queued any more, so its owner waits for the device first.
class Staging {
 public:
  Staging();

  void queue_to_device(cudaStream_t stream, void* to, const void* from, std::size_t size_bytes);
  void queue_to_host(cudaStream_t stream, void* to, const void* from, std::size_t size_bytes);
  // Both sides are pageable.
  static void queue_on_host(cudaStream_t stream, void* to, const void* from,
                            std::size_t size_bytes);
  // Adds to `*different` what `launch_check` finds.
  void queue_check(cudaStream_t stream, const void* at, std::byte value, std::size_t size_bytes,
                   std::uint64_t* different);

 private:
  struct Free {
    void operator()(void* pinned) const noexcept { static_cast<void>(cudaFreeHost(pinned)); }
  };
  struct Block {
    std::unique_ptr<void, Free> memory;
    std::size_t size_bytes = 0;
  };
  // Shared with the host functions, which may outlive a device that had an error.
  struct Pool {
    std::mutex mutex;  // never held over a call of CUDA: the driver's thread takes it too
    std::vector<Block> blocks;

    void give_back(Block block);
  };
  // What a host function does, and the block that nobody needs after it.
  struct Work {
    std::shared_ptr<Pool> pool;
    Block block;
    void* to = nullptr;
    const void* from = nullptr;
    std::size_t size_bytes = 0;
    std::uint64_t* different = nullptr;
  };

  Block take(std::size_t size_bytes);
  static void queue(cudaStream_t stream, std::unique_ptr<Work> work);
  static void CUDART_CB run(void* work) noexcept;

  std::shared_ptr<Pool> pool_ = std::make_shared<Pool>();
};

// Throws DeviceError unless the host has so much memory that nobody uses.
void expect_free_host_memory(std::size_t size_bytes);

}  // namespace dlpack_impl::cuda
