#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "catalogue/devices.h"
#include "catalogue/dtypes.h"
#include "catalogue/layouts.h"
#include "catalogue/profiles.h"
#include "catalogue/requests.h"
#include "catalogue/sources.h"
#include "core/catalogue_digest.h"

namespace dlpack_conformance::python {
namespace {

using namespace py::literals;

std::string_view family(DTypeFamily value) {
  switch (value) {
    case DTypeFamily::kBool:
      return "bool";
    case DTypeFamily::kInt:
      return "int";
    case DTypeFamily::kUint:
      return "uint";
    case DTypeFamily::kFloat:
      return "float";
    case DTypeFamily::kComplex:
      return "complex";
    case DTypeFamily::kOther:
      return "other";
  }
  return {};
}

std::string_view type_name(FactType type) {
  switch (type) {
    case FactType::kFlag:
      return "Flag";
    case FactType::kInt:
      return "Int";
    case FactType::kText:
      return "Text";
    case FactType::kInts:
      return "Ints";
    case FactType::kTexts:
      return "Texts";
  }
  return {};
}

py::list fact_rows() {
  py::list rows;
  for (const FactRow& row : kFactRows) {
    rows.append(py::dict("spelled"_a = text(row.spelled), "group"_a = text(row.group),
                         "name"_a = text(row.name), "type"_a = text(type_name(row.type)),
                         "unit"_a = text(row.unit), "collector"_a = text(row.collector),
                         "text"_a = text(row.text)));
  }
  return rows;
}

py::list dtype_rows() {
  py::list rows;
  for (const DTypeRow& row : dtypes()) {
    rows.append(py::dict("name"_a = text(row.name), "text"_a = text(row.text),
                         "dlpack"_a = row.dlpack, "code"_a = row.code, "bits"_a = row.bits,
                         "lanes"_a = row.lanes, "padded"_a = row.padded,
                         "item_bits"_a = row.item_bits, "item_bytes"_a = row.item_bytes(),
                         "packed"_a = row.packed(), "family"_a = text(family(row.family)),
                         "base"_a = text(row.base.empty() ? row.name : row.base),
                         "standard"_a = row.standard, "swapped"_a = row.swapped));
  }
  return rows;
}

py::list layout_rows() {
  py::list rows;
  for (const LayoutRow& row : layouts()) {
    py::list tags;
    for (const LayoutTag tag : kLayoutTags) {
      if (row.has(tag)) tags.append(text(spelled(tag)));
    }
    rows.append(py::dict("name"_a = text(row.name), "text"_a = text(row.text),
                         "shape"_a = ints(row.shape), "strides"_a = ints(row.strides),
                         "offset"_a = row.offset, "elements"_a = row.elements(),
                         "tags"_a = py::tuple(tags)));
  }
  return rows;
}

py::list source_rows() {
  py::list rows;
  for (const SourceRow& row : sources()) {
    rows.append(py::dict("name"_a = text(row.name), "text"_a = text(row.text),
                         "memory"_a = row.memory != SourceMemory::kLibrary,
                         "kind"_a = text(template_kind(row.memory)), "alignment"_a = row.alignment,
                         "skew_bytes"_a = row.skew_bytes, "skew_elems"_a = row.skew_elems,
                         "may_write"_a = row.may_write, "readonly"_a = row.readonly,
                         "lazy"_a = row.lazy, "strided"_a = row.strided,
                         "has_memory"_a = row.has_memory, "autograd"_a = row.autograd,
                         "misaligned"_a = row.misaligned, "byte_strides"_a = row.byte_strides,
                         "masked"_a = row.masked, "subclass"_a = row.subclass));
  }
  return rows;
}

py::list device_rows() {
  py::list rows;
  for (const DeviceRow& row : devices()) {
    rows.append(py::dict("name"_a = text(row.name), "text"_a = text(row.text), "type"_a = row.type,
                         "id"_a = row.id, "host_readable"_a = row.host_readable));
  }
  return rows;
}

py::list request_rows() {
  py::list rows;
  for (const RequestTokenRow& row : request_tokens()) {
    rows.append(py::dict("name"_a = std::string(row.key).append("-").append(row.value),
                         "key"_a = text(row.key), "value"_a = text(row.value),
                         "python"_a = text(row.python), "text"_a = text(row.text)));
  }
  return rows;
}

py::list profile_rows() {
  py::list rows;
  for (const ProfileRow& row : profiles()) {
    py::list products;
    for (const ProductRow& product : row.products) {
      products.append(
          py::dict("sources"_a = text(product.sources), "dtypes"_a = text(product.dtypes),
                   "layouts"_a = text(product.layouts), "requests"_a = text(product.requests),
                   "devices"_a = text(product.devices), "text"_a = text(product.text)));
    }
    rows.append(
        py::dict("name"_a = text(row.name), "text"_a = text(row.text), "products"_a = products));
  }
  return rows;
}

}  // namespace

void add_tables(py::module_& module) {
  module.def("facts", &fact_rows);
  module.def("dtypes", &dtype_rows);
  module.def("layouts", &layout_rows);
  module.def("sources", &source_rows);
  module.def("devices", &device_rows);
  module.def("requests", &request_rows);
  module.def("profiles", &profile_rows);
  module.def("catalogue_digest", &catalogue_digest);
}

}  // namespace dlpack_conformance::python
