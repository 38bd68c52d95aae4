/// @file
/// What is being handled in a catch block, as text.
#pragma once

#include <string>

namespace dlpack_conformance::kit {

/// Class of the exception.
std::string thrown_class();

/// First line of its message; its class where it has none.
std::string thrown_text();

}  // namespace dlpack_conformance::kit
