#include "catalogue/error.h"

namespace dlpack_conformance {
namespace {

std::string message(std::string_view where, std::string_view key, std::string_view value,
                    std::string_view allowed) {
  std::string text;
  text.append(where)
      .append(": ")
      .append(key)
      .append(" is '")
      .append(value)
      .append("'; allowed: ")
      .append(allowed);
  return text;
}

}  // namespace

CatalogueError::CatalogueError(std::string_view where, std::string_view key, std::string_view value,
                               std::string_view allowed)
    : std::invalid_argument(message(where, key, value, allowed)) {}

}  // namespace dlpack_conformance
