#include <memory>
#include <string>
#include <vector>

#include "cuda/cuda.h"
#include "cuda/cuda_device.h"
#include "cuda/runtime.h"
#include "dlpack_impl/error.h"

namespace dlpack_impl {
namespace {

[[noreturn]] void no_device(const std::string& reason, cudaError_t error) {
  static_cast<void>(cudaGetLastError());
  throw DeviceError("no CUDA device: " + reason, error);
}

}  // namespace

bool built_with_cuda() noexcept { return true; }

std::vector<std::shared_ptr<Accelerator>> cuda_devices() {
  int driver = 0;
  const cudaError_t asked = cudaDriverGetVersion(&driver);
  if (asked != cudaSuccess) no_device("cudaDriverGetVersion: " + cuda::error_text(asked), asked);
  if (driver == 0) no_device("no NVIDIA driver is installed", cudaErrorInsufficientDriver);

  int count = 0;
  const cudaError_t counted = cudaGetDeviceCount(&count);
  if (counted != cudaSuccess) {
    no_device("driver " + std::to_string(driver) + ", runtime " + std::to_string(CUDART_VERSION) +
                  ", cudaGetDeviceCount: " + cuda::error_text(counted),
              counted);
  }
  if (count == 0) no_device("cudaGetDeviceCount gives 0", cudaErrorNoDevice);

  std::vector<std::shared_ptr<Accelerator>> devices;
  try {
    for (int id = 0; id < count; ++id) {
      const cuda::Current current(id);
      devices.push_back(std::make_shared<cuda::CudaDevice>(id));
    }
  } catch (const DeviceError& error) {
    throw DeviceError(std::string("no CUDA device: ") + error.what(), error.code());
  }
  return devices;
}

}  // namespace dlpack_impl
