// Instead of everything else in this folder, in a build without CUDA.
#include "cuda/cuda.h"
#include "dlpack_impl/error.h"

namespace dlpack_impl {

bool built_with_cuda() noexcept { return false; }

std::vector<std::shared_ptr<Accelerator>> cuda_devices() {
  throw DeviceError("no CUDA device: built without CUDA");
}

}  // namespace dlpack_impl
