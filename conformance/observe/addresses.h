/// @file
/// Where elements are: addresses as text, and whether two arrays have their elements at the same
/// addresses.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace dlpack_conformance {

/// The memory that a source came from. Addresses in it are named by their distance from the
/// source's element 0.
struct Origin {
  std::uintptr_t first = 0;  ///< address of the source's element 0
  std::int64_t begin = 0;    ///< lowest byte of its allocation, from `first`
  std::int64_t end = 0;      ///< one past the highest byte, from `first`
};

/// `null`, a decimal number of bytes from `origin.first`, or `elsewhere`. An address at the very
/// end of the allocation is inside only where there are no elements (`empty`).
std::string address_text(std::uintptr_t address, const Origin& origin, bool empty);

/// Elements in memory. Strides count bytes.
struct Elements {
  std::uintptr_t first = 0;
  std::span<const std::int64_t> shape;
  std::span<const std::int64_t> strides_bytes;
  std::int64_t item_bytes = 0;
};

/// `kSame`: equal shapes and item sizes, and each index at one address. `kOverlap`: some byte
/// belongs to both.
enum class AddressRelation : std::uint8_t { kSame, kOverlap, kApart };

/// Axes of extent 1 and of stride zero cost nothing, so that `huge` is as quick as any.
/// @throws CatalogueError  lengths differ, or more than 2^20 elements that can differ on both
/// sides.
AddressRelation relate(const Elements& a, const Elements& b);

/// `same`, `overlap` or `apart`.
std::string_view spelled(AddressRelation relation);

}  // namespace dlpack_conformance
