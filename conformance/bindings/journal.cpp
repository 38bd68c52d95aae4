#include "core/journal.h"

#include <pybind11/stl.h>

#include <memory>
#include <optional>

#include "bindings/bindings.h"
#include "bindings/convert.h"

namespace dlpack_conformance::python {
namespace {

using JournalPtr = std::shared_ptr<Journal>;

constexpr const char* kStepOwner = "dlpack_conformance.journal";

JournalPtr& step_owner(PyObject* capsule) {
  return *static_cast<JournalPtr*>(PyCapsule_GetPointer(capsule, kStepOwner));
}

/// `step(index, step)`. It runs several times a case, where pybind11's dispatch would cost more
/// than all else in it.
PyObject* fast_step(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  if (count != 2) {
    PyErr_Format(PyExc_TypeError, "step() takes 2 arguments, index and step; %zd given", count);
    return nullptr;
  }
  const long long index = PyLong_AsLongLong(args[0]);
  if (index == -1 && PyErr_Occurred() != nullptr) return nullptr;
  const long step = PyLong_AsLong(args[1]);
  if (step == -1 && PyErr_Occurred() != nullptr) return nullptr;
  step_owner(self)->step(index, static_cast<std::int32_t>(step));
  Py_RETURN_NONE;
}

PyMethodDef step_definition = {
    "step", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&fast_step)), METH_FASTCALL,
    "Written before each step."};

py::object bound_step(const JournalPtr& journal) {
  const auto capsule = py::reinterpret_steal<py::object>(PyCapsule_New(
      new JournalPtr(journal), kStepOwner, [](PyObject* self) { delete &step_owner(self); }));
  if (!capsule) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(PyCFunction_New(&step_definition, capsule.ptr()));
}

}  // namespace

void add_journal(py::module_& module) {
  py::class_<Journal, JournalPtr> journal(module, "Journal", py::is_final(), py::dynamic_attr());
  journal
      .def(py::init([](std::optional<int> fd) {
             return fd ? std::make_shared<Journal>(*fd) : std::make_shared<Journal>();
           }),
           py::arg("fd") = py::none())
      .def("__getattr__",
           [](const py::object& self, const std::string& name) {
             if (name != "step")
               throw py::attribute_error("Journal has no attribute '" + name + "'");
             py::object step = bound_step(self.cast<JournalPtr>());
             self.attr("step") = step;  // found without `__getattr__` from now on
             return step;
           })
      .def_property_readonly("fd", &Journal::fd)
      .def("read",
           [](const Journal& self) {
             const JournalEntry entry = self.read();
             return py::make_tuple(entry.case_index, entry.step, entry.beat);
           })
      .def_property_readonly("touched", [](const Journal& self) { return self.read().touched; })
      .def_property_readonly(
          "touch_word",
          [](Journal& self) { return reinterpret_cast<std::uintptr_t>(self.touch_word()); })
      .def("clear", &Journal::clear);
  journal.attr("STEPS") = texts(journal_steps());
}

}  // namespace dlpack_conformance::python
