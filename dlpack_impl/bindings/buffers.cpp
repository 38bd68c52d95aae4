// The buffer protocol and `__array_struct__` from the other side: a request as a consumer makes it,
// a struct as a consumer reads it, and an exporter that keeps count of what it was asked for.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "parts.h"
#include "python.h"

namespace py = pybind11;

namespace dlpack_impl::python {
namespace {

struct Kind {
  const char* name;
  int flags;
};

/// Requests as the documentation of the protocol names them.
constexpr Kind kKinds[] = {
    {"simple", PyBUF_SIMPLE},
    {"writable", PyBUF_WRITABLE},
    {"nd", PyBUF_ND},
    {"strides", PyBUF_STRIDES},
    {"c-contiguous", PyBUF_C_CONTIGUOUS},
    {"f-contiguous", PyBUF_F_CONTIGUOUS},
    {"any-contiguous", PyBUF_ANY_CONTIGUOUS},
    {"contig", PyBUF_CONTIG},
    {"strided", PyBUF_STRIDED},
    {"records", PyBUF_RECORDS},
    {"records-ro", PyBUF_RECORDS_RO},
    {"full", PyBUF_FULL},
    {"full-ro", PyBUF_FULL_RO},
};

/// @throws ValueError  no such kind.
int flags_of(const std::string& kind) {
  for (const Kind& row : kKinds) {
    if (kind == row.name) return row.flags;
  }
  std::string limit;
  for (const Kind& row : kKinds) limit += (limit.empty() ? "" : ", ") + std::string(row.name);
  throw py::value_error("kind: " + kind + "; limit: one of " + limit);
}

/// Name of a request; of one that has none, its number.
std::string kind_of(int flags) {
  for (const Kind& row : kKinds) {
    if (flags == row.flags) return row.name;
  }
  return std::to_string(flags);
}

py::object sizes(const Py_ssize_t* numbers, int count) {
  if (numbers == nullptr) return py::none();
  py::tuple result(static_cast<std::size_t>(std::max(count, 0)));
  for (int axis = 0; axis < count; ++axis) result[static_cast<std::size_t>(axis)] = numbers[axis];
  return result;
}

py::object address(const void* pointer) { return py::int_(reinterpret_cast<std::size_t>(pointer)); }

/// Members of the buffer that `x` gives for one request; it is released before the return.
py::dict request_buffer(const py::object& x, const std::string& kind) {
  Py_buffer view;
  if (PyObject_GetBuffer(x.ptr(), &view, flags_of(kind)) != 0) throw PythonErrorIsSet{};
  const std::unique_ptr<Py_buffer, void (*)(Py_buffer*)> released(&view, PyBuffer_Release);
  py::list nulls;
  if (view.buf == nullptr) nulls.append("buf");
  if (view.format == nullptr) nulls.append("format");
  if (view.shape == nullptr) nulls.append("shape");
  if (view.strides == nullptr) nulls.append("strides");
  if (view.suboffsets == nullptr) nulls.append("suboffsets");
  using namespace py::literals;
  const auto format = view.format == nullptr ? py::object(py::none()) : py::str(view.format);
  return py::dict("address"_a = address(view.buf), "nbytes"_a = view.len,
                  "item_bytes"_a = view.itemsize, "readonly"_a = view.readonly != 0,
                  "ndim"_a = view.ndim, "format"_a = format,
                  "shape"_a = sizes(view.shape, view.ndim),
                  "strides"_a = sizes(view.strides, view.ndim), "nulls"_a = nulls);
}

/// `PyArrayInterface` as NumPy documents it. @spec R-31
struct ArrayInterface {
  int two;
  int nd;
  char typekind;
  int itemsize;
  int flags;
  Py_ssize_t* shape;
  Py_ssize_t* strides;
  void* data;
  PyObject* descr;
};

/// Members of the struct in the capsule of an `__array_struct__`; only `two` where that is wrong.
py::dict read_array_struct(const py::object& capsule) {
  if (!PyCapsule_CheckExact(capsule.ptr())) {
    throw py::type_error("capsule: " + std::string(Py_TYPE(capsule.ptr())->tp_name) +
                         "; limit: a PyCapsule");
  }
  const auto* found = static_cast<const ArrayInterface*>(
      PyCapsule_GetPointer(capsule.ptr(), PyCapsule_GetName(capsule.ptr())));
  if (found == nullptr) throw PythonErrorIsSet{};
  using namespace py::literals;
  py::dict result("two"_a = found->two);
  if (found->two != 2) return result;
  result["ndim"] = found->nd;
  result["kind"] = std::string(1, found->typekind);
  result["item_bytes"] = found->itemsize;
  result["flags"] = found->flags;
  result["shape"] = sizes(found->shape, found->nd);
  result["strides"] = sizes(found->strides, found->nd);
  result["address"] = address(found->data);
  result["has_context"] = PyCapsule_GetContext(capsule.ptr()) != nullptr;
  PyErr_Clear();
  return result;
}

// ---- an exporter that keeps count

struct Counted {
  PyObject_HEAD PyObject* held;
  PyObject* weak_references;
  std::vector<int>* asked;
  Py_ssize_t granted;
  Py_ssize_t released;
};

Counted& counted(PyObject* object) { return *reinterpret_cast<Counted*>(object); }

PyObject* counted_new(PyTypeObject* type, PyObject* args, PyObject*) {
  if (PyTuple_GET_SIZE(args) < 1) {
    PyErr_SetString(PyExc_TypeError, "LoggedBuffer() takes the object that has the buffer");
    return nullptr;
  }
  Ref self(type->tp_alloc(type, 0));
  if (!self) return nullptr;
  Counted& made = counted(self.get());
  made.asked = new (std::nothrow) std::vector<int>();
  if (made.asked == nullptr) return PyErr_NoMemory();
  made.held = PyTuple_GET_ITEM(args, 0);
  Py_INCREF(made.held);
  return self.release();
}

/// Subclasses take further arguments for their own use.
int counted_init(PyObject*, PyObject*, PyObject*) { return 0; }

int counted_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(counted(self).held);
  return 0;
}

int counted_clear(PyObject* self) {
  Py_CLEAR(counted(self).held);
  return 0;
}

void counted_dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  if (counted(self).weak_references != nullptr) PyObject_ClearWeakRefs(self);
  counted_clear(self);
  delete counted(self).asked;
  type->tp_free(self);
  Py_DECREF(type);
}

