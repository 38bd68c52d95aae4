/// @file
/// Table of devices on which a source can be.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace dlpack_conformance {

/// A row of the device table. `type` and `id` are DLPack's numbers.
struct DeviceRow {
  std::string_view name;
  std::string_view text;
  std::int32_t type = 1;
  std::int32_t id = 0;
  bool host_readable = true;  ///< the CPU may read the elements
};

/// All rows; the order is the plan's.
std::span<const DeviceRow> devices();

/// @return the row, or null where the catalogue has no such name.
const DeviceRow* find_device(std::string_view name);

}  // namespace dlpack_conformance
