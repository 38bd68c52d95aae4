/// @file
/// Exchange cases without Python: a managed tensor goes from the one side to the other, as a bare
/// capsule does (route `capsule`).
#pragma once

#include <string_view>

#include "core/case.h"
#include "gtest/observer.h"

namespace dlpack_conformance::kit {

inline constexpr std::string_view kRoute = "capsule";

/// Which struct crosses: the legacy one where both sides have it, as of a bare capsule.
bool crosses_legacy(const Subject& subject, bool from_library);

/// From the reference to the library.
void exchange_in(Observer& observer, const Case& subject);
/// From the library to the reference.
void exchange_out(Observer& observer, const Case& subject);

}  // namespace dlpack_conformance::kit
