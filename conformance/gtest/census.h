/// @file
/// What a library can make: each dtype and layout is tried, in a process of its own.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/plan.h"
#include "gtest/observer.h"

namespace dlpack_conformance::kit {

/// Sources that lie in memory of ours; a library with `over` is tried with each.
inline constexpr std::string_view kOurSources[] = {"plain",       "guard-before", "guard-after",
                                                   "align-16",    "align-32",     "align-64",
                                                   "odd-element", "odd-byte"};

struct Census {
  std::vector<MakesSpec> makes_specs;
  std::string version;
  /// What is wrong with the traits themselves, one sentence each.
  std::vector<std::string> faults;

  [[nodiscard]] bool makes(std::string_view source, std::string_view dtype,
                           std::string_view layout) const;
};

/// Asked once for each library.
const Census& census_of(const Subject& subject);

/// What the reference makes, of the same sources.
std::vector<MakesSpec> reference_makes();

}  // namespace dlpack_conformance::kit
