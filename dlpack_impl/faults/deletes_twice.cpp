// Two owners of one tensor, each of which lets go.
#include "faults/fault.h"

namespace dlpack_impl::faults {

extern const Fault deletes_twice;
const Fault deletes_twice{
    .name = "deletes_twice",
    .proves = "C-11",
    .text = "runs the deleter twice",
    .trips = {.double_delete = true},
    .consume =
        [](DLManagedTensorVersioned* managed, bool defect) {
          auto* const deleter = managed->deleter;
          deleter(managed);
          if (defect) deleter(managed);
        },
};

}  // namespace dlpack_impl::faults
