// Consumers that are wrong on purpose, one file each. They prove that the instrument's own checks
// can fail; the same file with the defect switched off is the harmless twin, which trips nothing.
#pragma once

#include <string_view>
#include <vector>

#include "dlpack_impl/managed_tensor.h"

namespace dlpack_impl::faults {

// What the instrument reports after an exchange. A fault names all that it trips.
struct Trips {
  bool elements_changed = false;  // Buffer::elements_changed
  bool outside_changed = false;   // Buffer::outside_changed
  bool double_delete = false;     // ExportLog::double_deletes
  bool leak = false;              // ExportLog::live after the consumer is done
  bool other_thread = false;      // ExportLog::deleter_threads
};

struct Fault {
  std::string_view name;    // of the file, and of the object in it
  std::string_view proves;  // requirement that it breaks
  std::string_view text;
  Trips trips;
  // Imports `managed`, which is writable, has elements of whole bytes and at least one byte of ours
  // behind the last one; uses it and lets go, wrongly where `defect` is set.
  void (*consume)(DLManagedTensorVersioned* managed, bool defect);
};

// All faults of this folder; the list is made by CMake from the file names.
const std::vector<const Fault*>& all_faults();

}  // namespace dlpack_impl::faults
