/// @file
/// One text for the contents of all tables, so that two runs can tell whether they asked the same
/// questions.
#pragma once

#include <string>

namespace dlpack_conformance {

/// Sixteen hexadecimal digits over names, numbers and texts of all tables.
std::string catalogue_digest();

}  // namespace dlpack_conformance
