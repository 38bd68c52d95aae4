// An import that normalises its input in place.
#include "faults/fault.h"

namespace dlpack_impl::faults {

extern const Fault writes_an_element;
const Fault writes_an_element{
    .name = "writes_an_element",
    .proves = "C-28",
    .text = "writes element 0 while it imports",
    .trips = {.elements_changed = true},
    .consume =
        [](DLManagedTensorVersioned* managed, bool defect) {
          const VersionedPtr owner(managed);
          const DLTensor& tensor = owner->dl_tensor;
          auto* bytes = static_cast<unsigned char*>(tensor.data) + tensor.byte_offset;
          if (defect) bytes[0] ^= 1U;
        },
};

}  // namespace dlpack_impl::faults
