/// @file
/// The option `states` of an array.
#pragma once

#include <dlpack_impl/producer.h>

#include <memory>

#include "python.h"

namespace dlpack_impl::python {

/// Fields of a dict. @throws PythonErrorIsSet with TypeMismatch or InvalidArgument set.
std::unique_ptr<Stated> stated_from(PyObject* fields);

}  // namespace dlpack_impl::python
