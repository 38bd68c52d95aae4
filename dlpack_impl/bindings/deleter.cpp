// `call_deleter`: run a capsule's deleter where a consumer may run it, also on a thread that Python
// does not know.

#include <string>
#include <thread>

#include "capsule.h"
#include "fast.h"
#include "parts.h"
#include "values.h"

namespace py = pybind11;

namespace dlpack_impl::python {
namespace {

/// @spec P-11 C-51
void call_deleter(const py::object& capsule, const py::object& thread, bool gil) {
  const std::string_view where = text_from(thread.ptr(), "thread");
  if (where != "main" && where != "t1") {
    refuse(error_types.invalid_argument, "thread", thread.ptr(), "main or t1");
    throw PythonErrorIsSet{};
  }
  Managed managed;
  if (!take(capsule.ptr(), managed)) throw PythonErrorIsSet{};
  if (where == "main" && gil) {
    run_deleter(managed);
    return;
  }
  const py::gil_scoped_release released;
  if (where == "main") {
    run_deleter(managed);
    return;
  }
  std::thread foreign([&] {
    if (!gil) {
      run_deleter(managed);
      return;
    }
    const PyGILState_STATE state = PyGILState_Ensure();
    run_deleter(managed);
    PyGILState_Release(state);
  });
  foreign.join();
}

}  // namespace

void add_deleter(py::module_& module) {
  module.def("call_deleter", call_deleter, py::arg("capsule"), py::kw_only(),
             py::arg("thread") = "t1", py::arg("gil") = false,
             "Take the capsule over and run its deleter, here or on a foreign thread.");
}

}  // namespace dlpack_impl::python
