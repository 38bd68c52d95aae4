#include <pybind11/stl.h>

#include <string>
#include <utility>
#include <vector>

#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "core/case_id.h"
#include "core/pattern.h"

namespace dlpack_conformance::python {
namespace {

py::dict case_axes(std::string_view case_id) {
  const CaseId id = parse_case_id(case_id);
  py::dict axes;
  axes["case"] = text(spelled(id.kind));
  for (std::size_t axis = 0; axis < id.axes().size(); ++axis)
    axes[text(axis_names(id.kind)[axis])] = text(id.parts[axis]);
  return axes;
}

void put(py::dict& keywords, const char* key, Passed passed) {
  switch (passed) {
    case Passed::kAbsent:
      return;
    case Passed::kNone:
      keywords[key] = py::none();
      return;
    case Passed::kFalse:
      keywords[key] = false;
      return;
    case Passed::kTrue:
      keywords[key] = true;
      return;
    case Passed::kOwn:
      keywords[key] = "own";
      return;
    case Passed::kHost:
      keywords[key] = "cpu";
      return;
  }
}

py::dict request_keywords(std::string_view request_text) {
  const Request request = parse_request(request_text);
  py::dict keywords;
  put(keywords, "copy", request.copy);
  put(keywords, "device", request.device);
  if (!request.dtype.empty()) keywords["dtype"] = request.dtype;
  put(keywords, "force", request.force);
  return keywords;
}

py::tuple assigned(const std::vector<std::vector<std::string>>& groups, const py::list& case_ids) {
  std::vector<std::vector<Query>> parsed;
  for (const std::vector<std::string>& group : groups)
    parsed.emplace_back(group.begin(), group.end());
  std::vector<std::string_view> ids;
  ids.reserve(case_ids.size());
  for (const py::handle id : case_ids) ids.push_back(py::cast<std::string_view>(id));
  Assignment found = assign(parsed, ids);
  return py::make_tuple(std::move(found.last), std::move(found.matched));
}

}  // namespace

void add_ids(py::module_& module) {
  module.def(
      "match",
      [](std::string_view query, std::string_view case_id) {
        return Query(query).matches(parse_case_id(case_id));
      },
      py::arg("query"), py::arg("case_id"));
  module.def("assign", &assigned, py::arg("groups"), py::arg("case_ids"));
  module.def("case_axes", &case_axes, py::arg("case_id"));
  module.def("parse_request", &request_keywords, py::arg("request"));
  py::class_<Query>(module, "Query", py::is_final())
      .def(py::init<std::string_view>(), py::arg("query"))
      .def(
          "matches",
          [](const Query& query, std::string_view case_id) {
            return query.matches(parse_case_id(case_id));
          },
          py::arg("case_id"));
}

}  // namespace dlpack_conformance::python
