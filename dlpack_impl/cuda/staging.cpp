#include "cuda/staging.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "cuda/kernels.h"
#include "dlpack_impl/error.h"

namespace dlpack_impl::cuda {
namespace {

constexpr std::size_t kSmallest = std::size_t{1} << 16;
// Made at the start, because taking pinned memory may wait for work that is queued.
constexpr int kBlocksAtStart = 16;

}  // namespace

void expect_free_host_memory(std::size_t size_bytes) {
  const auto pages = static_cast<std::size_t>(std::max(sysconf(_SC_AVPHYS_PAGES), 0L));
  const std::size_t free_bytes = pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  DLCONFORM_EXPECTS(size_bytes <= free_bytes, DeviceError,
                    detail::field_message("size_bytes", size_bytes,
                                          std::to_string(free_bytes) + " bytes free on the host"));
}

Staging::Staging() {
  std::vector<Block> first;
  for (int i = 0; i < kBlocksAtStart; ++i) first.push_back(take(kSmallest));
  for (Block& block : first) pool_->give_back(std::move(block));
}

void Staging::Pool::give_back(Block block) {
  const std::lock_guard lock(mutex);
  blocks.push_back(std::move(block));
}

Staging::Block Staging::take(std::size_t size_bytes) {
  {
    const std::lock_guard lock(pool_->mutex);
    auto& blocks = pool_->blocks;
    auto best = blocks.end();
    for (auto block = blocks.begin(); block != blocks.end(); ++block) {
      const bool fits = block->size_bytes >= size_bytes;
      if (fits && (best == blocks.end() || block->size_bytes < best->size_bytes)) best = block;
    }
    if (best != blocks.end()) {
      Block found = std::move(*best);
      blocks.erase(best);
      return found;
    }
  }
  const std::size_t size = std::max(size_bytes, kSmallest);
  expect_free_host_memory(size);
  void* memory = nullptr;
  expect(cudaHostAlloc(&memory, size, cudaHostAllocPortable), "cudaHostAlloc", size);
  return {std::unique_ptr<void, Free>(memory), size};
}

void Staging::queue(cudaStream_t stream, std::unique_ptr<Work> work) {
  const cudaError_t result = cudaLaunchHostFunc(stream, &Staging::run, work.get());
  if (result != cudaSuccess) {
    // What is queued may still use the block, which is freed with the work.
    static_cast<void>(cudaStreamSynchronize(stream));
    fail(result, "cudaLaunchHostFunc");
  }
  static_cast<void>(work.release());  // it is the driver's now; `run` frees it
}

void Staging::run(void* data) noexcept {
  const std::unique_ptr<Work> work(static_cast<Work*>(data));
  if (work->size_bytes != 0) std::memcpy(work->to, work->from, work->size_bytes);
  if (work->different != nullptr) {
    std::uint64_t found = 0;
    std::memcpy(&found, work->block.memory.get(), sizeof found);
    *work->different += found;
  }
  if (work->block.memory) work->pool->give_back(std::move(work->block));
}

void Staging::queue_on_host(cudaStream_t stream, void* to, const void* from,
                            std::size_t size_bytes) {
  auto work = std::make_unique<Work>();
  work->to = to;
  work->from = from;
  work->size_bytes = size_bytes;
  queue(stream, std::move(work));
}

void Staging::queue_to_device(cudaStream_t stream, void* to, const void* from,
                              std::size_t size_bytes) {
  auto give_back = std::make_unique<Work>();
  give_back->pool = pool_;
  give_back->block = take(size_bytes);
  void* const pinned = give_back->block.memory.get();
  queue_on_host(stream, pinned, from, size_bytes);
  const cudaError_t result = cudaMemcpyAsync(to, pinned, size_bytes, cudaMemcpyDefault, stream);
  queue(stream, std::move(give_back));
  expect(result, "cudaMemcpyAsync", size_bytes);
}

void Staging::queue_to_host(cudaStream_t stream, void* to, const void* from,
                            std::size_t size_bytes) {
  auto work = std::make_unique<Work>();
  work->pool = pool_;
  work->block = take(size_bytes);
  work->to = to;
  work->from = work->block.memory.get();
  work->size_bytes = size_bytes;
  expect(cudaMemcpyAsync(work->block.memory.get(), from, size_bytes, cudaMemcpyDefault, stream),
         "cudaMemcpyAsync", size_bytes);
  queue(stream, std::move(work));
}

void Staging::queue_check(cudaStream_t stream, const void* at, std::byte value,
                          std::size_t size_bytes, std::uint64_t* different) {
  auto work = std::make_unique<Work>();
  work->pool = pool_;
  work->block = take(sizeof(std::uint64_t));
  work->different = different;
  auto* found = static_cast<std::uint64_t*>(work->block.memory.get());
  expect(launch_check(stream, at, value, size_bytes, found), "check kernel", size_bytes);
  queue(stream, std::move(work));
}

}  // namespace dlpack_impl::cuda
