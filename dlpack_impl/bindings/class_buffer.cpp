// Classes of Python that give buffers, before Python 3.12: a base whose slots call the methods that
// later versions call themselves. A consumer can't tell the two apart.

#include <memory>

#include "parts.h"
#include "python.h"

namespace py = pybind11;

namespace dlpack_impl::python {
namespace {

/// What one request was given: kept until it comes back.
struct Given {
  Py_buffer inner;
  Ref view;  ///< the memoryview that `__buffer__` returned
};

int class_get(PyObject* self, Py_buffer* view, int flags) {
  view->obj = nullptr;
  Ref returned(PyObject_CallMethod(self, "__buffer__", "i", flags));
  if (!returned) return -1;
  if (!PyMemoryView_Check(returned.get())) {
    PyErr_Format(PyExc_TypeError, "__buffer__: %s; limit: a memoryview",
                 Py_TYPE(returned.get())->tp_name);
    return -1;
  }
  auto given = std::make_unique<Given>();
  if (PyObject_GetBuffer(returned.get(), &given->inner, flags) != 0) return -1;
  given->view = std::move(returned);
  *view = given->inner;
  view->internal = given.release();
  view->obj = self;
  Py_INCREF(self);
  return 0;
}

void class_release(PyObject* self, Py_buffer* view) {
  const KeepException pending;
  const std::unique_ptr<Given> given(static_cast<Given*>(view->internal));
  const Ref answer(PyObject_CallMethod(self, "__release_buffer__", "O", given->view.get()));
  if (!answer) PyErr_WriteUnraisable(self);
  PyBuffer_Release(&given->inner);
}

}  // namespace

void add_class_buffer(py::module_& module) {
  PyType_Slot slots[] = {
      {Py_tp_doc, const_cast<char*>("Base of classes with __buffer__(flags) and "
                                    "__release_buffer__(view), which Python calls from 3.12 on.")},
      {Py_bf_getbuffer, reinterpret_cast<void*>(class_get)},
      {Py_bf_releasebuffer, reinterpret_cast<void*>(class_release)},
      {0, nullptr},
  };
  PyType_Spec spec = {"dlpack_conformance._instrument.ClassBuffer", 0, 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
  module.attr("ClassBuffer") = checked(PyType_FromSpec(&spec));
}

}  // namespace dlpack_impl::python
