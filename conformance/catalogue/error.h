/// @file
/// The error of everything that names a row, an axis or a fact which the catalogue does not have.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace dlpack_conformance {

/// A name or number that the catalogue has not. The message reads `<where>: <key> is '<value>';
/// allowed: <allowed>`.
class CatalogueError : public std::invalid_argument {
 public:
  /// @param where    table, file or argument in which the value stands
  /// @param key      field or axis
  /// @param value    what was given
  /// @param allowed  what would have been right
  CatalogueError(std::string_view where, std::string_view key, std::string_view value,
                 std::string_view allowed);
};

}  // namespace dlpack_conformance
