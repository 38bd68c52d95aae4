#include <pybind11/stl.h>

#include <optional>
#include <span>
#include <string>

#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "catalogue/error.h"
#include "observe/addresses.h"
#include "observe/read_export.h"

namespace dlpack_conformance::python {
namespace {

/// The managed tensor in a capsule, by the capsule's name; none where the name is no DLPack name.
std::optional<dlpack_impl::Reading> reading_of(PyObject* capsule, const char* name) {
  const std::string_view called = name == nullptr ? "" : name;
  if (called != "dltensor" && called != "dltensor_versioned") return std::nullopt;
  const void* pointer = PyCapsule_GetPointer(capsule, name);
  if (pointer == nullptr) throw py::error_already_set();
  if (called == "dltensor")
    return dlpack_impl::read_header(*static_cast<const DLManagedTensor*>(pointer));
  return dlpack_impl::read_header(*static_cast<const DLManagedTensorVersioned*>(pointer));
}

void read_capsule(FactsObject& self, std::string_view group_text, const py::object& capsule,
                  std::uintptr_t origin, std::pair<std::int64_t, std::int64_t> span,
                  const py::bytes& raw) {
  const ReadGroup group = parse_read_group(group_text);
  auto& name_fact =
      group == ReadGroup::kExport ? self.facts.export_capsule : self.facts.result_read_capsule;
  if (!PyCapsule_CheckExact(capsule.ptr())) {
    name_fact = "no capsule";
    return;
  }
  const char* name = PyCapsule_GetName(capsule.ptr());
  const auto reading = reading_of(capsule.ptr(), name);
  if (!reading) {
    name_fact = name == nullptr ? "" : name;
    return;
  }
  const std::string_view bytes = raw;
  read_export(self.facts, group, *reading, name,
              {.first = origin, .begin = span.first, .end = span.second},
              std::as_bytes(std::span(bytes)));
}

/// (address, shape, strides in bytes, item size in bytes)
struct OwnedElements {
  explicit OwnedElements(const py::tuple& given) {
    if (given.size() != 4) {
      throw CatalogueError("relate", "elements", std::to_string(given.size()) + " items",
                           "(address, shape, strides_bytes, item_bytes)");
    }
    for (const py::handle extent : given[1]) shape.push_back(py::cast<std::int64_t>(extent));
    for (const py::handle stride : given[2]) strides.push_back(py::cast<std::int64_t>(stride));
    elements = {.first = py::cast<std::uintptr_t>(given[0]),
                .shape = shape,
                .strides_bytes = strides,
                .item_bytes = py::cast<std::int64_t>(given[3])};
  }
  OwnedElements(const OwnedElements&) = delete;  // `elements` points into it
  OwnedElements& operator=(const OwnedElements&) = delete;

  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;
  Elements elements;
};

}  // namespace

void add_observe(py::module_& module) {
  auto facts = py::reinterpret_borrow<py::class_<FactsObject>>(module.attr("Facts"));
  facts.def("read_export", &read_capsule, py::arg("group"), py::arg("capsule"), py::arg("origin"),
            py::arg("span"), py::arg("raw"));
  module.def(
      "relate",
      [](const py::tuple& a, const py::tuple& b) {
        return text(spelled(relate(OwnedElements(a).elements, OwnedElements(b).elements)));
      },
      py::arg("a"), py::arg("b"));
  module.def(
      "address_text",
      [](std::uintptr_t address, std::uintptr_t origin, std::pair<std::int64_t, std::int64_t> span,
         bool empty) {
        return address_text(address, {.first = origin, .begin = span.first, .end = span.second},
                            empty);
      },
      py::arg("address"), py::arg("origin"), py::arg("span"), py::arg("empty") = false);
}

}  // namespace dlpack_conformance::python
