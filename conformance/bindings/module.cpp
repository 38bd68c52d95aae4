#include <pybind11/pybind11.h>

#include <cerrno>
#include <exception>
#include <system_error>

#include "bindings/bindings.h"
#include "catalogue/error.h"

namespace {

namespace py = pybind11;

/// The only place where errors of C++ get their Python class.
void map_errors(py::module_& module) {
  py::register_exception<dlpack_conformance::CatalogueError>(module, "CatalogueError",
                                                             PyExc_ValueError);
  py::register_exception_translator([](std::exception_ptr error) {
    try {
      if (error) std::rethrow_exception(error);
    } catch (const std::system_error& system) {
      const py::object arguments = py::make_tuple(system.code().value(), system.what());
      PyErr_SetObject(PyExc_OSError, arguments.ptr());
    }
  });
}

}  // namespace

PYBIND11_MODULE(_core, module) {
  module.doc() = "Catalogue, case ids, plan, judge, record line, journal and C++ observations.";
  map_errors(module);
  dlpack_conformance::python::add_digest(module);
  dlpack_conformance::python::add_tables(module);
  dlpack_conformance::python::add_ids(module);
  dlpack_conformance::python::add_values(module);
  dlpack_conformance::python::add_facts(module);
  dlpack_conformance::python::add_observe(module);
  dlpack_conformance::python::add_exchange_table(module);
  dlpack_conformance::python::add_crafted(module);
  dlpack_conformance::python::add_plan(module);
  dlpack_conformance::python::add_rule_tables(module);
  dlpack_conformance::python::add_judge(module);
  dlpack_conformance::python::add_mutation(module);
  dlpack_conformance::python::add_journal(module);
}
