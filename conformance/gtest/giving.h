/// @file
/// What probes of exports share: ask the library for a managed tensor and read it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gtest/probe.h"

namespace dlpack_conformance::kit {

/// Which struct is asked for, as the variants of ids name it.
inline const std::vector<std::pair<std::string, bool>> kAskedFor = {{"legacy", false},
                                                                    {"versioned", true}};

/// How a Python producer is asked for the same struct.
inline std::string_view words_of(bool versioned) { return versioned ? "max_version=(1, 3)" : ""; }

inline Need need_of(bool versioned) {
  return versioned ? Need::kExportVersioned : Need::kExportLegacy;
}

/// Makes a source, asks it for an export and reads that; empty where there is none.
std::pair<Array, Managed> exported(Observer& observer, std::string_view dtype,
                                   std::string_view layout, std::string_view source,
                                   bool versioned);

/// Reads an export into facts `export`; what it says of itself comes before its elements.
void read(Observer& observer, const Managed& managed);

/// Makes an array over our memory, or where the library can't, in its own. NULL, with the proof,
/// where it makes no such array at all. `layout`: empty for a matrix, else a vector.
Array any_source(Observer& observer, std::string_view dtype = "float32",
                 std::string_view layout = {});

/// Does an export's element 0 lie in the memory of the source?
bool in_place(const Observer& observer, const Managed& managed);

/// Address of element 0 of an export, by its fields.
std::uintptr_t address_of(const Managed& managed);

/// The elements as the reference reads them.
std::vector<std::byte> raw_of(const Managed& managed);

/// Uses freed memory again.
void churn();

}  // namespace dlpack_conformance::kit
