#include "core/mutation.h"

#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "core/plan.h"

namespace dlpack_conformance::python {
namespace {

using namespace py::literals;

py::list rows(const MutationTest& test) {
  py::list all;
  for (std::size_t at = 0; at < test.all().size(); ++at) {
    const Mutant& mutant = test.all()[at];
    const auto& killed_by = test.killed_by(at);
    all.append(py::dict("rule"_a = mutant.rule, "change"_a = mutant.change,
                        "killed_by"_a = killed_by ? py::cast(*killed_by) : py::none()));
  }
  return all;
}

/// Tries all mutants that live on cases of one plan, given by index and facts as a record has them.
std::size_t show(MutationTest& test, const Plan& plan, const py::iterable& cases) {
  std::size_t killed = 0;
  for (const py::handle one : cases) {
    const auto [index, facts] = one.cast<std::pair<std::size_t, py::dict>>();
    const Case subject = plan.at(index);
    killed += test.show(subject, expanded_facts(subject, facts), subject.id);
  }
  return killed;
}

}  // namespace

void add_mutation(py::module_& module) {
  py::class_<MutationTest>(module, "MutationTest", py::is_final())
      .def(py::init<>())
      .def("show", &show, py::arg("plan"), py::arg("cases"))
      .def("rows", &rows);
}

}  // namespace dlpack_conformance::python
