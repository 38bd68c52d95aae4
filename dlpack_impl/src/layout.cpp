#include "dlpack_impl/layout.h"

#include <string>
#include <utility>

#include "dlpack_impl/error.h"

namespace dlpack_impl {
namespace {

constexpr std::int64_t kMaxDistance = std::int64_t{1} << 62;

std::string axis_field(const char* field, std::size_t axis) {
  return std::string(field) + "[" + std::to_string(axis) + "]";
}

std::string shape_text(Int64View shape) {
  std::string text = "(";
  for (const std::int64_t extent : shape) {
    text.append(text.size() == 1 ? "" : ", ").append(std::to_string(extent));
  }
  return text + ")";
}

void check_lengths(Int64View shape, Int64View strides) {
  DLCONFORM_EXPECTS(
      shape.size() == strides.size(), InvalidArgument,
      detail::field_message("strides", std::to_string(strides.size()) + " numbers",
                            std::to_string(shape.size()) + ", one an axis of the shape"));
}

}  // namespace

std::int64_t element_count(Int64View shape) {
  DLCONFORM_EXPECTS(shape.size() <= static_cast<std::size_t>(kMaxRank), InvalidArgument,
                    detail::field_message("ndim", shape.size(), std::to_string(kMaxRank)));
  std::int64_t count = 1;
  bool overflow = false;
  bool empty = false;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    DLCONFORM_EXPECTS(shape[axis] >= 0, InvalidArgument,
                      detail::field_message(axis_field("shape", axis), shape[axis], ">= 0"));
    empty = empty || shape[axis] == 0;
    overflow = overflow || __builtin_mul_overflow(count, shape[axis], &count);
  }
  if (empty) return 0;
  DLCONFORM_EXPECTS(!overflow, InvalidArgument,
                    detail::field_message("shape", shape_text(shape), "2^63 - 1 elements in all"));
  return count;
}

ElementSpan element_span(Int64View shape, Int64View strides) {
  check_lengths(shape, strides);
  return element_span(shape, strides, element_count(shape));
}

ElementSpan element_span(Int64View shape, Int64View strides, std::int64_t count) {
  check_lengths(shape, strides);
  ElementSpan span;
  if (count == 0) {
    span.empty = true;
    return span;
  }
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const std::int64_t steps = shape[axis] - 1;
    const std::int64_t stride = strides[axis];
    if (steps == 0 || stride == 0) continue;
    std::int64_t distance = 0;
    std::int64_t& end = stride > 0 ? span.highest : span.lowest;
    const bool fits = !__builtin_mul_overflow(stride, steps, &distance) &&
                      !__builtin_add_overflow(end, distance, &end) && end <= kMaxDistance &&
                      end >= -kMaxDistance;
    DLCONFORM_EXPECTS(fits, InvalidArgument,
                      detail::field_message(axis_field("strides", axis), stride,
                                            "2^62 elements from element 0, over " +
                                                std::to_string(steps) + " steps"));
  }
  return span;
}

bool is_c_contiguous(Int64View shape, Int64View strides) {
  if (element_span(shape, strides).empty) return true;
  std::int64_t expected = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    if (shape[axis] != 1 && strides[axis] != expected) return false;
    expected *= shape[axis];
  }
  return true;
}

std::int64_t Layout::elements_from_origin() const {
  const ElementSpan reach = span();
  DLCONFORM_EXPECTS(offset >= 0 && offset <= kMaxDistance, InvalidArgument,
                    detail::field_message("offset", offset, "0 to 2^62 elements from the origin"));
  if (reach.empty) return offset;
  DLCONFORM_EXPECTS(offset + reach.lowest >= 0, InvalidArgument,
                    detail::field_message("offset", offset,
                                          "at least " + std::to_string(-reach.lowest) +
                                              ", so that no element lies before the origin"));
  return offset + reach.highest + 1;
}

std::vector<std::int64_t> distinct_shape(Int64View shape, Int64View strides) {
  check_lengths(shape, strides);
  std::vector<std::int64_t> cut = shape.to_vector();
  for (std::size_t axis = 0; axis < cut.size(); ++axis) {
    if (strides[axis] == 0 && cut[axis] > 1) cut[axis] = 1;
  }
  return cut;
}

IndexWalk::IndexWalk(Int64View shape)
    : shape_(shape.to_vector()), index_(shape.size(), 0), count_(element_count(shape)) {}

void IndexWalk::next() noexcept {
  ++position_;
  for (std::size_t axis = shape_.size(); axis-- > 0;) {
    if (++index_[axis] < shape_[axis]) return;
    index_[axis] = 0;
  }
}

}  // namespace dlpack_impl
