// A library with one dtype: arrays of float that share their memory.
#pragma once

#include <dlpack/dlpack.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <vector>

namespace mylib {

struct Array {
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;  // elements
  float* first = nullptr;
  std::shared_ptr<void> memory;

  float& at(const std::int64_t* index) const {
    float* element = first;
    for (std::size_t axis = 0; axis < shape.size(); ++axis) element += index[axis] * strides[axis];
    return *element;
  }
};

/// What an export keeps: the array, and the struct that points at its shape and strides.
struct Export {
  Array array;
  DLManagedTensor managed;
};

inline DLManagedTensor* to_dlpack(const Array& array) {
  auto* const kept = new Export{array, {}};
  DLManagedTensor& managed = kept->managed;
  managed.dl_tensor = {kept->array.first,
                       {kDLCPU, 0},
                       static_cast<std::int32_t>(array.shape.size()),
                       {kDLFloat, 32, 1},
                       kept->array.shape.data(),
                       kept->array.strides.data(),
                       0};
  managed.manager_ctx = kept;
  managed.deleter = [](DLManagedTensor* self) { delete static_cast<Export*>(self->manager_ctx); };
  return &managed;
}

/// Takes the tensor over, but not where it throws.
inline Array from_dlpack(DLManagedTensor* managed) {
  const DLTensor& tensor = managed->dl_tensor;
  if (tensor.dtype.code != kDLFloat || tensor.dtype.bits != 32 || tensor.dtype.lanes != 1)
    throw std::invalid_argument("mylib has arrays of float alone");
  if (tensor.device.device_type != kDLCPU) throw std::invalid_argument("mylib works on the CPU");
  Array array;
  std::int64_t step = 1;
  for (std::int32_t axis = tensor.ndim; axis-- > 0;) {
    array.shape.insert(array.shape.begin(), tensor.shape[axis]);
    array.strides.insert(array.strides.begin(),
                         tensor.strides == nullptr ? step : tensor.strides[axis]);
    step *= tensor.shape[axis];
  }
  array.first = reinterpret_cast<float*>(static_cast<char*>(tensor.data) + tensor.byte_offset);
  array.memory = std::shared_ptr<void>(managed, [](void* held) {
    auto* const taken = static_cast<DLManagedTensor*>(held);
    if (taken->deleter != nullptr) taken->deleter(taken);
  });
  return array;
}

}  // namespace mylib
