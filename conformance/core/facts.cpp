#include "core/facts.h"

#include <unordered_map>
#include <utility>

namespace dlpack_conformance {
namespace {

template <class T>
FactValue value_of(const std::optional<T>& field) {
  return field ? FactValue(*field) : FactValue();
}

template <class T>
bool assign(std::optional<T>& field, FactValue& value) {
  if (std::holds_alternative<std::monostate>(value)) {
    field.reset();
    return true;
  }
  T* typed = std::get_if<T>(&value);
  if (typed == nullptr) return false;
  field = std::move(*typed);
  return true;
}

}  // namespace

void clear(Facts& facts) {
#define DLCONFORM_FACT(group, name, type, unit, collector, text) facts.group##_##name.reset();
#include "catalogue/facts.def"
#undef DLCONFORM_FACT
}

std::optional<FactId> find_fact(std::string_view spelled) {
  static const auto by_name = [] {
    std::unordered_map<std::string_view, FactId> map;
    for (const FactRow& row : kFactRows) map.emplace(row.spelled, row.id);
    return map;
  }();
  const auto found = by_name.find(spelled);
  return found == by_name.end() ? std::nullopt : std::optional(found->second);
}

FactValue get_fact(const Facts& facts, FactId id) {
  switch (id) {
#define DLCONFORM_FACT(group, name, type, unit, collector, text) \
  case FactId::group##_##name:                                   \
    return value_of(facts.group##_##name);
#include "catalogue/facts.def"
#undef DLCONFORM_FACT
    case FactId::kCount:
      break;
  }
  return {};
}

bool set_fact(Facts& facts, FactId id, FactValue value) {
  switch (id) {
#define DLCONFORM_FACT(group, name, type, unit, collector, text) \
  case FactId::group##_##name:                                   \
    return assign(facts.group##_##name, value);
#include "catalogue/facts.def"
#undef DLCONFORM_FACT
    case FactId::kCount:
      break;
  }
  return false;
}

}  // namespace dlpack_conformance
