#include "dlpack_impl/exchange_api.h"

#include <exception>
#include <new>
#include <utility>

namespace dlpack_impl {
namespace {

std::string version_text(Version version) {
  return std::to_string(version.major) + "." + std::to_string(version.minor);
}

Version header_version(const DLPackExchangeAPIHeader& header) {
  return {header.version.major, header.version.minor};
}

// Only a table of major version 1 may be read beyond its header.
const DLPackExchangeAPI* as_table(const DLPackExchangeAPIHeader& header) {
  return header.version.major == DLPACK_MAJOR_VERSION
             ? reinterpret_cast<const DLPackExchangeAPI*>(&header)
             : nullptr;
}

std::array<bool, 5> filled_slots(const DLPackExchangeAPI& table) {
  return {table.managed_tensor_allocator != nullptr,
          table.managed_tensor_from_py_object_no_sync != nullptr,
          table.managed_tensor_to_py_object_no_sync != nullptr,
          table.dltensor_from_py_object_no_sync != nullptr, table.current_work_stream != nullptr};
}

constexpr std::size_t kBorrowSlot = 3;  // the only one that may be NULL

struct AllocatorError {
  int calls = 0;
  std::string kind;
  std::string message;
};

// Called by a foreign allocator, possibly without the GIL.
void note_allocator_error(void* context, const char* kind, const char* message) noexcept {
  auto* error = static_cast<AllocatorError*>(context);
  ++error->calls;
  try {
    error->kind = kind == nullptr ? "" : kind;
    error->message = message == nullptr ? "" : message;
  } catch (...) {
    error->kind.clear();  // out of memory: the call itself still counts
  }
}

}  // namespace

TableDescription describe_table(const DLPackExchangeAPIHeader& table) {
  TableDescription description;
  description.version = header_version(table);
  if (const DLPackExchangeAPI* readable = as_table(table)) {
    description.slots = filled_slots(*readable);
  }
  const DLPackExchangeAPIHeader* older = table.prev_api;
  while (older != nullptr && description.chain.size() < kMaxExchangeChain) {
    description.chain.push_back(header_version(*older));
    older = older->prev_api;
  }
  description.chain_ends = older == nullptr;
  return description;
}

const DLPackExchangeAPI& usable_table(const DLPackExchangeAPIHeader& table) {
  std::string met;
  const DLPackExchangeAPIHeader* candidate = &table;
  for (std::size_t i = 0; candidate != nullptr && i <= kMaxExchangeChain; ++i) {
    if (const DLPackExchangeAPI* readable = as_table(*candidate)) return *readable;
    met += (met.empty() ? "" : ", ") + version_text(header_version(*candidate));
    candidate = candidate->prev_api;
  }
  throw BufferError(detail::field_message("exchange table versions", met,
                                          "one of major " + std::to_string(DLPACK_MAJOR_VERSION)));
}

ForeignTable::ForeignTable(const DLPackExchangeAPIHeader& table) : table_(&usable_table(table)) {
  const std::array<bool, 5> slots = filled_slots(*table_);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    DLCONFORM_EXPECTS(slots[i] || i == kBorrowSlot, BufferError,
                      detail::field_message(kExchangeSlots[i], "NULL", "not NULL"));
  }
}

VersionedPtr ForeignTable::export_object(void* object) const {
  DLManagedTensorVersioned* out = nullptr;
  const int code = table_->managed_tensor_from_py_object_no_sync(object, &out);
  VersionedPtr managed(out);
  if (code != 0 || managed == nullptr) {
    throw ExchangeError(
        detail::field_message("managed_tensor_from_py_object_no_sync",
                              "returned " + std::to_string(code) + (managed ? "" : ", no tensor"),
                              "0 and a tensor"),
        true);
  }
  return managed;
}

void* ForeignTable::import_object(VersionedPtr managed) const {
  void* object = nullptr;
  const int code = table_->managed_tensor_to_py_object_no_sync(managed.release(), &object);
  if (code != 0 || object == nullptr) {
    throw ExchangeError(detail::field_message("managed_tensor_to_py_object_no_sync",
                                              "returned " + std::to_string(code) +
                                                  (object != nullptr ? "" : ", no object"),
                                              "0 and an object"),
                        true);
  }
  return object;
}

bool ForeignTable::can_borrow() const noexcept {
  return table_->dltensor_from_py_object_no_sync != nullptr;
}

void ForeignTable::borrow_object(void* object, DLTensor& out) const {
  DLCONFORM_EXPECTS(can_borrow(), BufferError,
                    detail::field_message(kExchangeSlots[kBorrowSlot], "NULL", "not NULL"));
  const int code = table_->dltensor_from_py_object_no_sync(object, &out);
  if (code != 0) {
    throw ExchangeError(detail::field_message("dltensor_from_py_object_no_sync",
                                              "returned " + std::to_string(code), "0"),
                        true);
  }
}

