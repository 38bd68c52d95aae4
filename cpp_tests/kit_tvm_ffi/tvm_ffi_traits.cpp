// The tensor of tvm-ffi, as C++ programs have it. Its exchange table is made by its Python module
// alone, so there is none here.
#include <dlpack_conformance/kit.h>
#include <tvm/ffi/container/tensor.h>
#include <tvm/ffi/error.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

namespace kit = dlpack_conformance::kit;
using tvm::ffi::Tensor;

tvm::ffi::ShapeView view(const std::vector<std::int64_t>& numbers) {
  return {numbers.data(), numbers.size()};
}

std::int64_t bytes_of(const DLDataType& dtype) { return (dtype.bits * dtype.lanes + 7) / 8; }

/// Memory of its own, in C order.
struct Allocator {
  void AllocData(DLTensor* tensor) { tensor->data = ::operator new(size(tensor)); }
  void FreeData(DLTensor* tensor) { ::operator delete(tensor->data); }
  static std::size_t size(const DLTensor* tensor) {
    std::int64_t count = 1;
    for (int axis = 0; axis < tensor->ndim; ++axis) count *= tensor->shape[axis];
    return static_cast<std::size_t>(std::max<std::int64_t>(1, count * bytes_of(tensor->dtype)));
  }
};

/// Memory of the kit, with strides.
struct Borrowed {
  void* first;
  std::shared_ptr<void> memory;
  void AllocData(DLTensor* tensor) { tensor->data = first; }
  void FreeData(DLTensor*) {}
};

struct TvmFfiTraits {
  using Array = Tensor;
  static constexpr const char* name = "tvm_ffi";

  static std::string version() {
    TVMFFIVersion version{};
    TVMFFIGetVersion(&version);
    return std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
           std::to_string(version.patch);
  }

  static Array over(const kit::Source& source) {
    refuse_padded(source);
    return Tensor::FromNDAllocStrided(Borrowed{source.first, source.memory}, view(source.shape),
                                      view(source.strides), source.dtype, DLDevice{kDLCPU, 0});
  }

  static Array own(const kit::Source& source) {
    refuse_padded(source);
    Tensor array =
        Tensor::FromNDAlloc(Allocator{}, view(source.shape), source.dtype, DLDevice{kDLCPU, 0});
    std::memcpy(array.data_ptr(), source.elements.data(), source.elements.size());
    return array;
  }

  static kit::Description describe(const Array& array) {
    kit::Description said;
    const tvm::ffi::ShapeView shape = array.shape();
    const tvm::ffi::ShapeView strides = array.strides();
    said.shape.assign(shape.begin(), shape.end());
    said.strides.assign(strides.begin(), strides.end());
    said.dtype = array.dtype();
    said.device = array.device();
    said.first = address(array);
    return said;
  }

  // The library has no reader or writer of elements: its users follow pointer and strides.
  static void read(const Array& array, void* out) {
    const kit::Description said = describe(array);
    if ((said.dtype.bits * said.dtype.lanes) % 8 != 0)
      throw std::runtime_error("packed elements are not read");
    const std::int64_t size = bytes_of(said.dtype);
    auto* to = static_cast<char*>(out);
    std::vector<std::int64_t> index(said.shape.size(), 0);
    std::int64_t count = 1;
    for (const std::int64_t extent : said.shape) count *= extent;
    for (std::int64_t number = 0; number < count; ++number) {
      std::memcpy(to, place(said, index.data()), static_cast<std::size_t>(size));
      to += size;
      for (std::size_t axis = index.size(); axis-- > 0;) {
        if (++index[axis] < said.shape[axis]) break;
        index[axis] = 0;
      }
    }
  }

  static void write(Array& array, const std::int64_t* index, const void* element) {
    const kit::Description said = describe(array);
    std::memcpy(place(said, index), element, static_cast<std::size_t>(bytes_of(said.dtype)));
  }

  static DLManagedTensor* to_dlpack(const Array& array) { return array.ToDLPack(); }
  static DLManagedTensorVersioned* to_dlpack_versioned(const Array& array) {
    return array.ToDLPackVersioned();
  }
  static Array from_dlpack(DLManagedTensor* tensor) { return Tensor::FromDLPack(tensor); }
  static Array from_dlpack_versioned(DLManagedTensorVersioned* tensor) {
    return Tensor::FromDLPackVersioned(tensor);
  }

 private:
  static void refuse_padded(const kit::Source& source) {
    if (source.dtype_name.find("-padded") != std::string::npos)
      throw std::invalid_argument("tvm-ffi's tensors can't say that elements are padded");
  }
  static char* address(const Array& array) {
    const DLTensor* const tensor = array.GetDLTensorPtr();
    return static_cast<char*>(tensor->data) + tensor->byte_offset;
  }
  static char* place(const kit::Description& said, const std::int64_t* index) {
    std::int64_t offset = 0;
    for (std::size_t axis = 0; axis < said.shape.size(); ++axis)
      offset += index[axis] * said.strides[axis];
    return static_cast<char*>(const_cast<void*>(said.first)) + offset * bytes_of(said.dtype);
  }
};

DLCONFORM_LIBRARY(TvmFfiTraits);

}  // namespace
