// A consumer that forgets the tensor on an error path.
#include "faults/fault.h"

namespace dlpack_impl::faults {

extern const Fault never_deletes;
const Fault never_deletes{
    .name = "never_deletes",
    .proves = "C-11",
    .text = "drops the tensor without running its deleter",
    .trips = {.leak = true},
    .consume =
        [](DLManagedTensorVersioned* managed, bool defect) {
          VersionedPtr owner(managed);
          if (defect) static_cast<void>(owner.release());
        },
};

}  // namespace dlpack_impl::faults
