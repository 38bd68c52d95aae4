#include "cuda/runtime.h"

#include "dlpack_impl/error.h"

namespace dlpack_impl::cuda {

std::string error_text(cudaError_t error) {
  return std::to_string(error) + " (" + cudaGetErrorName(error) + ": " + cudaGetErrorString(error) +
         ")";
}

void fail(cudaError_t error, const std::string& call) {
  static_cast<void>(cudaGetLastError());
  throw DeviceError(detail::field_message(call, error_text(error), "0 (cudaSuccess)"), error);
}

}  // namespace dlpack_impl::cuda
