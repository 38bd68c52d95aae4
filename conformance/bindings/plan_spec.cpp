#include "bindings/plan_spec.h"

#include <utility>

#include "bindings/convert.h"

namespace dlpack_conformance::python {
namespace {

std::string value_text(const Fields& fields, const char* key, const py::object& value) {
  if (!PyUnicode_Check(value.ptr())) fields.fail(key, value, "a text");
  return utf8(value);
}

std::map<std::string, std::string> text_map(const Fields& fields, const char* key) {
  std::map<std::string, std::string> map;
  for (auto& [name, value] : fields.entries(key)) map.emplace(name, value_text(fields, key, value));
  return map;
}

std::vector<std::pair<std::string, std::string>> text_pairs(const Fields& fields, const char* key) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const py::object& item : fields.items(key)) {
    auto parts = text_list(item, fields.where(), key);
    if (parts.size() != 2) fields.fail(key, item, "two texts in each place");
    pairs.emplace_back(std::move(parts[0]), std::move(parts[1]));
  }
  return pairs;
}

/// Rule, variant, whether the input is valid or malformed, and the proof that it is absent.
std::vector<ProtocolSpec> protocol_specs(const Fields& fields) {
  std::vector<ProtocolSpec> specs;
  for (const py::object& item : fields.items("protocol")) {
    auto parts = text_list(item, fields.where(), "protocol");
    if (parts.size() != 4 || (parts[2] != "valid" && parts[2] != "malformed"))
      fields.fail("protocol", item, "rule, variant, valid or malformed, proof of absence or empty");
    specs.push_back(
        {std::move(parts[0]), std::move(parts[1]), parts[2] == "malformed", std::move(parts[3])});
  }
  return specs;
}

MakesSpec makes_spec(const Fields& fields) {
  MakesSpec makes;
  makes.source = fields.text("source");
  makes.dtypes = fields.texts("dtypes");
  if (fields.get("layouts")) makes.layouts = fields.texts("layouts");
  makes.device = fields.text_or("device", "cpu");
  for (const py::object& item : fields.items("excluded")) {
    auto parts = text_list(item, fields.where(), "excluded");
    if (parts.size() != 3) fields.fail("excluded", item, "dtype, layout and reason in each place");
    makes.excluded.emplace_back(std::move(parts[0]), std::move(parts[1]), std::move(parts[2]));
  }
  return makes;
}

LibrarySpec library_spec(const std::string& name, const Fields& fields) {
  LibrarySpec library;
  library.info.name = name;
  library.info.versions = text_map(fields, "versions");
  if (fields.get("declares")) library.info.declares = parse_declares(fields.text("declares"));
  library.info.promises = text_map(fields, "promises");
  library.info.readonly_arrays = fields.flag_or("readonly_arrays", false);
  library.info.immutable_arrays = fields.flag_or("immutable_arrays", false);
  library.info.absent_devices = text_map(fields, "absent_devices");
  std::size_t at = 0;
  for (const py::object& item : fields.items("makes")) {
    library.makes.push_back(
        makes_spec(Fields(item, fields.where() + ".makes[" + std::to_string(at++) + "]")));
  }
  library.usage = text_pairs(fields, "usage");
  library.protocol = protocol_specs(fields);
  return library;
}

std::map<std::string, Promise> promises_of(const Fields& way) {
  std::map<std::string, Promise> promises;
  const py::object given = way.get("promise");
  if (!given) return promises;
  const Fields fields(given, way.where() + ".promise");
  Promise promise;
  set_promise_kind(promise, fields.text("kind"));
  promise.flat = fields.text_or("shape", "same") == "flat";
  promise.device = fields.text_or("device", "");
  promise.document = fields.text_or("document", "");
  promise.section = fields.text_or("section", "");
  for (const auto& [request, kind] : text_map(fields, "by_request")) {
    Promise other = promise;
    other.dtype.clear();
    set_promise_kind(other, kind);
    promises.emplace(request, std::move(other));
  }
  promises.emplace("", std::move(promise));
  return promises;
}

WaySpec way_spec(const Fields& fields) {
  WaySpec way;
  way.producer = fields.text("producer");
  way.consumer = fields.text("consumer");
  way.route.name = fields.text("route");
  way.route.owner = fields.text_or("owner", "");
  way.route.dlpack = fields.flag_or("dlpack", false);
  way.route.takes_devices = fields.flag_or("takes_devices", false);
  way.route.device_kinds = fields.texts("device_kinds");
  way.route.may_copy = fields.flag_or("may_copy", false);
  way.route.takes_host = fields.flag_or("takes_host", true);
  way.route.rules = fields.texts("rules");
  way.route.absent = text_map(fields, "absent");
  way.route.promises = promises_of(fields);
  way.requests = fields.texts("requests");
  return way;
}

}  // namespace

PlanSpec plan_spec(const py::dict& census) {
  const Fields fields(census, "plan");
  PlanSpec spec;
  spec.profile = fields.text_or("profile", "default");
  spec.filters = fields.texts("filters");
  if (fields.get("target")) spec.target = fields.text("target");
  for (const auto& [name, value] : fields.entries("libraries")) {
    spec.libraries.push_back(library_spec(name, Fields(value, "plan.libraries." + name)));
  }
  std::size_t at = 0;
  for (const py::object& item : fields.items("ways")) {
    spec.ways.push_back(way_spec(Fields(item, "plan.ways[" + std::to_string(at++) + "]")));
  }
  return spec;
}

}  // namespace dlpack_conformance::python
