// An exporter of buffers that does one thing wrong: it passes on the buffer of the object it holds,
// after that was changed.

#include <memory>

#include "tamper.h"

namespace dlpack_impl::faults {
namespace {

/// What is changed; nothing in a harmless twin.
struct Edits {
  bool gives_writing = false;  ///< gives a buffer to write over memory that may not be written
  bool alternates = false;     ///< every other request is told that the memory may not be written
  bool leaks = false;          ///< keeps the object of each request for ever
  Py_ssize_t more_bytes = 0;   ///< added to len of a simple request
};

class Buffer {
 public:
  Buffer(py::object held, const Edits& edits) : held_(std::move(held)), edits_(edits) {}

  [[nodiscard]] const py::object& held() const { return held_; }

  int give(PyObject* self, Py_buffer* view, int flags) {
    view->obj = nullptr;
    auto inner = std::make_unique<Py_buffer>();
    const int asked = edits_.gives_writing ? flags & ~PyBUF_WRITABLE : flags;
    if (PyObject_GetBuffer(held_.ptr(), inner.get(), asked) != 0) return -1;
    *view = *inner;
    if (edits_.gives_writing) view->readonly = 0;
    if (edits_.alternates && ++requests_ % 2 == 0) view->readonly = 1;
    if (edits_.leaks) held_.inc_ref();
    if (flags == PyBUF_SIMPLE) view->len += edits_.more_bytes;
    view->internal = inner.release();
    view->obj = self;
    Py_INCREF(self);
    return 0;
  }

  static void take_back(Py_buffer* view) {
    const std::unique_ptr<Py_buffer> inner(static_cast<Py_buffer*>(view->internal));
    PyBuffer_Release(inner.get());
  }

 private:
  py::object held_;
  Edits edits_;
  int requests_ = 0;
};

int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  return py::handle(self).cast<Buffer&>().give(self, view, flags);
}

void release_buffer(PyObject*, Py_buffer* view) { Buffer::take_back(view); }

/// pybind11's own buffers cannot say what is wrong here, so that the slots are set by hand.
void set_slots(PyHeapTypeObject* type) {
  type->ht_type.tp_as_buffer = &type->as_buffer;
  type->as_buffer.bf_getbuffer = get_buffer;
  type->as_buffer.bf_releasebuffer = release_buffer;
}

}  // namespace

void add_buffers(py::module_& module) {
  py::class_<Buffer>(module, "Buffer", py::custom_type_setup(set_slots),
                     "The buffer of the object it holds, with one thing wrong.")
      .def(py::init([](py::object held, bool gives_writing, bool alternates, bool leaks,
                       Py_ssize_t more_bytes) {
             return Buffer(std::move(held), Edits{gives_writing, alternates, leaks, more_bytes});
           }),
           py::arg("held"), py::kw_only(), py::arg("gives_writing") = false,
           py::arg("alternates") = false, py::arg("leaks") = false, py::arg("more_bytes") = 0)
      .def_property_readonly("held", &Buffer::held, "The object that has the true buffer.");
}

}  // namespace dlpack_impl::faults
