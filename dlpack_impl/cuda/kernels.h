// The kernels, as functions of the host. Each puts its work on the stream and returns.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

namespace dlpack_impl::cuda {

// Sets bytes. A kernel and not cudaMemsetAsync, which makes the host wait for pinned memory.
cudaError_t launch_fill(cudaStream_t stream, void* at, std::byte value, std::size_t size_bytes);

// Stores in `*different`, pinned memory, how many of the bytes are not `value`.
cudaError_t launch_check(cudaStream_t stream, const void* at, std::byte value,
                         std::size_t size_bytes, std::uint64_t* different);

// Keeps one thread of the device busy for so long.
cudaError_t launch_delay(cudaStream_t stream, std::int64_t nanoseconds);

}  // namespace dlpack_impl::cuda
