/// @file
/// The census from a Python dict.
#pragma once

#include <pybind11/pybind11.h>

#include "core/plan.h"

namespace dlpack_conformance::python {

/// Reads the census as `engine/census.py` writes it and the record's header stores it. Unknown keys
/// are left alone.
/// @throws CatalogueError  a value of the wrong type; the message has the path to it.
PlanSpec plan_spec(const pybind11::dict& census);

}  // namespace dlpack_conformance::python
