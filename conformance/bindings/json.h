/// @file
/// A Python value as JSON.
#pragma once

#include <pybind11/pybind11.h>

#include "core/json.h"

namespace dlpack_conformance::python {

/// None, bool, int, float, str, and lists, tuples and dicts of them.
/// @throws CatalogueError  another type, or an int of more than 64 bits.
Json json(pybind11::handle value);

}  // namespace dlpack_conformance::python
