/// @file
/// What is wrong with the traits of a library, and not with the library.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace dlpack_conformance::kit {

/// The message names the library, the function of its traits, what it gave and what is right.
class TraitsError : public std::runtime_error {
 public:
  TraitsError(std::string_view library, std::string_view function, std::string_view what)
      : std::runtime_error("traits of " + std::string(library) + ": " + std::string(function) +
                           "() " + std::string(what)) {}
};

}  // namespace dlpack_conformance::kit
