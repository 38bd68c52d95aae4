#include "dlpack_impl/consumer.h"

#include <string>
#include <utility>

namespace dlpack_impl {
namespace {

Reading managed_header(const DLTensor* tensor, const void* context, bool has_deleter) noexcept {
  Reading reading;
  reading.has_deleter = has_deleter;
  reading.has_context = context != nullptr;
  reading.tensor = tensor;
  return reading;
}

}  // namespace

Reading read_header(const DLManagedTensor& managed) noexcept {
  return managed_header(&managed.dl_tensor, managed.manager_ctx, managed.deleter != nullptr);
}

Reading read_header(const DLManagedTensorVersioned& managed) noexcept {
  // Version, context and deleter are what every major version keeps in place (C-08); flags and
  // tensor are not.
  const bool known = managed.version.major == DLPACK_MAJOR_VERSION;
  Reading reading = managed_header(known ? &managed.dl_tensor : nullptr, managed.manager_ctx,
                                   managed.deleter != nullptr);
  reading.version = Version{managed.version.major, managed.version.minor};
  if (known) reading.flags = managed.flags;
  return reading;
}

Reading read_header(const DLTensor& tensor) noexcept {
  return managed_header(&tensor, nullptr, false);
}

// When the view throws, `managed` still owns the tensor, and its deleter runs as the argument goes.
Imported::Imported(LegacyPtr managed, Rules rules, Where where)
    : header_(managed != nullptr ? read_header(*managed) : Reading{}),
      view_(managed != nullptr ? TensorView(header_, rules, where) : TensorView()) {
  legacy_.store(managed.release(), std::memory_order_release);
}

Imported::Imported(VersionedPtr managed, Rules rules, Where where)
    : header_(managed != nullptr ? read_header(*managed) : Reading{}),
      view_(managed != nullptr ? TensorView(header_, rules, where) : TensorView()) {
  versioned_.store(managed.release(), std::memory_order_release);
}

Imported::Imported(Imported&& other) noexcept
    : legacy_(other.legacy_.exchange(nullptr)),
      versioned_(other.versioned_.exchange(nullptr)),
      header_(std::exchange(other.header_, {})),
      view_(std::exchange(other.view_, {})) {}

Imported& Imported::operator=(Imported&& other) noexcept {
  if (this != &other) {
    release();
    legacy_.store(other.legacy_.exchange(nullptr));
    versioned_.store(other.versioned_.exchange(nullptr));
    header_ = std::exchange(other.header_, {});
    view_ = std::exchange(other.view_, {});
  }
  return *this;
}

void Imported::release() noexcept {
  // Whoever takes the pointer out runs the deleter: of several threads exactly one. The look before
  // saves a locked operation on the pointer that was never set.
  if (legacy_.load(std::memory_order_relaxed) != nullptr) {
    const LegacyPtr legacy(legacy_.exchange(nullptr));
  }
  if (versioned_.load(std::memory_order_relaxed) != nullptr) {
    const VersionedPtr versioned(versioned_.exchange(nullptr));
  }
}

}  // namespace dlpack_impl
