// Wrappers that show exactly one face of the object they hold, so that no other way can carry the
// data. `BufferOnly` redirects the request to the root exporter, which works without PEP 688.

#include <cstddef>

#include "fast.h"

namespace dlpack_impl::python {
namespace {

struct Wrapper {
  PyObject_HEAD PyObject* held;
  PyObject* weak_references;
};

PyObject* wrapper_new(PyTypeObject* type, PyObject* args, PyObject* keywords) {
  if (keywords != nullptr && PyDict_GET_SIZE(keywords) != 0) {
    PyErr_Format(PyExc_TypeError, "%s() takes no keyword arguments", type->tp_name);
    return nullptr;
  }
  if (PyTuple_GET_SIZE(args) != 1) {
    PyErr_Format(PyExc_TypeError, "%s() takes 1 argument, got %zd", type->tp_name,
                 PyTuple_GET_SIZE(args));
    return nullptr;
  }
  auto* self = reinterpret_cast<Wrapper*>(type->tp_alloc(type, 0));
  if (self == nullptr) return nullptr;
  self->held = PyTuple_GET_ITEM(args, 0);
  Py_INCREF(self->held);
  return reinterpret_cast<PyObject*>(self);
}

int wrapper_traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(reinterpret_cast<Wrapper*>(self)->held);
  return 0;
}

int wrapper_clear(PyObject* self) {
  Py_CLEAR(reinterpret_cast<Wrapper*>(self)->held);
  return 0;
}

void wrapper_dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  if (reinterpret_cast<Wrapper*>(self)->weak_references != nullptr) PyObject_ClearWeakRefs(self);
  wrapper_clear(self);
  type->tp_free(self);
  Py_DECREF(type);
}

/// The held object; after the collector cleared it, NULL with ReferenceError set.
PyObject* held(PyObject* self) {
  PyObject* object = reinterpret_cast<Wrapper*>(self)->held;
  if (object == nullptr) PyErr_SetString(PyExc_ReferenceError, "the wrapped object is gone");
  return object;
}

/// Calls a method of the held object with the arguments exactly as they came.
PyObject* pass_on(PyObject* self, PyObject* name, PyObject* const* args, Py_ssize_t positional,
                  PyObject* keywords) {
  constexpr Py_ssize_t kMost = 16;
  PyObject* all[kMost + 1];
  const Py_ssize_t count = positional + (keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords));
  if (count > kMost)
    return PyErr_Format(PyExc_TypeError, "%U: %zd arguments, at most %zd", name, count, kMost);
  if ((all[0] = held(self)) == nullptr) return nullptr;
  for (Py_ssize_t i = 0; i < count; ++i) all[i + 1] = args[i];
  return PyObject_VectorcallMethod(name, all, static_cast<size_t>(positional) + 1, keywords);
}

PyObject* methods_dlpack(PyObject* self, PyObject* const* args, Py_ssize_t positional,
                         PyObject* keywords) {
  return pass_on(self, names.dlpack, args, positional, keywords);
}

PyObject* methods_device(PyObject* self, PyObject*) {
  return pass_on(self, names.dlpack_device, nullptr, 0, nullptr);
}

PyObject* array_array(PyObject* self, PyObject* const* args, Py_ssize_t positional,
                      PyObject* keywords) {
  return pass_on(self, names.array, args, positional, keywords);
}

template <PyObject* Names::*Name>
PyObject* attribute(PyObject* self, void*) {
  PyObject* object = held(self);
  return object == nullptr ? nullptr : PyObject_GetAttr(object, names.*Name);
}

int buffer_get(PyObject* self, Py_buffer* view, int flags) {
  PyObject* object = held(self);
  if (object == nullptr) {
    view->obj = nullptr;
    return -1;
  }
  return PyObject_GetBuffer(object, view, flags);
}

PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Wrapper, weak_references), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

PyMethodDef dlpack_methods[] = {
    {"__dlpack__", as_method<methods_dlpack>(), METH_FASTCALL | METH_KEYWORDS,
     "Passed on as given."},
    {"__dlpack_device__", methods_device, METH_NOARGS, "Passed on as given."},
    {nullptr, nullptr, 0, nullptr},
};

PyMethodDef array_methods[] = {
    {"__array__", as_method<array_array>(), METH_FASTCALL | METH_KEYWORDS, "Passed on as given."},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef interface_getters[] = {
    {"__array_interface__", attribute<&Names::array_interface>, nullptr, "That of the held object.",
     nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyGetSetDef struct_getters[] = {
    {"__array_struct__", attribute<&Names::array_struct>, nullptr, "That of the held object.",
     nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

struct Face {
  const char* name;
  const char* full_name;
  const char* text;
  PyType_Slot slot;
};

const Face kFaces[] = {
    {"MethodsOnly",
     "dlpack_conformance._instrument.MethodsOnly",
     "Shows only __dlpack__ and __dlpack_device__ of the object it holds.",
     {Py_tp_methods, dlpack_methods}},
    {"BufferOnly",
     "dlpack_conformance._instrument.BufferOnly",
     "Shows only the buffer protocol of the object it holds.",
     {Py_bf_getbuffer, reinterpret_cast<void*>(buffer_get)}},
    {"InterfaceOnly",
     "dlpack_conformance._instrument.InterfaceOnly",
     "Shows only __array_interface__ of the object it holds.",
     {Py_tp_getset, interface_getters}},
    {"StructOnly",
     "dlpack_conformance._instrument.StructOnly",
     "Shows only __array_struct__ of the object it holds.",
     {Py_tp_getset, struct_getters}},
    {"ArrayMethodOnly",
     "dlpack_conformance._instrument.ArrayMethodOnly",
     "Shows only __array__ of the object it holds.",
     {Py_tp_methods, array_methods}},
};

}  // namespace

bool add_wrapper_types(PyObject* module) {
  for (const Face& face : kFaces) {
    PyType_Slot slots[] = {
        {Py_tp_doc, const_cast<char*>(face.text)},
        {Py_tp_new, reinterpret_cast<void*>(wrapper_new)},
        {Py_tp_dealloc, reinterpret_cast<void*>(wrapper_dealloc)},
        {Py_tp_traverse, reinterpret_cast<void*>(wrapper_traverse)},
        {Py_tp_clear, reinterpret_cast<void*>(wrapper_clear)},
        {Py_tp_members, members},
        face.slot,
        {0, nullptr},
    };
    PyType_Spec spec = {face.full_name, static_cast<int>(sizeof(Wrapper)), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots};
    Ref type(PyType_FromSpec(&spec));
    if (!type || PyModule_AddObjectRef(module, face.name, type.get()) != 0) return false;
  }
  return true;
}

}  // namespace dlpack_impl::python
