/// @file
/// What was seen in one case: a struct made from `catalogue/facts.def`, one optional field a fact.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dlpack_conformance {

using Flag = bool;
using Int = std::int64_t;
using Text = std::string;
using Ints = std::vector<std::int64_t>;
using Texts = std::vector<std::string>;

/// Facts of one case. A field without a value was not collected; no field holds an expectation.
struct Facts {
#define DLCONFORM_FACT(group, name, type, unit, collector, text) std::optional<type> group##_##name;
#include "catalogue/facts.def"
#undef DLCONFORM_FACT

  friend bool operator==(const Facts&, const Facts&) = default;
};

/// The number of a fact in the order of `facts.def`.
enum class FactId : std::uint16_t {
#define DLCONFORM_FACT(group, name, type, unit, collector, text) group##_##name,
#include "catalogue/facts.def"
#undef DLCONFORM_FACT
  kCount
};

enum class FactType : std::uint8_t { kFlag, kInt, kText, kInts, kTexts };

/// A row of the fact table. `spelled` is how records, queries and dicts name it: `group.name`.
struct FactRow {
  FactId id;
  std::string_view group;
  std::string_view name;
  std::string_view spelled;
  FactType type;
  std::string_view unit;
  std::string_view collector;
  std::string_view text;
};

inline constexpr std::size_t kFactCount = static_cast<std::size_t>(FactId::kCount);

/// All facts, in the order of `facts.def`.
inline constexpr FactRow kFactRows[] = {
#define DLCONFORM_FACT(group, name, type, unit, collector, text) \
  {FactId::group##_##name, #group, #name,      #group "." #name, \
   FactType::k##type,      #unit,  #collector, text},
#include "catalogue/facts.def"
#undef DLCONFORM_FACT
};

using FactValue = std::variant<std::monostate, Flag, Int, Text, Ints, Texts>;

/// Forgets everything, for the next case.
void clear(Facts& facts);

/// Index of a spelled name, or none where the catalogue has no such fact.
std::optional<FactId> find_fact(std::string_view spelled);

/// @return std::monostate where the fact was not collected.
FactValue get_fact(const Facts& facts, FactId id);

/// Sets one fact; std::monostate clears it.
/// @return false when the value's type is not the fact's (nothing is changed then).
bool set_fact(Facts& facts, FactId id, FactValue value);

}  // namespace dlpack_conformance
