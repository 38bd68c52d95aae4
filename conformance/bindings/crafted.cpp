// The table of crafted tensors, as options of the instrument's `Array`.
#include "observe/crafted.h"

#include <pybind11/stl.h>

#include "bindings/bindings.h"

namespace dlpack_conformance::python {
namespace {

py::dict states_of(const dlpack_impl::Stated& stated) {
  py::dict states;
  if (stated.ndim) states["ndim"] = *stated.ndim;
  if (stated.shape) states["shape"] = py::tuple(py::cast(*stated.shape));
  if (stated.strides) states["strides"] = py::tuple(py::cast(*stated.strides));
  if (stated.dtype)
    states["dtype"] = py::make_tuple(stated.dtype->code, stated.dtype->bits, stated.dtype->lanes);
  if (stated.device) states["device"] = py::make_tuple(stated.device->type, stated.device->id);
  if (stated.data_offset) states["data_offset"] = *stated.data_offset;
  if (stated.byte_offset) states["byte_offset"] = *stated.byte_offset;
  if (stated.null_context) states["context"] = py::none();
  return states;
}

py::dict options_of(const CraftedTensor& row) {
  const dlpack_impl::ExportOptions& given = row.options;
  py::dict options;
  options["break_rules"] = row.malformed;
  options["states"] = states_of(row.stated);
  if (given.device) options["device"] = py::make_tuple(given.device->type, given.device->id);
  if (given.null_strides) options["null_strides"] = true;
  if (given.null_shape) options["null_shape"] = true;
  if (given.null_data) options["null_data"] = true;
  if (row.versioned_only) {
    options["version"] = py::make_tuple(given.version.major, given.version.minor);
    options["legacy"] = "never";
  }
  return options;
}

py::list crafted() {
  py::list rows;
  for (const CraftedTensor& row : crafted_tensors()) {
    py::dict one;
    one["name"] = row.name;
    one["text"] = row.text;
    one["malformed"] = row.malformed;
    one["layout"] = row.layout;
    one["options"] = options_of(row);
    one["versioned_only"] = row.versioned_only;
    rows.append(one);
  }
  return rows;
}

}  // namespace

void add_crafted(py::module_& module) {
  module.def("crafted_tensors", crafted, "Tensors to hand to a consumer, crafted field by field.");
}

}  // namespace dlpack_conformance::python
