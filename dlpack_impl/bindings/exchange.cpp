// A foreign exchange table, used from Python: found on the type, version first, older tables by the
// chain.

#include <dlpack_impl/error.h>
#include <dlpack_impl/exchange_api.h>

#include <optional>
#include <utility>

#include "capsule.h"
#include "fast.h"
#include "parts.h"
#include "values.h"

namespace py = pybind11;

namespace dlpack_impl::python {
namespace {

/// The table that `type` offers, or none where it has no such attribute. The table lives as long as
/// the process.
/// @throws TypeMismatch, InvalidArgument  the attribute is no capsule of the right name. @spec X-02
/// X-03 X-05
const DLPackExchangeAPIHeader* find_table(PyObject* type) {
  const Ref capsule(PyObject_GetAttr(type, names.exchange_api));
  if (!capsule) {
    if (PyErr_ExceptionMatches(PyExc_AttributeError) == 0) throw PythonErrorIsSet{};
    PyErr_Clear();
    return nullptr;
  }
  if (!PyCapsule_CheckExact(capsule.get())) {
    refuse(error_types.type_mismatch, "__dlpack_c_exchange_api__", capsule.get(), "a PyCapsule");
    throw PythonErrorIsSet{};
  }
  if (PyCapsule_IsValid(capsule.get(), kExchangeName) == 0) {
    refuse(error_types.invalid_argument, "__dlpack_c_exchange_api__", capsule.get(),
           "a capsule named 'dlpack_exchange_api'");
    throw PythonErrorIsSet{};
  }
  return static_cast<DLPackExchangeAPIHeader*>(PyCapsule_GetPointer(capsule.get(), kExchangeName));
}

ForeignTable table_of(PyObject* type) {
  const DLPackExchangeAPIHeader* header = find_table(type);
  DLCONFORM_EXPECTS(header != nullptr, BufferError,
                    detail::field_message("type", reinterpret_cast<PyTypeObject*>(type)->tp_name,
                                          "a type with __dlpack_c_exchange_api__"));
  return ForeignTable(*header);
}

PyObject* type_of(const py::object& x) noexcept {
  return reinterpret_cast<PyObject*>(Py_TYPE(x.ptr()));
}

void expect_type(const py::object& type) {
  if (PyType_Check(type.ptr())) return;
  refuse(error_types.type_mismatch, "type", type.ptr(), "a type");
  throw PythonErrorIsSet{};
}

py::object exchange_table(const py::object& type_or_capsule) {
  const DLPackExchangeAPIHeader* header = nullptr;
  if (PyCapsule_CheckExact(type_or_capsule.ptr())) {
    if (PyCapsule_IsValid(type_or_capsule.ptr(), kExchangeName) == 0) {
      refuse(error_types.invalid_argument, "capsule", type_or_capsule.ptr(),
             "the name 'dlpack_exchange_api'");
      throw PythonErrorIsSet{};
    }
    header = static_cast<DLPackExchangeAPIHeader*>(
        PyCapsule_GetPointer(type_or_capsule.ptr(), kExchangeName));
  } else {
    expect_type(type_or_capsule);
    header = find_table(type_or_capsule.ptr());
  }
  if (header == nullptr) return py::none();
  const TableDescription described = describe_table(*header);
  py::dict slots;
  for (std::size_t i = 0; i < kExchangeSlots.size(); ++i)
    slots[kExchangeSlots[i]] = described.slots[i];
  py::list chain;
  for (const Version version : described.chain)
    chain.append(py::make_tuple(version.major, version.minor));
  py::dict table;
  table["address"] = reinterpret_cast<std::uintptr_t>(header);
  table["version"] = py::make_tuple(described.version.major, described.version.minor);
  table["slots"] = slots;
  table["chain"] = chain;
  table["chain_ends"] = described.chain_ends;
  return table;
}

/// A function that says it succeeded and leaves an exception behind did not succeed: the exception
/// goes to the caller. @spec X-12
void expect_no_exception() {
  if (PyErr_Occurred() != nullptr) throw PythonErrorIsSet{};
}

py::object exchange_export(const py::object& x) {
  VersionedPtr managed = table_of(type_of(x)).export_object(x.ptr());
  if (PyErr_Occurred() != nullptr) {
    const KeepException kept;  // the deleter may enter Python
    managed.reset();
  }
  expect_no_exception();
  return checked(make_foreign_capsule(std::move(managed)));
}

py::object exchange_import(const py::object& capsule, const py::object& type) {
  expect_type(type);
  const ForeignTable table = table_of(type.ptr());
  Managed managed;
  if (!look(capsule.ptr(), managed)) throw PythonErrorIsSet{};
  DLCONFORM_EXPECTS(
      managed.versioned != nullptr, BufferError,
      detail::field_message("capsule name", PyCapsule_GetName(capsule.ptr()), kVersionedName));
  if (!take(capsule.ptr(), managed)) throw PythonErrorIsSet{};
  py::object object =
      checked(static_cast<PyObject*>(table.import_object(VersionedPtr(managed.versioned))));
  expect_no_exception();
  return object;
}

py::dict exchange_borrow(const py::object& x) {
  DLTensor tensor{};
  table_of(type_of(x)).borrow_object(x.ptr(), tensor);
  expect_no_exception();
  const auto rank = static_cast<std::size_t>(tensor.ndim);
  const auto row = [rank](const std::int64_t* numbers) {
    return numbers == nullptr ? py::object(py::none()) : checked(from_integers(numbers, rank));
  };
  py::dict fields;
  fields["data"] = reinterpret_cast<std::uintptr_t>(tensor.data);
  fields["byte_offset"] = tensor.byte_offset;
  fields["device"] =
      py::make_tuple(static_cast<std::int32_t>(tensor.device.device_type), tensor.device.device_id);
  fields["dtype"] = py::make_tuple(tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes);
  fields["shape"] = row(tensor.shape);
  fields["strides"] = row(tensor.strides);
  return fields;
}

py::object exchange_allocate(const py::object& type, const py::object& dtype,
                             const py::object& shape, const py::object& device) {
  expect_type(type);
  const DType element = dtype_from(dtype.ptr());
  std::vector<std::int64_t> extents = integers_from(shape.ptr(), "shape");
  const Device on = device_from(device.ptr(), "device");
  DLTensor prototype{};
  prototype.ndim = static_cast<std::int32_t>(extents.size());
  prototype.shape = extents.data();
  prototype.dtype = {element.code, element.bits, element.lanes};
  prototype.device = {static_cast<DLDeviceType>(on.type), on.id};
  const ForeignTable table = table_of(type.ptr());
  VersionedPtr managed;
  {
    const py::gil_scoped_release released;  // the allocator needs no Python of its own
    managed = table.allocate(prototype);
  }
  return checked(make_foreign_capsule(std::move(managed)));
}

py::object exchange_stream(const py::object& type, const py::object& device) {
  expect_type(type);
  void* stream = table_of(type.ptr()).current_stream(device_from(device.ptr(), "device"));
  expect_no_exception();
  if (stream == nullptr) return py::none();
  return py::int_(reinterpret_cast<std::uintptr_t>(stream));
}

}  // namespace

void add_exchange(py::module_& module) {
  module.def("exchange_table", exchange_table, py::arg("type_or_capsule"),
             "Version, slots and chain of an exchange table; None where the type offers none.");
  module.def("exchange_export", exchange_export, py::arg("x"),
             "Export an object through its own type's exchange table.");
  module.def("exchange_import", exchange_import, py::arg("capsule"), py::arg("type_"),
             "Import a versioned capsule through the exchange table of a type.");
  module.def("exchange_borrow", exchange_borrow, py::arg("x"),
             "The fields that the non-owning export of the object's type fills in.");
  module.def("exchange_allocate", exchange_allocate, py::arg("type_"), py::arg("dtype"),
             py::arg("shape"), py::arg("device") = py::make_tuple(1, 0),
             "A new tensor by the allocator of a type's table, as a capsule.");
  module.def("exchange_stream", exchange_stream, py::arg("type_"),
             py::arg("device") = py::make_tuple(1, 0),
             "The stream on which the type's library would work now; None for NULL.");
}

}  // namespace dlpack_impl::python
