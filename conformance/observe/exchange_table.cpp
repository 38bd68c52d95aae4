#include "observe/exchange_table.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "dlpack_impl/consumer.h"
#include "dlpack_impl/error.h"
#include "dlpack_impl/exchange_api.h"
#include "observe/read_export.h"

namespace dlpack_conformance {
namespace {

using dlpack_impl::VersionedPtr;

constexpr std::int64_t kMostElements = 4096;

/// An address that no process has: whoever follows it is seen.
void* nowhere() { return reinterpret_cast<void*>(std::uintptr_t{0xDEAD0000DEAD0000}); }

/// What `SetError` was given. Called by a foreign allocator, perhaps on a foreign thread.
struct ErrorSeen {
  int calls = 0;
  std::string kind;
};

void note_error(void* context, const char* kind, const char* /*message*/) noexcept {
  auto* seen = static_cast<ErrorSeen*>(context);
  ++seen->calls;
  try {
    seen->kind = kind == nullptr ? "NULL" : kind;
  } catch (...) {
    seen->kind.clear();  // out of memory: the call itself still counts
  }
}

DLTensor prototype_of(const AskedTensor& asked) {
  DLTensor prototype{};
  prototype.dtype = asked.dtype;
  prototype.device = asked.device;
  prototype.ndim = static_cast<std::int32_t>(asked.shape.size());
  if (!asked.shape.empty()) prototype.shape = const_cast<std::int64_t*>(asked.shape.data());
  if (asked.poisoned) {
    prototype.data = nowhere();
    prototype.strides = static_cast<std::int64_t*>(nowhere());
    prototype.byte_offset = std::numeric_limits<std::uint64_t>::max();
  }
  return prototype;
}

bool same_dtype(DLDataType a, DLDataType b) {
  return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes;
}

bool same_device(DLDevice a, DLDevice b) {
  return a.device_type == b.device_type && a.device_id == b.device_id;
}

std::span<const std::int64_t> shape_of(const DLTensor& tensor) {
  if (tensor.ndim <= 0 || tensor.shape == nullptr) return {};
  return {tensor.shape, static_cast<std::size_t>(tensor.ndim)};
}

bool is_empty(const DLTensor& tensor) {
  return std::ranges::find(shape_of(tensor), 0) != shape_of(tensor).end();
}

/// Strides in elements, the compact ones for NULL.
std::vector<std::int64_t> strides_of(const DLTensor& tensor) {
  const auto shape = shape_of(tensor);
  if (tensor.strides != nullptr) return {tensor.strides, tensor.strides + shape.size()};
  return dlpack_impl::consumer_strides({shape.data(), shape.size()});
}

/// Do both say the same of the same elements? A stride along an extent of 1, and any of an empty
/// tensor, says nothing.
bool same_fields(const DLTensor& a, const DLTensor& b) {
  if (!same_dtype(a.dtype, b.dtype) || !same_device(a.device, b.device) || a.ndim != b.ndim ||
      !std::ranges::equal(shape_of(a), shape_of(b)))
    return false;
  if (is_empty(a)) return true;
  if (reinterpret_cast<std::uintptr_t>(a.data) + a.byte_offset !=
      reinterpret_cast<std::uintptr_t>(b.data) + b.byte_offset)
    return false;
  const std::vector<std::int64_t> ours = strides_of(a);
  const std::vector<std::int64_t> theirs = strides_of(b);
  for (std::size_t axis = 0; axis < ours.size(); ++axis) {
    if (shape_of(a)[axis] > 1 && ours[axis] != theirs[axis]) return false;
  }
  return true;
}

/// Writes a pattern to each element, then reads all of them back.
std::optional<bool> can_write(const DLManagedTensorVersioned& managed) {
  std::optional<dlpack_impl::TensorView> view;
  try {
    view.emplace(dlpack_impl::read_header(managed), dlpack_impl::Rules::kReadable);
  } catch (const dlpack_impl::Error&) {
    return std::nullopt;  // not to be read by the host
  }
  const std::int64_t count = view->element_count();
  const auto shape = view->shape();
  const auto size = static_cast<std::size_t>(view->dtype().element_bytes());
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < count && count <= kMostElements; ++i) numbers.push_back(i);
  if (count > kMostElements) numbers = {0, count - 1};
  const auto index_of = [&](std::int64_t number) {
    std::vector<std::int64_t> index(shape.size());
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      index[axis] = number % shape[axis];
      number /= shape[axis];
    }
    return index;
  };
  const auto pattern = [&](std::int64_t number) {
    return std::vector<std::byte>(size, static_cast<std::byte>(number % 251 + 1));
  };
  for (const std::int64_t number : numbers) {
    const std::vector<std::int64_t> index = index_of(number);
    view->set({index.data(), index.size()}, pattern(number).data());
  }
  return std::ranges::all_of(numbers, [&](std::int64_t number) {
    const std::vector<std::int64_t> index = index_of(number);
    std::vector<std::byte> got(size);
    view->get({index.data(), index.size()}, got.data());
    return got == pattern(number);
  });
}

bool matches(const DLTensor& tensor, const AskedTensor& asked) {
  return same_dtype(tensor.dtype, asked.dtype) && same_device(tensor.device, asked.device) &&
         tensor.ndim == static_cast<std::int32_t>(asked.shape.size()) &&
         std::ranges::equal(shape_of(tensor), asked.shape);
}

}  // namespace

/// How one call ended.
struct TableCaller::Answer {
  std::optional<int> status;  ///< none: a C++ exception left the function
  bool gave = false;
  std::optional<ErrorSeen> error;  ///< of an allocator
  bool on_this_thread = true;
  DLManagedTensorVersioned* tensor = nullptr;

