/// @file
/// The protocol cases that need no Python: what is observed of one library against the reference.
/// Ids are those of the Python probes that observe the same, and the facts, too.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/observer.h"

namespace dlpack_conformance::kit {

/// What a library must have.
enum class Need : std::uint8_t {
  kNothing,
  kImport,  ///< of either struct
  kImportLegacy,
  kImportVersioned,
  kExportLegacy,
  kExportVersioned,
  kExportBoth,
  kTable,        ///< an exchange table
  kTableExport,  ///< and objects that it takes
  kTableImport,  ///< and objects that it gives
};

/// Proof that the traits lack it; empty where they have it.
std::string lacking(const Subject& subject, Need need);

struct Probe {
  std::string rule;
  std::string variant;
  std::string text;
  Need need = Need::kNothing;
  std::function<void(Observer&)> run;
  bool malformed = false;
  /// Dtype, layout and source that the library must make: others have no such case. Empty: none.
  std::string dtype{};
  std::string layout{};
  std::string source{};
};

using Probes = std::vector<Probe>;

/// All of them; rule and variant are unique.
const Probes& all_probes();

// One file a theme.
void add_consumer_fields(Probes& probes);
void add_consumer_dtypes(Probes& probes);
void add_consumer_life(Probes& probes);
void add_consumer_crafted(Probes& probes);
void add_imports(Probes& probes);
void add_exports(Probes& probes);
void add_export_life(Probes& probes);
void add_headers(Probes& probes);
void add_tables(Probes& probes);

}  // namespace dlpack_conformance::kit