VersionedPtr ForeignTable::allocate(DLTensor& prototype) const {
  AllocatorError error;
  DLManagedTensorVersioned* out = nullptr;
  const int code = table_->managed_tensor_allocator(&prototype, &out, &error, note_allocator_error);
  VersionedPtr managed(out);
  if (code != 0 || managed == nullptr || error.calls != 0) {
    throw ExchangeError(
        detail::field_message("managed_tensor_allocator",
                              "returned " + std::to_string(code) + ", SetError called " +
                                  std::to_string(error.calls) + " times (" + error.kind + ": " +
                                  error.message + ")",
                              "0, a tensor and no error"),
        false);
  }
  return managed;
}

void* ForeignTable::current_stream(Device device) const {
  void* stream = nullptr;
  const int code =
      table_->current_work_stream(static_cast<DLDeviceType>(device.type), device.id, &stream);
  if (code != 0) {
    throw ExchangeError(
        detail::field_message("current_work_stream",
                              "returned " + std::to_string(code) + " for " + device_name(device),
                              "0"),
        true);
  }
  return stream;
}

int allocate_managed_tensor(DLTensor* prototype, DLManagedTensorVersioned** out, void* error_ctx,
                            void (*set_error)(void* error_ctx, const char* kind,
                                              const char* message)) noexcept {
  const bool host = prototype->device.device_type == kDLCPU && prototype->device.device_id == 0;
  // Shares no ownership: the host's memory is always there.
  const std::shared_ptr<const DeviceMemory> memory(std::shared_ptr<const DeviceMemory>(),
                                                   host ? &cpu_memory() : nullptr);
  return allocate_managed_tensor_in(memory, prototype, out, error_ctx, set_error);
}

int allocate_managed_tensor_in(const std::shared_ptr<const DeviceMemory>& memory,
                               DLTensor* prototype, DLManagedTensorVersioned** out, void* error_ctx,
                               void (*set_error)(void* error_ctx, const char* kind,
                                                 const char* message)) noexcept {
  // May run on any thread, without the GIL. The log lives as long as the tensor that counts in it.
  try {
    *out = nullptr;
    DLCONFORM_EXPECTS(prototype->ndim >= 0, InvalidArgument,
                      detail::field_message("ndim", prototype->ndim, ">= 0"));
    DLCONFORM_EXPECTS(prototype->ndim == 0 || prototype->shape != nullptr, InvalidArgument,
                      detail::field_message("shape", "NULL", "not NULL with ndim above 0"));
    const DType dtype{prototype->dtype.code, prototype->dtype.bits, prototype->dtype.lanes, false};
    const Device device{static_cast<std::int32_t>(prototype->device.device_type),
                        prototype->device.device_id};
    DLCONFORM_EXPECTS(
        memory != nullptr, BufferError,
        detail::field_message("device", device_name(device), "cpu or an open device"));
    *out =
        make_tensor_in(memory, dtype, {prototype->shape, static_cast<std::size_t>(prototype->ndim)},
                       std::make_shared<ExportLog>())
            .release();
    return 0;
  } catch (const InvalidArgument& error) {
    set_error(error_ctx, "ValueError", error.what());
  } catch (const BufferError& error) {
    set_error(error_ctx, "BufferError", error.what());
  } catch (const std::bad_alloc&) {
    set_error(error_ctx, "MemoryError", "no memory for the struct of a new tensor");
  } catch (const std::exception& error) {
    set_error(error_ctx, "RuntimeError", error.what());
  }
  return -1;
}

int current_work_stream(DLDeviceType device_type, std::int32_t device_id, void** out) noexcept {
  *out = nullptr;
  return device_type == kDLCPU && device_id == 0 ? 0 : -1;
}

DLPackExchangeAPI make_table(DLPackManagedTensorFromPyObjectNoSync from_object,
                             DLPackManagedTensorToPyObjectNoSync to_object,
                             DLPackDLTensorFromPyObjectNoSync borrow) noexcept {
  DLPackExchangeAPI table{};
  table.header.version = {kNewestVersion.major, kNewestVersion.minor};
  table.header.prev_api = nullptr;
  table.managed_tensor_allocator = allocate_managed_tensor;
  table.managed_tensor_from_py_object_no_sync = from_object;
  table.managed_tensor_to_py_object_no_sync = to_object;
  table.dltensor_from_py_object_no_sync = borrow;
  table.current_work_stream = current_work_stream;
  return table;
}

void borrow_tensor(const Producer& producer, DLTensor& out) noexcept {
  const SourceTensor& tensor = producer.tensor();
  out.data = producer.first();
  out.byte_offset = 0;
  out.device = {static_cast<DLDeviceType>(tensor.device.type), tensor.device.id};
  out.ndim = static_cast<std::int32_t>(tensor.shape.size());
  out.dtype = {tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes};
  // The table's struct has no const; whoever borrows may not write here, as for every export.
  out.shape = const_cast<std::int64_t*>(tensor.shape.data());
  out.strides = const_cast<std::int64_t*>(tensor.strides.data());
}

}  // namespace dlpack_impl