int counted_get(PyObject* self, Py_buffer* view, int flags) {
  Counted& log = counted(self);
  view->obj = nullptr;
  if (log.held == nullptr) {
    PyErr_SetString(PyExc_ReferenceError, "the held object is gone");
    return -1;
  }
  try {
    log.asked->push_back(flags);
    auto inner = std::make_unique<Py_buffer>();
    if (PyObject_GetBuffer(log.held, inner.get(), flags) != 0) return -1;
    *view = *inner;
    view->internal = inner.release();
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
    return -1;
  }
  Py_INCREF(self);
  view->obj = self;
  ++log.granted;
  return 0;
}

void counted_release(PyObject* self, Py_buffer* view) {
  auto* inner = static_cast<Py_buffer*>(view->internal);
  PyBuffer_Release(inner);
  delete inner;
  ++counted(self).released;
}

PyObject* counted_asked(PyObject* self, void*) {
  const std::vector<int>& asked = *counted(self).asked;
  Ref names(PyTuple_New(static_cast<Py_ssize_t>(asked.size())));
  if (!names) return nullptr;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    PyObject* name = PyUnicode_FromString(kind_of(asked[i]).c_str());
    if (name == nullptr) return nullptr;
    PyTuple_SET_ITEM(names.get(), static_cast<Py_ssize_t>(i), name);
  }
  return names.release();
}

PyMemberDef counted_members[] = {
    {"granted", T_PYSSIZET, offsetof(Counted, granted), READONLY, "Buffers given so far."},
    {"released", T_PYSSIZET, offsetof(Counted, released), READONLY, "Buffers given back so far."},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Counted, weak_references), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

PyGetSetDef counted_getters[] = {
    {"asked", counted_asked, nullptr, "Kinds of all requests, in order.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

py::object counted_type() {
  PyType_Slot slots[] = {
      {Py_tp_doc, const_cast<char*>("The buffer of the object it holds, every request counted; "
                                    "subclasses may show more.")},
      {Py_tp_new, reinterpret_cast<void*>(counted_new)},
      {Py_tp_init, reinterpret_cast<void*>(counted_init)},
      {Py_tp_dealloc, reinterpret_cast<void*>(counted_dealloc)},
      {Py_tp_traverse, reinterpret_cast<void*>(counted_traverse)},
      {Py_tp_clear, reinterpret_cast<void*>(counted_clear)},
      {Py_bf_getbuffer, reinterpret_cast<void*>(counted_get)},
      {Py_bf_releasebuffer, reinterpret_cast<void*>(counted_release)},
      {Py_tp_members, counted_members},
      {Py_tp_getset, counted_getters},
      {0, nullptr},
  };
  PyType_Spec spec = {"dlpack_conformance._instrument.LoggedBuffer",
                      static_cast<int>(sizeof(Counted)), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE, slots};
  return checked(PyType_FromSpec(&spec));
}

}  // namespace

void add_buffers(py::module_& module) {
  module.attr("LoggedBuffer") = counted_type();
  module.def("request_buffer", request_buffer, py::arg("x"), py::arg("kind"),
             "Members of the buffer that an object gives for one kind of request.");
  module.def("read_array_struct", read_array_struct, py::arg("capsule"),
             "Members of the struct in the capsule of an __array_struct__.");
}

}  // namespace dlpack_impl::python
