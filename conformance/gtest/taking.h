/// @file
/// What probes of imports share: a tensor of the reference is handed over, looked at and released.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/probe.h"

namespace dlpack_conformance::kit {

using Run = std::function<void(Observer&)>;

/// How a tensor is taken. `twin_layout`: an ordinary tensor of this layout is tried first; `same`
/// stands for the layout itself. `proves`: writes show whether memory is shared. `counts`: deleter
/// calls are counted after the release.
struct Taking {
  Crafted crafted{};
  std::string twin_layout{};
  bool proves = false;
  bool counts = true;
};

/// The library takes a tensor of the reference; facts of the call and of the result.
Array offer(Observer& observer, const Giver& giver);

/// Is the ordinary tensor taken? Facts `accepts.twin`, and `route.absent` where it is refused: what
/// a library does with its unusual sister then says nothing.
bool twin_taken(Observer& observer, const Taking& taking);

Run taking(Taking how);

/// The library takes it and looks at it, and no more.
Run importing(Crafted crafted);

/// Counts deleter calls after everything was let go.
void close(Observer& observer, const dlpack_impl::ExportLog& log);

/// Does what was seen so far say that the result shares memory?
bool is_shared(const Observer& observer);

Need need_of(Struct which);
Need need_of(const Taking& how);

/// Both structs, as the variants of ids name them: `versioned` is either.
inline const std::vector<std::pair<std::string, Struct>> kKinds = {{"versioned", Struct::kEither},
                                                                   {"legacy", Struct::kLegacy}};

/// A generation of producers.
struct Generation {
  std::string name;
  Struct which;
  dlpack_impl::Version version;
};
inline const std::vector<Generation> kGenerations = {{"legacy", Struct::kLegacy, {1, 3}},
                                                     {"1.0", Struct::kEither, {1, 0}},
                                                     {"1.1", Struct::kEither, {1, 1}},
                                                     {"1.2", Struct::kEither, {1, 2}},
                                                     {"1.3", Struct::kEither, {1, 3}}};

/// A tensor of a generation.
Crafted of(const Generation& generation, std::string dtype, std::string layout);

}  // namespace dlpack_conformance::kit
