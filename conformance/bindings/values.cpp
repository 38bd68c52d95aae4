#include "core/values.h"

#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "catalogue/error.h"

namespace dlpack_conformance::python {
namespace {

const DTypeRow& dtype_row(std::string_view name) {
  const DTypeRow* row = find_dtype(name);
  if (row == nullptr) throw CatalogueError("values", "dtype", name, "a name of the dtype table");
  return *row;
}

py::list values(std::string_view dtype_name, std::string_view layout_name) {
  const DTypeRow& dtype = dtype_row(dtype_name);
  const LayoutRow* layout = find_layout(layout_name);
  if (layout == nullptr)
    throw CatalogueError("values", "layout", layout_name, "a name of the layout table");
  return elements(dtype, element_values(dtype, *layout));
}

py::object other(std::string_view dtype_name, const py::object& value) {
  const DTypeRow& dtype = dtype_row(dtype_name);
  if (dtype.lanes == 1) return number(other_value(dtype, lane_number(dtype, value)));
  if (!py::isinstance<py::sequence>(value) || py::len(value) != dtype.lanes) {
    throw CatalogueError("values", std::string("element of ").append(dtype_name),
                         utf8(py::repr(value)), std::to_string(dtype.lanes) + " numbers");
  }
  py::tuple lanes(dtype.lanes);
  for (std::size_t lane = 0; lane < dtype.lanes; ++lane) {
    lanes[lane] = number(other_value(dtype, lane_number(dtype, value[py::int_(lane)])));
  }
  return lanes;
}

}  // namespace

void add_values(py::module_& module) {
  module.def("values", &values, py::arg("dtype"), py::arg("layout"));
  module.def("other_value", &other, py::arg("dtype"), py::arg("value"));
}

}  // namespace dlpack_conformance::python
