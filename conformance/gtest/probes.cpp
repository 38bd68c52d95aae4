#include <algorithm>
#include <tuple>

#include "gtest/probe.h"

namespace dlpack_conformance::kit {

std::string lacking(const Subject& subject, Need need) {
  const auto lacks = [&](bool has, const char* function) {
    return has ? std::string() : "the traits of " + subject.name + " have no " + function + "()";
  };
  const bool legacy_in = static_cast<bool>(subject.from_dlpack);
  const bool versioned_in = static_cast<bool>(subject.from_dlpack_versioned);
  const bool legacy_out = static_cast<bool>(subject.to_dlpack);
  const bool versioned_out = static_cast<bool>(subject.to_dlpack_versioned);
  const bool table = static_cast<bool>(subject.exchange_table);
  switch (need) {
    case Need::kNothing:
      return {};
    case Need::kImport:
      return lacks(legacy_in || versioned_in, "from_dlpack");
    case Need::kImportLegacy:
      return lacks(legacy_in, "from_dlpack");
    case Need::kImportVersioned:
      return lacks(versioned_in, "from_dlpack_versioned");
    case Need::kExportLegacy:
      return lacks(legacy_out, "to_dlpack");
    case Need::kExportVersioned:
      return lacks(versioned_out, "to_dlpack_versioned");
    case Need::kExportBoth:
      return !legacy_out ? lacks(false, "to_dlpack") : lacks(versioned_out, "to_dlpack_versioned");
    case Need::kTable:
      return lacks(table, "exchange_table");
    case Need::kTableExport:
      return !table ? lacks(false, "exchange_table")
                    : lacks(static_cast<bool>(subject.to_object), "to_object");
    case Need::kTableImport:
      return !table ? lacks(false, "exchange_table")
                    : lacks(static_cast<bool>(subject.from_object), "from_object");
  }
  return {};
}

const Probes& all_probes() {
  static const Probes probes = [] {
    Probes all;
    add_consumer_fields(all);
    add_consumer_dtypes(all);
    add_consumer_life(all);
    add_consumer_crafted(all);
    add_imports(all);
    add_exports(all);
    add_export_life(all);
    add_headers(all);
    add_tables(all);
    return all;
  }();
  return probes;
}

}  // namespace dlpack_conformance::kit