  template <class Function>
  void call(Function&& function) {
    try {
      status = function();
    } catch (...) {
      status.reset();
    }
  }
};

void TableCaller::record(Facts& facts, const Answer& answer) const {
  facts.table_threw = !answer.status;
  if (answer.status) facts.table_status = *answer.status;
  facts.table_gave = answer.gave;
  if (pending_ && answer.on_this_thread) facts.table_raised = pending_();
  if (answer.error) {
    facts.table_set_error = answer.error->calls;
    if (answer.error->calls > 0) facts.table_set_error_kind = answer.error->kind;
  }
}

void observe_table(Facts& facts, const DLPackExchangeAPIHeader& table) {
  const dlpack_impl::TableDescription described = dlpack_impl::describe_table(table);
  facts.table_version = Ints{described.version.major, described.version.minor};
  Ints chain;
  for (const dlpack_impl::Version& version : described.chain) {
    chain.push_back(version.major);
    chain.push_back(version.minor);
  }
  facts.table_chain = std::move(chain);
  facts.table_chain_ends = described.chain_ends;
  if (described.version.major != DLPACK_MAJOR_VERSION) return;
  Texts null;
  for (std::size_t slot = 0; slot < described.slots.size(); ++slot) {
    if (!described.slots[slot]) null.emplace_back(dlpack_impl::kExchangeSlots[slot]);
  }
  facts.table_null = std::move(null);
}

VersionedPtr TableCaller::export_object(Facts& facts, void* object) const {
  Answer answer;
  answer.call(
      [&] { return table_->managed_tensor_from_py_object_no_sync(object, &answer.tensor); });
  answer.gave = answer.tensor != nullptr;
  record(facts, answer);
  // What a failed call left behind may be anything: it is not touched.
  return VersionedPtr(answer.status == 0 ? answer.tensor : nullptr);
}

bool TableCaller::borrow_object(Facts& facts, void* object, const DLManagedTensorVersioned* owned,
                                const AskedElements& asked) const {
  if (table_->dltensor_from_py_object_no_sync == nullptr) return false;
  DLTensor first{};
  Answer answer;
  answer.call([&] { return table_->dltensor_from_py_object_no_sync(object, &first); });
  if (answer.status != 0) {
    record(facts, answer);
    return false;
  }
  DLTensor tensor{};
  tensor.ndim = -1;
  answer.call([&] { return table_->dltensor_from_py_object_no_sync(object, &tensor); });
  answer.gave = answer.status == 0 && tensor.ndim >= 0;
  record(facts, answer);
  if (!answer.gave) return false;
  facts.table_steady = first.shape == tensor.shape && first.strides == tensor.strides;
  if (owned != nullptr) facts.table_same_fields = same_fields(tensor, owned->dl_tensor);
  read_export(facts, ReadGroup::kExport, dlpack_impl::read_header(tensor), "borrowed", asked.origin,
              asked.raw);
  return true;
}

void* TableCaller::import_tensor(Facts& facts, DLManagedTensorVersioned* stolen) const {
  void* object = nullptr;
  Answer answer;
  answer.call([&] { return table_->managed_tensor_to_py_object_no_sync(stolen, &object); });
  answer.gave = object != nullptr;
  record(facts, answer);
  return answer.status == 0 ? object : nullptr;
}

void TableCaller::current_stream(Facts& facts, DLDevice device) const {
  void* stream = nowhere();
  Answer answer;
  answer.call(
      [&] { return table_->current_work_stream(device.device_type, device.device_id, &stream); });
  answer.gave = stream != nowhere();
  record(facts, answer);
  if (answer.status == 0 && answer.gave) facts.table_stream_null = stream == nullptr;
}

TableCaller::Answer TableCaller::ask_allocator(const AskedTensor& asked) const {
  Answer answer;
  answer.error.emplace();
  DLTensor prototype = prototype_of(asked);
  answer.call([&] {
    return table_->managed_tensor_allocator(&prototype, &answer.tensor, &*answer.error, note_error);
  });
  answer.gave = answer.tensor != nullptr;
  return answer;
}

VersionedPtr TableCaller::look_at(Facts& facts, const AskedTensor& asked,
                                  const Answer& answer) const {
  record(facts, answer);
  VersionedPtr managed(answer.status == 0 ? answer.tensor : nullptr);
  if (managed == nullptr) return managed;
  read_export(facts, ReadGroup::kExport, dlpack_impl::read_header(*managed), "allocated", {}, {});
  if (managed->version.major != DLPACK_MAJOR_VERSION) return managed;
  facts.table_matches = matches(managed->dl_tensor, asked);
  if (*facts.table_matches == true) {
    if (const std::optional<bool> written = can_write(*managed)) facts.table_writable = *written;
  }
  return managed;
}

VersionedPtr TableCaller::allocate(Facts& facts, const AskedTensor& asked) const {
  return look_at(facts, asked, ask_allocator(asked));
}

VersionedPtr TableCaller::allocate_on_thread(
    Facts& facts, const AskedTensor& asked,
    const std::function<void(const std::function<bool(int)>&)>& meanwhile) const {
  std::future<Answer> working =
      std::async(std::launch::async, [&] { return ask_allocator(asked); });
  meanwhile([&](int milliseconds) {
    return working.wait_for(std::chrono::milliseconds(milliseconds)) == std::future_status::ready;
  });
  Answer answer = working.get();
  answer.on_this_thread = false;
  return look_at(facts, asked, answer);
}

}  // namespace dlpack_conformance
