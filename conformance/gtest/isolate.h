/// @file
/// Runs one observation in a process of its own, so that whatever it does to the process is a
/// result: facts come back before each step, and a process that is lost leaves those and how it
/// went.
#pragma once

#include <functional>
#include <string>

#include "gtest/observer.h"

namespace dlpack_conformance::kit {

struct Isolation {
  bool fork = true;       ///< false: in this process, for a debugger
  double timeout_s = 10;  ///< without a step
};

/// Runs `run` with an observer of `subject`.
/// @return what was seen. A lost process has the facts `crash`, and was run a second time, alone
/// like the first; what is wrong with the traits or the kit is the fact `suite.fault`.
Facts isolated(const Subject& subject, const std::function<void(Observer&)>& run,
               const Isolation& isolation);

/// Calls `work(index)` for 0 to `count` - 1 in a process of its own; where that ends the process, a
/// new one goes on after it.
/// @return for each index what it gave, or how it ended the process.
std::vector<std::string> each_apart(std::size_t count,
                                    const std::function<std::string(std::size_t)>& work);

}  // namespace dlpack_conformance::kit
