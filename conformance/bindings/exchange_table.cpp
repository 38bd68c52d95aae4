// `ExchangeTable`: the functions of a foreign table called raw from Python, with facts of each
// call.

#include "observe/exchange_table.h"

#include <pybind11/stl.h>

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bindings/bindings.h"
#include "catalogue/error.h"

namespace dlpack_conformance::python {
namespace {

constexpr const char* kExchangeName = "dlpack_exchange_api";
constexpr const char* kVersionedName = "dltensor_versioned";
constexpr const char* kUsedVersionedName = "used_dltensor_versioned";
constexpr int kPatience = 1000;  // milliseconds; a call takes some microseconds

bool error_pends() { return PyErr_Occurred() != nullptr; }

/// A deleter of another library may enter Python while the exception of a consumer is pending.
void drop_unconsumed(PyObject* capsule) {
  if (PyCapsule_IsValid(capsule, kVersionedName) == 0) return;
  const py::error_scope kept;
  const dlpack_impl::VersionedPtr managed(
      static_cast<DLManagedTensorVersioned*>(PyCapsule_GetPointer(capsule, kVersionedName)));
}

py::object capsule_of(dlpack_impl::VersionedPtr managed) {
  if (managed == nullptr) return py::none();
  PyObject* capsule = PyCapsule_New(managed.get(), kVersionedName, drop_unconsumed);
  if (capsule == nullptr) throw py::error_already_set();
  static_cast<void>(managed.release());
  return py::reinterpret_steal<py::object>(capsule);
}

DLManagedTensorVersioned* versioned_in(const py::object& capsule) {
  if (PyCapsule_IsValid(capsule.ptr(), kVersionedName) == 0) {
    throw CatalogueError("ExchangeTable", "capsule", py::cast<std::string>(py::str(capsule)),
                         "a capsule named dltensor_versioned");
  }
  return static_cast<DLManagedTensorVersioned*>(
      PyCapsule_GetPointer(capsule.ptr(), kVersionedName));
}

DLDevice device_of(std::pair<std::int32_t, std::int32_t> device) {
  return {static_cast<DLDeviceType>(device.first), device.second};
}

void raise_pending() {
  if (PyErr_Occurred() != nullptr) throw py::error_already_set();
}

/// A table that a type offers. Tables live as long as the process, so nothing is kept.
class ExchangeTable {
 public:
  explicit ExchangeTable(const py::object& capsule) {
    if (PyCapsule_IsValid(capsule.ptr(), kExchangeName) == 0) {
      throw CatalogueError("ExchangeTable", "capsule", py::cast<std::string>(py::str(capsule)),
                           "a capsule named dlpack_exchange_api");
    }
    header_ = static_cast<const DLPackExchangeAPIHeader*>(
        PyCapsule_GetPointer(capsule.ptr(), kExchangeName));
  }

  [[nodiscard]] std::uintptr_t address() const { return reinterpret_cast<std::uintptr_t>(header_); }

  void describe(FactsObject& facts) const { observe_table(facts.facts, *header_); }

  [[nodiscard]] py::object export_object(FactsObject& facts, const py::object& x) const {
    py::object capsule = capsule_of(caller().export_object(facts.facts, x.ptr()));
    raise_pending();
    return capsule;
  }

  [[nodiscard]] bool borrow(FactsObject& facts, const py::object& x, const py::object& owned,
                            std::uintptr_t origin, std::pair<std::int64_t, std::int64_t> span,
                            const py::bytes& raw) const {
    const std::string_view bytes = raw;
    const bool filled = caller().borrow_object(
        facts.facts, x.ptr(), owned.is_none() ? nullptr : versioned_in(owned),
        {.origin = {.first = origin, .begin = span.first, .end = span.second},
         .raw = std::as_bytes(std::span(bytes))});
    raise_pending();
    return filled;
  }

  [[nodiscard]] py::object import_capsule(FactsObject& facts, const py::object& capsule) const {
    DLManagedTensorVersioned* stolen = versioned_in(capsule);
    if (PyCapsule_SetName(capsule.ptr(), kUsedVersionedName) != 0) throw py::error_already_set();
    auto object = py::reinterpret_steal<py::object>(
        static_cast<PyObject*>(caller().import_tensor(facts.facts, stolen)));
    raise_pending();
    return object ? object : py::none();
  }

  void stream(FactsObject& facts, std::pair<std::int32_t, std::int32_t> device) const {
    caller().current_stream(facts.facts, device_of(device));
    raise_pending();
  }

  [[nodiscard]] py::object allocate(FactsObject& facts, std::array<std::uint16_t, 3> dtype,
                                    std::vector<std::int64_t> shape,
                                    std::pair<std::int32_t, std::int32_t> device, bool poisoned,
                                    const std::string& thread) const {
    const AskedTensor asked{.dtype = {static_cast<std::uint8_t>(dtype[0]),
                                      static_cast<std::uint8_t>(dtype[1]), dtype[2]},
                            .shape = std::move(shape),
                            .device = device_of(device),
                            .poisoned = poisoned};
    if (thread != "main" && thread != "t1" && thread != "t1-gil-held")
      throw CatalogueError("ExchangeTable", "thread", thread, "main, t1, t1-gil-held");
    py::object capsule = capsule_of(
        thread == "main" ? caller().allocate(facts.facts, asked)
                         : caller().allocate_on_thread(facts.facts, asked, [&](const auto& done) {
                             if (thread == "t1-gil-held") {
                               facts.facts.table_without_gil = done(kPatience);
                             }
                             const py::gil_scoped_release released;
                             while (!done(kPatience)) {
                             }
                           }));
    raise_pending();
    return capsule;
  }

 private:
  /// @throws CatalogueError  of another major version there is nothing but the header to be read.
  [[nodiscard]] TableCaller caller() const {
    if (header_->version.major != DLPACK_MAJOR_VERSION) {
      throw CatalogueError("ExchangeTable", "major version", std::to_string(header_->version.major),
                           "1");
    }
    return TableCaller(*reinterpret_cast<const DLPackExchangeAPI*>(header_), error_pends);
  }

  const DLPackExchangeAPIHeader* header_ = nullptr;
};

}  // namespace

void add_exchange_table(py::module_& module) {
  py::class_<ExchangeTable>(module, "ExchangeTable")
      .def(py::init<const py::object&>(), py::arg("capsule"))
      .def_property_readonly("address", &ExchangeTable::address)
      .def("describe", &ExchangeTable::describe, py::arg("facts"))
      .def("export", &ExchangeTable::export_object, py::arg("facts"), py::arg("x"))
      .def("borrow", &ExchangeTable::borrow, py::arg("facts"), py::arg("x"),
           py::arg("owned") = py::none(), py::arg("origin") = 0,
           py::arg("span") = std::pair<std::int64_t, std::int64_t>{0, 0},
           py::arg("raw") = py::bytes())
      .def("take", &ExchangeTable::import_capsule, py::arg("facts"), py::arg("capsule"))
      .def("stream", &ExchangeTable::stream, py::arg("facts"),
           py::arg("device") = std::pair<std::int32_t, std::int32_t>{1, 0})
      .def("allocate", &ExchangeTable::allocate, py::arg("facts"), py::arg("dtype"),
           py::arg("shape"), py::kw_only(),
           py::arg("device") = std::pair<std::int32_t, std::int32_t>{1, 0},
           py::arg("poisoned") = false, py::arg("thread") = "main");
}

}  // namespace dlpack_conformance::python
