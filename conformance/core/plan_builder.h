/// @file
/// How a plan is made from a census; of use to `core/plan*.cpp` alone.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "catalogue/profiles.h"
#include "core/pattern.h"
#include "core/plan.h"

namespace dlpack_conformance {

/// A route between two libraries with its requests, `plain` first, the others by text.
struct Plan::Way {
  const LibraryInfo* producer = nullptr;
  const LibraryInfo* consumer = nullptr;
  RouteInfo route;
  std::vector<Request> requests;
};

/// Fills one plan.
struct Plan::Builder {
  Builder(Plan& plan, PlanSpec spec);
  void build();

 private:
  /// A source that a library makes, or (`reason` set) says it cannot make. `products`: bits of the
  /// profile's products.
  struct Combination {
    std::uint8_t source;
    std::uint8_t device;
    std::uint8_t dtype;
    std::uint8_t layout;
    std::uint32_t products;
    const std::string* reason;
  };

  void take_libraries();
  void take_ways();
  void combine(const LibrarySpec& library);
  void combine(const LibrarySpec& library, const MakesSpec& makes, std::vector<Combination>& out);
  void add_exchanges(std::size_t way_index);
  void add_singles();
  void make_pairs();
  [[nodiscard]] bool is_wanted(const CaseId& id) const;
  [[nodiscard]] bool is_target(const Way& way) const;
  [[nodiscard]] const LibraryInfo* library(std::string_view name, std::string_view side) const;
  [[nodiscard]] std::uint32_t products_of(const Request& request) const;

  Plan& plan_;
  PlanSpec spec_;
  const ProfileRow* profile_ = nullptr;
  std::vector<Query> filters_;
  std::map<std::string, std::vector<Combination>, std::less<>> combinations_;  // by library
};

}  // namespace dlpack_conformance
