// What a probe does with a capsule by hand, step by step: look at its name, take its tensor, run
// the deleter in odd places, drop the capsule while an exception is pending.

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>

#include "capsule.h"
#include "fast.h"
#include "parts.h"
#include "values.h"

namespace py = pybind11;

namespace dlpack_impl::python {
namespace {

/// Sets an exception, does something, and says whether that one was pending afterwards, and which
/// class was.
/// @spec P-10
template <class Function>
py::tuple while_pending(Function&& function) {
  const Ref pending(PyObject_CallFunction(PyExc_LookupError, "s", "pending"));
  if (!pending) throw PythonErrorIsSet{};
  PyErr_SetObject(PyExc_LookupError, pending.get());
  function();
#if PY_VERSION_HEX >= 0x030C0000
  const Ref now(PyErr_GetRaisedException());
#else
  PyObject* type = nullptr;
  PyObject* value = nullptr;
  PyObject* traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  if (type != nullptr) PyErr_NormalizeException(&type, &value, &traceback);
  const Ref owned_type(type);
  const Ref now(value);
  const Ref owned_traceback(traceback);
#endif
  py::object name = py::none();
  if (now) name = py::str(Py_TYPE(now.get())->tp_name);
  return py::make_tuple(now.get() == pending.get(), name);
}

/// Drops the only reference to a capsule, which `holder`, a list of it alone, gives up.
py::tuple drop_pending(const py::list& holder) {
  if (holder.size() != 1 || Py_REFCNT(PyList_GET_ITEM(holder.ptr(), 0)) != 1) {
    refuse(error_types.invalid_argument, "holder", holder.ptr(),
           "a list of one object to which nothing else refers");
    throw PythonErrorIsSet{};
  }
  PyObject* capsule = PyList_GET_ITEM(holder.ptr(), 0);
  Py_INCREF(Py_None);
  PyList_SET_ITEM(holder.ptr(), 0, Py_None);
  return while_pending([capsule] { Py_DECREF(capsule); });
}

/// A tensor whose capsule was consumed: it is deleted when it is told to be, and otherwise never.
/// @spec P-08 C-10
class Taken {
 public:
  explicit Taken(const py::object& capsule) {
    if (!take(capsule.ptr(), managed_)) throw PythonErrorIsSet{};
  }

  /// Gives the tensor up, to be deleted by the caller.
  Managed release() {
    if (managed_.versioned == nullptr && managed_.legacy == nullptr) {
      PyErr_SetString(error_types.invalid_argument, "tensor: deleted; limit: one deletion");
      throw PythonErrorIsSet{};
    }
    return std::exchange(managed_, Managed{});
  }

 private:
  Managed managed_;
};

/// Deletes on a thread that Python does not know, which never has the GIL, while this thread, which
/// has it, calls `meanwhile`.
/// @spec P-11
void delete_elsewhere(Taken& taken, const py::object& meanwhile) {
  const Managed managed = taken.release();
  std::thread foreign([managed] { run_deleter(managed); });
  PyObject* result = meanwhile.is_none() ? nullptr : PyObject_CallNoArgs(meanwhile.ptr());
  const bool failed = result == nullptr && !meanwhile.is_none();
  Py_XDECREF(result);
  {
    const py::gil_scoped_release released;
    foreign.join();
  }
  if (failed) throw PythonErrorIsSet{};
}

/// Deletes on a thread that Python does not know, while this thread keeps the GIL for as long as a
/// deleter that does not wait for it may take.
/// @return change of the references to `object` meanwhile: 0, as nobody else had the GIL.
/// @spec P-11
Py_ssize_t delete_locked_out(Taken& taken, const py::object& object) {
  constexpr auto kPatience = std::chrono::milliseconds(20);
  constexpr auto kStep = std::chrono::microseconds(100);
  const Managed managed = taken.release();
  const Py_ssize_t before = Py_REFCNT(object.ptr());
  std::atomic<bool> returned = false;
  std::thread foreign([managed, &returned] {
    run_deleter(managed);
    returned = true;
  });
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!returned && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(kStep);
  const Py_ssize_t after = Py_REFCNT(object.ptr());
  {
    const py::gil_scoped_release released;
    foreign.join();
  }
  return after - before;
}

Managed kept_to_the_end;

/// Ends this process as one that returns from its main function: the interpreter first, then C's
/// handlers, of which the first deletes the tensor.
/// @spec P-12
[[noreturn]] void end_process(Taken& taken) {
  kept_to_the_end = taken.release();
  const bool arranged = std::atexit([] { run_deleter(kept_to_the_end); }) == 0;
  const bool finished = Py_FinalizeEx() == 0;
  std::exit(arranged && finished ? EXIT_SUCCESS : EXIT_FAILURE);
}

py::object capsule_name(const py::object& capsule) {
  if (!PyCapsule_CheckExact(capsule.ptr())) {
    refuse(error_types.type_mismatch, "capsule",
           reinterpret_cast<PyObject*>(Py_TYPE(capsule.ptr())), "a PyCapsule");
    throw PythonErrorIsSet{};
  }
  const char* name = PyCapsule_GetName(capsule.ptr());
  return name == nullptr ? py::object(py::none()) : py::str(name);
}

}  // namespace

void add_capsule_life(py::module_& module) {
  py::class_<Taken>(module, "Taken", "A tensor whose capsule was consumed; deleted when told to.")
      .def(py::init<const py::object&>(), py::arg("capsule"))
      .def(
          "delete", [](Taken& taken) { run_deleter(taken.release()); }, "Run the deleter here.")
      .def(
          "delete_pending",
          [](Taken& taken) {
            const Managed managed = taken.release();
            return while_pending([managed] { run_deleter(managed); });
          },
          "Run the deleter while an exception is pending.")
      .def("delete_elsewhere", delete_elsewhere, py::arg("meanwhile") = py::none(),
           "Run the deleter on a foreign thread without the GIL.")
      .def("delete_locked_out", delete_locked_out, py::arg("source"),
           "Run the deleter on a foreign thread while this one keeps the GIL.")
      .def("end_process", end_process, "Finalise Python, then run the deleter, then exit.");
  module.def("drop_pending", drop_pending, py::arg("holder"),
             "Drop the capsule in a list while an exception is pending.");
  module.def("capsule_name", capsule_name, py::arg("capsule"), "Name of any capsule.");
}

}  // namespace dlpack_impl::python
