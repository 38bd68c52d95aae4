// libtorch, as C++ programs have it: tensors of ATen, and its four functions of DLPack.
#include <ATen/ATen.h>
#include <ATen/DLConvertor.h>
#include <c10/util/Exception.h>
#include <dlpack_conformance/kit.h>
#include <torch/version.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace kit = dlpack_conformance::kit;

struct TorchTraits {
  using Array = at::Tensor;
  static constexpr const char* name = "torch";

  static std::string version() { return TORCH_VERSION; }

  static Array over(const kit::Source& source) {
    // A tensor of no elements may have no address: what is exported is what is looked at.
    const at::ScalarType type = at::toScalarType(source.dtype);
    return at::from_blob(
        source.first, source.shape, source.strides, [memory = source.memory](void*) {},
        at::TensorOptions().dtype(type));
  }

  static Array own(const kit::Source& source) {
    const Array array =
        at::empty(source.shape, at::TensorOptions().dtype(at::toScalarType(source.dtype)));
    std::memcpy(array.data_ptr(), source.elements.data(), source.elements.size());
    return array;
  }

  static kit::Description describe(const Array& array) {
    kit::Description said;
    said.shape = array.sizes().vec();
    said.strides = array.strides().vec();
    said.dtype = at::getDLDataType(array);
    said.device = at::torchDeviceToDLDevice(array.device());
    if (said.device.device_type == kDLCPU) said.device.device_id = 0;
    said.first = array.data_ptr();
    return said;
  }

  static void read(const Array& array, void* out) {
    TORCH_CHECK(array.is_cpu(), "elements of another device are not read");
    const Array compact = array.contiguous();
    std::memcpy(out, compact.data_ptr(), compact.nbytes());
  }

  static void write(Array& array, const std::int64_t* index, const void* element) {
    Array place = array;
    for (std::int64_t axis = 0; axis < array.dim(); ++axis) place = place.select(0, index[axis]);
    std::memcpy(place.data_ptr(), element, array.element_size());
  }

  static DLManagedTensor* to_dlpack(const Array& array) { return at::toDLPack(array); }
  static DLManagedTensorVersioned* to_dlpack_versioned(const Array& array) {
    return at::toDLPackVersioned(array);
  }
  static Array from_dlpack(DLManagedTensor* tensor) { return at::fromDLPack(tensor); }
  static Array from_dlpack_versioned(DLManagedTensorVersioned* tensor) {
    return at::fromDLPackVersioned(tensor);
  }
};

DLCONFORM_LIBRARY(TorchTraits);

}  // namespace
