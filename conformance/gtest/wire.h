/// @file
/// Facts as bytes, for a pipe between two processes of one program.
#pragma once

#include <string>
#include <string_view>

#include "core/facts.h"

namespace dlpack_conformance::kit {

std::string packed(const Facts& facts);

/// The inverse.
/// @throws std::runtime_error  these are no such bytes.
Facts unpacked(std::string_view bytes);

}  // namespace dlpack_conformance::kit
