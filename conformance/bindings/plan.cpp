#include "core/plan.h"

#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "bindings/plan_spec.h"

namespace dlpack_conformance::python {
namespace {

py::dict axes_dict(const Plan& plan, std::size_t index) {
  const CaseId id = plan.axes(index);
  py::dict axes;
  axes["case"] = text(spelled(id.kind));
  for (std::size_t axis = 0; axis < id.axes().size(); ++axis)
    axes[text(axis_names(id.kind)[axis])] = text(id.parts[axis]);
  return axes;
}

py::list pair_rows(const Plan& plan) {
  py::list rows;
  for (const PairRange& pair : plan.pairs())
    rows.append(py::make_tuple(pair.producer, pair.consumer, pair.begin, pair.end));
  return rows;
}

py::dict excluded(const Plan& plan) {
  py::dict counts;
  for (const auto& [reason, count] : plan.excluded()) counts[text(reason)] = count;
  return counts;
}

py::list alike(const Plan& plan) {
  py::list lines;
  for (const std::string& line : plan.alike()) lines.append(text(line));
  return lines;
}

}  // namespace

void add_plan(py::module_& module) {
  py::class_<Plan>(module, "Plan", py::is_final())
      .def(py::init([](const py::dict& spec) { return Plan(plan_spec(spec)); }), py::arg("spec"))
      .def("__len__", &Plan::size)
      .def("id", &Plan::id, py::arg("index"))
      .def(
          "find",
          [](const Plan& plan, std::string_view case_id) {
            const auto index = plan.find(case_id);
            return index ? static_cast<std::int64_t>(*index) : -1;
          },
          py::arg("case_id"))
      .def("axes", &axes_dict, py::arg("index"))
      .def(
          "absent", [](const Plan& plan, std::size_t index) { return text(plan.absent(index)); },
          py::arg("index"))
      .def(
          "absent_device",
          [](const Plan& plan, std::size_t index) { return text(plan.absent_device(index)); },
          py::arg("index"))
      .def_property_readonly("pairs", &pair_rows)
      .def_property_readonly("excluded", &excluded)
      .def_property_readonly("alike", &alike);
}

}  // namespace dlpack_conformance::python
