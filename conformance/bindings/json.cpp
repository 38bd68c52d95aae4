#include "bindings/json.h"

#include <utility>

#include "bindings/convert.h"
#include "catalogue/error.h"

namespace dlpack_conformance::python {

Json json(py::handle value) {
  PyObject* const object = value.ptr();
  if (object == Py_None) return {};
  if (PyBool_Check(object)) return {object == Py_True};
  if (PyUnicode_Check(object)) return {utf8(value)};
  if (PyFloat_Check(object)) return {PyFloat_AS_DOUBLE(object)};
  if (PyLong_Check(object)) {
    int overflow = 0;
    const std::int64_t number = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (overflow == 0) return {number};
  }
  if (PyDict_Check(object)) {
    Json::Object members;
    for (const auto& [name, member] : py::reinterpret_borrow<py::dict>(value)) {
      if (!PyUnicode_Check(name.ptr()))
        throw CatalogueError("json", "key", utf8(py::repr(name)), "a text");
      members.emplace_back(utf8(name), json(member));
    }
    return {std::move(members)};
  }
  if (PyList_Check(object) || PyTuple_Check(object)) {
    Json::Array items;
    for (const py::handle item : value) items.push_back(json(item));
    return {std::move(items)};
  }
  throw CatalogueError("json", "value", utf8(py::repr(value)),
                       "None, bool, int of 64 bits, float, str, or lists and dicts of them");
}

}  // namespace dlpack_conformance::python
