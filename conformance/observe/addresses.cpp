#include "observe/addresses.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "catalogue/error.h"
#include "core/values.h"

namespace dlpack_conformance {
namespace {

struct Axis {
  std::int64_t extent;
  std::int64_t stride_bytes;
};

struct Range {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
};

void check(const Elements& elements) {
  if (elements.shape.size() == elements.strides_bytes.size()) return;
  throw CatalogueError("elements", "strides", std::to_string(elements.strides_bytes.size()),
                       std::to_string(elements.shape.size()) + ", one for each extent");
}

bool is_empty(const Elements& elements) {
  return std::ranges::find(elements.shape, 0) != elements.shape.end();
}

/// Axes along which the address moves; a negative stride is turned round, which keeps the set of
/// addresses.
std::vector<Axis> moving_axes(const Elements& elements, std::uintptr_t& lowest) {
  std::vector<Axis> axes;
  lowest = elements.first;
  for (std::size_t axis = 0; axis < elements.shape.size(); ++axis) {
    const std::int64_t extent = elements.shape[axis];
    const std::int64_t stride = elements.strides_bytes[axis];
    if (extent <= 1 || stride == 0) continue;
    if (stride < 0) lowest += static_cast<std::uintptr_t>((extent - 1) * stride);
    axes.push_back({extent, stride < 0 ? -stride : stride});
  }
  return axes;
}

Range range_of(const Elements& elements) {
  Range range;
  const auto axes = moving_axes(elements, range.begin);
  range.end = range.begin + static_cast<std::uintptr_t>(elements.item_bytes);
  for (const Axis& axis : axes)
    range.end += static_cast<std::uintptr_t>((axis.extent - 1) * axis.stride_bytes);
  return range;
}

/// Starts of all elements, sorted.
std::vector<std::uintptr_t> starts_of(const Elements& elements) {
  std::uintptr_t lowest = 0;
  const auto axes = moving_axes(elements, lowest);
  std::vector<std::uintptr_t> starts = {lowest};
  for (const Axis& axis : axes) {
    if (std::ssize(starts) > kMaxElements / axis.extent) {
      throw CatalogueError("elements", "count", "above " + std::to_string(kMaxElements),
                           "at most 2^20 that can differ");
    }
    const std::size_t before = starts.size();
    for (std::int64_t index = 1; index < axis.extent; ++index) {
      for (std::size_t at = 0; at < before; ++at) {
        starts.push_back(starts[at] + static_cast<std::uintptr_t>(index * axis.stride_bytes));
      }
    }
  }
  std::ranges::sort(starts);
  return starts;
}

bool each_index_at_one_address(const Elements& a, const Elements& b) {
  if (a.first != b.first || a.item_bytes != b.item_bytes || !std::ranges::equal(a.shape, b.shape))
    return false;
  for (std::size_t axis = 0; axis < a.shape.size(); ++axis) {
    if (a.shape[axis] > 1 && a.strides_bytes[axis] != b.strides_bytes[axis]) return false;
  }
  return true;
}

}  // namespace

std::string address_text(std::uintptr_t address, const Origin& origin, bool empty) {
  if (address == 0) return "null";
  const auto distance = static_cast<std::int64_t>(address - origin.first);
  const bool inside =
      distance >= origin.begin && (distance < origin.end || (empty && distance == origin.end));
  return inside ? std::to_string(distance) : "elsewhere";
}

AddressRelation relate(const Elements& a, const Elements& b) {
  check(a);
  check(b);
  if (is_empty(a) || is_empty(b)) return AddressRelation::kApart;
  if (each_index_at_one_address(a, b)) return AddressRelation::kSame;
  const Range range_a = range_of(a);
  const Range range_b = range_of(b);
  if (range_a.end <= range_b.begin || range_b.end <= range_a.begin) return AddressRelation::kApart;
  const auto starts_a = starts_of(a);
  const auto starts_b = starts_of(b);
  std::size_t at = 0;
  for (const std::uintptr_t start : starts_a) {
    while (at < starts_b.size() &&
           starts_b[at] + static_cast<std::uintptr_t>(b.item_bytes) <= start)
      ++at;
    if (at < starts_b.size() && starts_b[at] < start + static_cast<std::uintptr_t>(a.item_bytes)) {
      return AddressRelation::kOverlap;
    }
  }
  return AddressRelation::kApart;
}

std::string_view spelled(AddressRelation relation) {
  switch (relation) {
    case AddressRelation::kSame:
      return "same";
    case AddressRelation::kOverlap:
      return "overlap";
    case AddressRelation::kApart:
      return "apart";
  }
  return {};
}

}  // namespace dlpack_conformance
