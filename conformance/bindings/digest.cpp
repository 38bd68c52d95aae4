#include "bindings/bindings.h"
#include "dlconform_digest.h"

namespace dlpack_conformance::python {

void add_digest(py::module_& module) { module.attr("DIGEST") = DLCONFORM_DIGEST; }

}  // namespace dlpack_conformance::python
