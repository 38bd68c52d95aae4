/// @file
/// Sizes, offsets and codes of the dlpack.h in use, as its compilers see them. Nothing here says
/// what they are to be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/facts.h"

namespace dlpack_conformance {

/// A struct in memory: its size and the offsets of its members in order, in bytes.
struct StructLayout {
  Int size = 0;
  Ints offsets;

  friend bool operator==(const StructLayout&, const StructLayout&) = default;
};

/// Layout of any struct by its members, in the order given.
template <class Struct, class... Member>
StructLayout layout_of(Member Struct::*... member) {
  static const Struct object{};
  const auto* const begin = reinterpret_cast<const std::byte*>(&object);
  return {static_cast<Int>(sizeof(Struct)),
          {static_cast<Int>(reinterpret_cast<const std::byte*>(&(object.*member)) - begin)...}};
}

/// Facts of a struct: its layout in C++, and whether `in_c` is the same.
Facts facts_of(const StructLayout& in_cxx, const StructLayout& in_c);

/// Facts of an enumeration: its size and signedness.
template <class Enum>
Facts facts_of_enum() {
  using Base = std::underlying_type_t<Enum>;
  Facts facts;
  facts.abi_size = static_cast<Int>(sizeof(Enum));
  facts.abi_is_signed = std::is_signed_v<Base> && sizeof(Base) == 4;
  return facts;
}

/// What there is to see under one name of the header.
struct AbiEntry {
  std::string_view name;
  Facts facts;
};

/// Every struct, both enumerations and `flags` of the header in use. `DLManagedTensorVersioned` has
/// the members of its tensor, too, where another header was found to compare with.
/// @spec H-01 H-02 H-03 H-04 H-05 H-06 H-08 H-09 H-10 H-11 H-12 H-14 H-15 H-16
std::vector<AbiEntry> abi_entries();

}  // namespace dlpack_conformance
