// Exchange tables: a copy of the one that was right, with one thing changed. A wrong function is
// found by its name in a list below; a new one is one more line there.
#include <pybind11/stl.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tamper.h"

namespace dlpack_impl::faults {
namespace {

using Table = DLPackExchangeAPI;

/// The table that was right. There is one in a process, the reference's; wrong functions call it.
const Table* right = nullptr;

PyObject* as_object(void* object) { return static_cast<PyObject*>(object); }

/// The host waits for all work of the device on which an array of the reference lies.
void wait_for_device(PyObject* array) {
  const py::object device = py::getattr(array, "accelerator", py::none());
  if (!device.is_none()) device.attr("synchronize")();
}

// ---- managed_tensor_from_py_object_no_sync

int export_waits(void* object, DLManagedTensorVersioned** out) {
  wait_for_device(as_object(object));
  return right->managed_tensor_from_py_object_no_sync(object, out);
}

int export_leaks_reference(void* object, DLManagedTensorVersioned** out) {
  Py_INCREF(as_object(object));
  return right->managed_tensor_from_py_object_no_sync(object, out);
}

int export_fails_silently(void* object, DLManagedTensorVersioned** out) {
  const int status = right->managed_tensor_from_py_object_no_sync(object, out);
  PyErr_Clear();
  return status;
}

int export_fails_with_zero(void* object, DLManagedTensorVersioned** out) {
  right->managed_tensor_from_py_object_no_sync(object, out);
  return 0;
}

int export_succeeds_with_error(void* object, DLManagedTensorVersioned** out) {
  const int status = right->managed_tensor_from_py_object_no_sync(object, out);
  PyErr_SetString(PyExc_RuntimeError, "left behind by the table");
  return status;
}

int export_throws(void* object, DLManagedTensorVersioned** out) {
  const int status = right->managed_tensor_from_py_object_no_sync(object, out);
  if (status == 0) return 0;
  PyErr_Clear();
  throw std::runtime_error("out of a table that C calls");
}

int export_holds_nothing(void* object, DLManagedTensorVersioned** out) {
  const int status = right->managed_tensor_from_py_object_no_sync(object, out);
  if (status != 0) return status;
  auto* const copy = new DLManagedTensorVersioned(**out);
  copy->dl_tensor.shape = new std::int64_t[64];
  copy->dl_tensor.strides = new std::int64_t[64];
  const auto rank = static_cast<std::size_t>(copy->dl_tensor.ndim);
  std::copy_n((*out)->dl_tensor.shape, rank, copy->dl_tensor.shape);
  if ((*out)->dl_tensor.strides == nullptr) {
    delete[] std::exchange(copy->dl_tensor.strides, nullptr);
  } else {
    std::copy_n((*out)->dl_tensor.strides, rank, copy->dl_tensor.strides);
  }
  copy->deleter = [](DLManagedTensorVersioned* self) {
    delete[] self->dl_tensor.shape;
    delete[] self->dl_tensor.strides;
    delete self;
  };
  if ((*out)->deleter != nullptr) (*out)->deleter(*out);
  *out = copy;
  return 0;
}

int export_old_version(void* object, DLManagedTensorVersioned** out) {
  const int status = right->managed_tensor_from_py_object_no_sync(object, out);
  if (status == 0) (*out)->version = {1, 0};
  return status;
}

// ---- managed_tensor_to_py_object_no_sync

int import_waits(DLManagedTensorVersioned* tensor, void** out) {
  const int status = right->managed_tensor_to_py_object_no_sync(tensor, out);
  if (status == 0) wait_for_device(as_object(*out));
  return status;
}

int import_forgets(DLManagedTensorVersioned* tensor, void** out) {
  void (*const real)(DLManagedTensorVersioned*) = tensor->deleter;
  tensor->deleter = nullptr;
  static_cast<void>(real);
  return right->managed_tensor_to_py_object_no_sync(tensor, out);
}

int import_leaks_result(DLManagedTensorVersioned* tensor, void** out) {
  const int status = right->managed_tensor_to_py_object_no_sync(tensor, out);
  if (status == 0) Py_INCREF(as_object(*out));
  return status;
}

int import_fails_silently(DLManagedTensorVersioned* tensor, void** out) {
  const int status = right->managed_tensor_to_py_object_no_sync(tensor, out);
  PyErr_Clear();
  return status;
}

int import_any_major(DLManagedTensorVersioned* tensor, void** out) {
  tensor->version = {DLPACK_MAJOR_VERSION, DLPACK_MINOR_VERSION};
  return right->managed_tensor_to_py_object_no_sync(tensor, out);
}

int import_other_type(DLManagedTensorVersioned* tensor, void** out) {
  const int status = right->managed_tensor_to_py_object_no_sync(tensor, out);
  if (status != 0) return status;
  PyObject* pair = PyTuple_Pack(1, as_object(*out));
  Py_DECREF(as_object(*out));
  *out = pair;
  return pair == nullptr ? -1 : 0;
}

// ---- dltensor_from_py_object_no_sync

int borrow_waits(void* object, DLTensor* out) {
  wait_for_device(as_object(object));
  return right->dltensor_from_py_object_no_sync(object, out);
}

int borrow_leaks_reference(void* object, DLTensor* out) {
  Py_INCREF(as_object(object));
  return right->dltensor_from_py_object_no_sync(object, out);
}

int borrow_succeeds_with_error(void* object, DLTensor* out) {
  const int status = right->dltensor_from_py_object_no_sync(object, out);
  PyErr_SetString(PyExc_RuntimeError, "left behind by the table");
  return status;
}

int borrow_fails_silently(void* object, DLTensor* out) {
  const int status = right->dltensor_from_py_object_no_sync(object, out);
  PyErr_Clear();
  return status;
}

// ---- managed_tensor_allocator

using SetError = void (*)(void* context, const char* kind, const char* message);

int allocate_fails_silently(DLTensor* prototype, DLManagedTensorVersioned** out, void* context,
                            SetError) {
  return right->managed_tensor_allocator(prototype, out, context,
                                         [](void*, const char*, const char*) {});
}

int allocate_raises(DLTensor* prototype, DLManagedTensorVersioned** out, void* context,
                    SetError set_error) {
  const int status = right->managed_tensor_allocator(prototype, out, context, set_error);
  if (status != 0) PyErr_SetString(PyExc_RuntimeError, "left behind by the table");
  return status;
}

int allocate_readonly(DLTensor* prototype, DLManagedTensorVersioned** out, void* context,
                      SetError set_error) {
  const int status = right->managed_tensor_allocator(prototype, out, context, set_error);
  if (status == 0) (*out)->flags |= DLPACK_FLAG_BITMASK_READ_ONLY;
  return status;
}

int allocate_reads_strides(DLTensor* prototype, DLManagedTensorVersioned** out, void* context,
                           SetError set_error) {
  if (prototype->strides == nullptr)
    return right->managed_tensor_allocator(prototype, out, context, set_error);
  set_error(context, "ValueError", "strides: given; limit: NULL");
  return -1;
}

int allocate_other_shape(DLTensor* prototype, DLManagedTensorVersioned** out, void* context,
                         SetError set_error) {
  const int status = right->managed_tensor_allocator(prototype, out, context, set_error);
  if (status == 0 && (*out)->dl_tensor.ndim > 0) --(*out)->dl_tensor.ndim;
  return status;
}

int allocate_needs_gil(DLTensor* prototype, DLManagedTensorVersioned** out, void* context,
                       SetError set_error) {
  const py::gil_scoped_acquire held;
  return right->managed_tensor_allocator(prototype, out, context, set_error);
}

// ---- current_work_stream

int stream_fails_silently(DLDeviceType type, std::int32_t id, void** out) {
  const int status = right->current_work_stream(type, id, out);
  PyErr_Clear();
  return status;
}

int stream_not_null(DLDeviceType type, std::int32_t id, void** out) {
  static int somewhere = 0;
  const int status = right->current_work_stream(type, id, out);
  if (status == 0 && type == kDLCPU) *out = &somewhere;
  return status;
}

int stream_always_default(DLDeviceType type, std::int32_t id, void** out) {
  const int status = right->current_work_stream(type, id, out);
  if (status == 0) *out = nullptr;
  return status;
}

int stream_never(DLDeviceType, std::int32_t, void**) {
  PyErr_SetString(PyExc_RuntimeError, "no stream");
  return -1;
}

template <class Function>
using Choices = std::map<std::string_view, Function>;

const Choices<DLPackManagedTensorFromPyObjectNoSync> kExports = {
    {"leaks-reference", export_leaks_reference},
    {"fails-silently", export_fails_silently},
    {"fails-with-zero", export_fails_with_zero},
    {"succeeds-with-error", export_succeeds_with_error},
    {"old-version", export_old_version},
    {"throws", export_throws},
    {"holds-nothing", export_holds_nothing},
    {"waits", export_waits},
};
const Choices<DLPackManagedTensorToPyObjectNoSync> kImports = {
    {"forgets", import_forgets},
    {"leaks-result", import_leaks_result},
    {"fails-silently", import_fails_silently},
    {"any-major", import_any_major},
    {"other-type", import_other_type},
    {"waits", import_waits},
};
const Choices<DLPackDLTensorFromPyObjectNoSync> kBorrows = {
    {"leaks-reference", borrow_leaks_reference},
    {"fails-silently", borrow_fails_silently},
    {"succeeds-with-error", borrow_succeeds_with_error},
    {"waits", borrow_waits},
};
const Choices<DLPackManagedTensorAllocator> kAllocators = {
    {"fails-silently", allocate_fails_silently},
    {"raises", allocate_raises},
    {"readonly", allocate_readonly},
    {"reads-strides", allocate_reads_strides},
    {"other-shape", allocate_other_shape},
    {"needs-gil", allocate_needs_gil},
};
const Choices<DLPackCurrentWorkStream> kStreams = {
    {"fails-silently", stream_fails_silently},
    {"not-null", stream_not_null},
    {"always-default", stream_always_default},
    {"never", stream_never},
};

template <class Function>
void choose(Function& slot, const Choices<Function>& choices, const std::string& name) {
  if (name.empty()) return;
  const auto found = choices.find(name);
  if (found != choices.end()) {
    slot = found->second;
    return;
  }
  std::string limit;
  for (const auto& [known, _] : choices) limit += (limit.empty() ? "" : ", ") + std::string(known);
  throw py::value_error("table: no function " + name + "; limit: " + limit);
}

void forget_slot(Table& table, const std::string& slot) {
  if (slot == "allocate") {
    table.managed_tensor_allocator = nullptr;
  } else if (slot == "export") {
    table.managed_tensor_from_py_object_no_sync = nullptr;
  } else if (slot == "import") {
    table.managed_tensor_to_py_object_no_sync = nullptr;
  } else if (slot == "borrow") {
    table.dltensor_from_py_object_no_sync = nullptr;
  } else if (slot == "stream") {
    table.current_work_stream = nullptr;
  } else {
    throw py::value_error("table: no slot " + slot +
                          "; limit: allocate, export, import, borrow, stream");
  }
}

/// Tables stay until the process ends, as the header asks.
std::deque<Table>& tables() {
  static auto* const all = new std::deque<Table>;
  return *all;
}

py::object table(const py::type& type, const std::string& name,
                 const std::pair<std::uint32_t, std::uint32_t>& version,
                 const std::vector<std::string>& null, const std::string& exports,
                 const std::string& imports, const std::string& borrow, const std::string& allocate,
                 const std::string& stream,
                 const std::vector<std::pair<std::uint32_t, std::uint32_t>>& chain) {
  const py::object given = type.attr("__dlpack_c_exchange_api__");
  right = static_cast<const Table*>(PyCapsule_GetPointer(given.ptr(), "dlpack_exchange_api"));
  if (right == nullptr) throw py::error_already_set();
  Table& made = tables().emplace_back(*right);
  made.header.version = {version.first, version.second};
  choose(made.managed_tensor_from_py_object_no_sync, kExports, exports);
  choose(made.managed_tensor_to_py_object_no_sync, kImports, imports);
  choose(made.dltensor_from_py_object_no_sync, kBorrows, borrow);
  choose(made.managed_tensor_allocator, kAllocators, allocate);
  choose(made.current_work_stream, kStreams, stream);
  for (const std::string& slot : null) forget_slot(made, slot);
  DLPackExchangeAPIHeader* last = &made.header;
  for (const auto& [major, minor] : chain) {
    Table& older = tables().emplace_back(*right);
    older.header.version = {major, minor};
    last->prev_api = &older.header;
    last = &older.header;
  }
  static auto* const names = new std::deque<std::string>;
  const char* kept = names->emplace_back(name).c_str();
  PyObject* capsule = PyCapsule_New(&made, kept, nullptr);
  if (capsule == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(capsule);
}

/// A consumer of tables, wrong in one thing. @return a capsule to consume at once, or None where
/// the type of `x` offers no usable table.
py::object export_by_table(const py::object& x, bool checks_major, bool holds_gil) {
  const py::object type = py::type::of(x);
  const py::object given = py::getattr(type, "__dlpack_c_exchange_api__", py::none());
  if (given.is_none()) return py::none();
  auto* header = static_cast<DLPackExchangeAPIHeader*>(
      PyCapsule_GetPointer(given.ptr(), "dlpack_exchange_api"));
  while (checks_major && header != nullptr && header->version.major != DLPACK_MAJOR_VERSION)
    header = header->prev_api;
  if (header == nullptr) return py::none();
  const auto call = reinterpret_cast<Table*>(header)->managed_tensor_from_py_object_no_sync;
  DLManagedTensorVersioned* tensor = nullptr;
  int status = 0;
  if (holds_gil) {
    status = call(x.ptr(), &tensor);
  } else {
    const py::gil_scoped_release released;
    status = call(x.ptr(), &tensor);
  }
  if (status != 0) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(PyCapsule_New(tensor, "dltensor_versioned", nullptr));
}

}  // namespace

void add_tables(py::module_& module) {
  module.def("export_by_table", export_by_table, py::arg("x"), py::kw_only(),
             py::arg("checks_major") = true, py::arg("holds_gil") = true,
             "A capsule by the exchange table of the type of an object, to be consumed at once.");
  module.def("table", table, py::arg("type"), py::kw_only(),
             py::arg("name") = "dlpack_exchange_api", py::arg("version") = std::pair(1, 3),
             py::arg("null") = std::vector<std::string>(), py::arg("exports") = "",
             py::arg("imports") = "", py::arg("borrow") = "", py::arg("allocate") = "",
             py::arg("stream") = "",
             py::arg("chain") = std::vector<std::pair<std::uint32_t, std::uint32_t>>(),
             "A capsule with a changed copy of a type's exchange table.");
}

}  // namespace dlpack_impl::faults
