// A consumer whose worker thread drops the last reference.
#include <thread>

#include "faults/fault.h"

namespace dlpack_impl::faults {

extern const Fault deletes_on_another_thread;
const Fault deletes_on_another_thread{
    .name = "deletes_on_another_thread",
    .proves = "C-51",
    .text = "runs the deleter on a thread of its own (allowed, and to be seen)",
    .trips = {.other_thread = true},
    .consume =
        [](DLManagedTensorVersioned* managed, bool defect) {
          VersionedPtr owner(managed);
          if (defect) std::thread([&owner] { owner.reset(); }).join();
        },
};

}  // namespace dlpack_impl::faults
