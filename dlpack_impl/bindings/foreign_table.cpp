// Exchange tables for consumers to meet: of another version, with older ones behind them, with
// functions missing. And the reference as such a consumer.

#include <dlpack_impl/error.h>
#include <dlpack_impl/exchange_api.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "capsule.h"
#include "fast.h"
#include "parts.h"

namespace py = pybind11;

namespace dlpack_impl::python {
namespace {

/// Calls of functions that nobody may call, because their table has another major version.
std::atomic<std::int64_t> stray_calls{0};

int note_stray() noexcept {
  stray_calls.fetch_add(1);
  if (PyGILState_Check() != 0) {
    PyErr_SetString(error_types.buffer_error,
                    "table version: another major version; limit: 1, beyond the header");
  }
  return -1;
}

DLPackExchangeAPI stray_table() noexcept {
  DLPackExchangeAPI table =
      make_table([](void*, DLManagedTensorVersioned**) noexcept { return note_stray(); },
                 [](DLManagedTensorVersioned*, void**) noexcept { return note_stray(); },
                 [](void*, DLTensor*) noexcept { return note_stray(); });
  table.managed_tensor_allocator = [](DLTensor*, DLManagedTensorVersioned**, void*,
                                      void (*)(void*, const char*, const char*)) noexcept {
    return note_stray();
  };
  table.current_work_stream = [](DLDeviceType, std::int32_t, void**) noexcept {
    return note_stray();
  };
  return table;
}

void leave_out(DLPackExchangeAPI& table, const std::string& slot) {
  if (slot == kExchangeSlots[0]) {
    table.managed_tensor_allocator = nullptr;
  } else if (slot == kExchangeSlots[1]) {
    table.managed_tensor_from_py_object_no_sync = nullptr;
  } else if (slot == kExchangeSlots[2]) {
    table.managed_tensor_to_py_object_no_sync = nullptr;
  } else if (slot == kExchangeSlots[3]) {
    table.dltensor_from_py_object_no_sync = nullptr;
  } else if (slot == kExchangeSlots[4]) {
    table.current_work_stream = nullptr;
  } else {
    throw InvalidArgument(
        detail::field_message("missing", slot, "a function of the exchange table"));
  }
}

DLPackExchangeAPI* table_in(const py::object& capsule) {
  DLCONFORM_EXPECTS(PyCapsule_IsValid(capsule.ptr(), kExchangeName) != 0, InvalidArgument,
                    detail::field_message("prev", Py_TYPE(capsule.ptr())->tp_name,
                                          "a capsule named 'dlpack_exchange_api', or None"));
  return static_cast<DLPackExchangeAPI*>(PyCapsule_GetPointer(capsule.ptr(), kExchangeName));
}

/// @spec X-05 X-07 X-08 X-10
py::object make_exchange_table(std::pair<std::uint32_t, std::uint32_t> version,
                               const py::object& prev, const std::vector<std::string>& missing) {
  const Ref own(exchange_capsule());
  if (!own) throw PythonErrorIsSet{};
  const auto* ours =
      static_cast<DLPackExchangeAPI*>(PyCapsule_GetPointer(own.get(), kExchangeName));
  auto table = std::make_unique<DLPackExchangeAPI>(
      version.first == DLPACK_MAJOR_VERSION ? *ours : stray_table());
  table->header.version = {version.first, version.second};
  if (!prev.is_none()) table->header.prev_api = &table_in(prev)->header;
  for (const std::string& slot : missing) leave_out(*table, slot);
  py::object capsule = checked(PyCapsule_New(table.get(), kExchangeName, nullptr));
  static_cast<void>(table.release());  // a table lives as long as the process
  return capsule;
}

/// The table that a consumer may use of what the type of `x` offers; none: `__dlpack__` is left.
/// @spec X-07 X-09 X-28
const DLPackExchangeAPIHeader* usable_header(const py::object& x) {
  const Ref capsule(
      PyObject_GetAttr(reinterpret_cast<PyObject*>(Py_TYPE(x.ptr())), names.exchange_api));
  if (!capsule) {
    if (PyErr_ExceptionMatches(PyExc_AttributeError) == 0) throw PythonErrorIsSet{};
    PyErr_Clear();
    return nullptr;
  }
  if (PyCapsule_IsValid(capsule.get(), kExchangeName) == 0) return nullptr;
  const auto* header = static_cast<const DLPackExchangeAPIHeader*>(
      PyCapsule_GetPointer(capsule.get(), kExchangeName));
  try {
    const ForeignTable usable(*header);
  } catch (const BufferError&) {
    return nullptr;
  }
  return header;
}

py::object from_exchange_api(const py::object& x) {
  const DLPackExchangeAPIHeader* header = usable_header(x);
  if (header == nullptr) {
    PyObject* argument = x.ptr();
    return checked(import_object(nullptr, &argument, 1, nullptr));
  }
  return checked(
      array_of_import(StoragePtr(new Storage(ForeignTable(*header).export_object(x.ptr())))));
}

}  // namespace

void add_foreign_table(py::module_& module) {
  module.def("make_exchange_table", make_exchange_table, py::kw_only(),
             py::arg("version") = std::pair<std::uint32_t, std::uint32_t>(kNewestVersion.major,
                                                                          kNewestVersion.minor),
             py::arg("prev") = py::none(), py::arg("missing") = std::vector<std::string>(),
             "A new exchange table for arrays of ours, kept until the process ends.");
  module.def(
      "stray_table_calls", [] { return stray_calls.load(); },
      "Calls so far of functions of tables of another major version.");
  module.def("from_exchange_api", from_exchange_api, py::arg("x"),
             "Import by the exchange table of the object's type, by __dlpack__ where there is no "
             "usable one.");
}

}  // namespace dlpack_impl::python
