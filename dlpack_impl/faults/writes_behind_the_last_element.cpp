// A kernel that rounds the length up writes past the end.
#include "faults/fault.h"

namespace dlpack_impl::faults {

extern const Fault writes_behind_the_last_element;
const Fault writes_behind_the_last_element{
    .name = "writes_behind_the_last_element",
    .proves = "C-29",
    .text = "writes one byte behind the last element",
    .trips = {.outside_changed = true},
    .consume =
        [](DLManagedTensorVersioned* managed, bool defect) {
          const VersionedPtr owner(managed);
          const DLTensor& tensor = owner->dl_tensor;
          std::int64_t last = 0;
          for (std::int32_t i = 0; i < tensor.ndim; ++i) {
            if (tensor.strides[i] > 0) last += tensor.strides[i] * (tensor.shape[i] - 1);
          }
          auto* bytes = static_cast<unsigned char*>(tensor.data) + tensor.byte_offset;
          if (defect) bytes[(last + 1) * (tensor.dtype.bits * tensor.dtype.lanes / 8)] ^= 1U;
        },
};

}  // namespace dlpack_impl::faults
