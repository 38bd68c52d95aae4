#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "dlpack_impl/consumer.h"
#include "dlpack_impl/error.h"

namespace dlpack_impl {
namespace {

constexpr std::size_t kSmallBytes = 4096;
constexpr std::size_t kMaxAxes = static_cast<std::size_t>(kMaxRank);

// Axes that matter for reading in C order: extents above 1, neighbours merged where one step of the
// outer is a whole run of the inner. At least one axis.
struct Axes {
  std::array<std::int64_t, kMaxAxes>
      extent;  // the first `count` are set: clearing 64 each time shows
  std::array<std::int64_t, kMaxAxes> stride;
  std::size_t count = 0;
};

Axes merge_axes(const std::int64_t* shape, Int64View strides) {
  Axes axes;
  for (std::size_t i = 0; i < strides.size(); ++i) {
    if (shape[i] == 1) continue;
    const std::size_t last = axes.count - 1;
    if (axes.count != 0 && axes.stride[last] == strides[i] * shape[i]) {
      axes.extent[last] *= shape[i];
      axes.stride[last] = strides[i];
      continue;
    }
    axes.extent[axes.count] = shape[i];
    axes.stride[axes.count] = strides[i];
    ++axes.count;
  }
  if (axes.count == 0) {
    axes.extent[0] = 1;
    axes.stride[0] = 1;
    axes.count = 1;
  }
  return axes;
}

// Runs `row(first element of the row, position of the row)` over all but the last axis, in C order.
template <class Row>
void for_each_row(const Axes& axes, Row row) {
  const std::size_t outer = axes.count - 1;
  std::array<std::int64_t, kMaxAxes> index;
  std::fill_n(index.begin(), outer, 0);
  std::int64_t element = 0;
  for (std::int64_t position = 0;; ++position) {
    row(element, position);
    std::size_t axis = outer;
    for (;;) {
      if (axis == 0) return;
      --axis;
      element += axes.stride[axis];
      if (++index[axis] < axes.extent[axis]) break;
      element -= axes.stride[axis] * axes.extent[axis];
      index[axis] = 0;
    }
  }
}

template <std::size_t kSize>
void copy_strided(const std::byte* from, std::int64_t step_bytes, std::int64_t count,
                  std::byte* to) {
  for (std::int64_t i = 0; i < count; ++i) {
    std::memcpy(to + static_cast<std::size_t>(i) * kSize, from + i * step_bytes, kSize);
  }
}

void copy_row(const std::byte* from, std::int64_t stride, std::int64_t count, std::size_t size,
              std::byte* to) {
  if (stride == 1) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * size);
    return;
  }
  const std::int64_t step = stride * static_cast<std::int64_t>(size);
  switch (size) {
    case 1:
      return copy_strided<1>(from, step, count, to);
    case 2:
      return copy_strided<2>(from, step, count, to);
    case 4:
      return copy_strided<4>(from, step, count, to);
    case 8:
      return copy_strided<8>(from, step, count, to);
    default:
      for (std::int64_t i = 0; i < count; ++i) {
        std::memcpy(to + static_cast<std::size_t>(i) * size, from + i * step, size);
      }
  }
}

// Copies bits one by one, lowest first (T-20). A negative position counts back from `from`.
void copy_packed(const std::byte* from, std::int64_t from_bit, std::int64_t bits, std::byte* to,
                 std::int64_t to_bit) {
  for (std::int64_t i = 0; i < bits; ++i) {
    const std::int64_t in = from_bit + i;
    const std::int64_t in_byte = in >= 0 ? in / 8 : (in - 7) / 8;
    const auto value =
        std::to_integer<unsigned>(from[in_byte]) >> static_cast<unsigned>(in - in_byte * 8) & 1U;
    const std::int64_t out = to_bit + i;
    const auto mask = std::byte{1} << static_cast<unsigned>(out % 8);
    std::byte& target = to[out / 8];
    target = value != 0 ? target | mask : target & ~mask;
  }
}

std::int64_t whole_bytes_below(std::int64_t bits) { return bits >= 0 ? bits / 8 : (bits - 7) / 8; }

// True where so many elements are at most 2^61 bits. Without a division, which shows in an import.
bool within_reach(std::int64_t elements, std::int64_t element_bits) {
  std::int64_t bits = 0;
  return !__builtin_mul_overflow(elements, element_bits, &bits) && bits <= std::int64_t{1} << 61;
}

}  // namespace

std::vector<std::int64_t> consumer_strides(Int64View shape) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  // Of an empty tensor no address is made, and its other extents may be too large to multiply.
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return strides;
  // Each stride is what one step of the next axis moves, times how often that axis steps.
  for (std::size_t axis = shape.size(); axis > 1; --axis) {
    strides[axis - 2] = strides[axis - 1] * shape[axis - 1];
  }
  return strides;
}

TensorView::TensorView(const Reading& reading, Rules rules, Where where) {
  const Version version = reading.version.value_or(kLegacyVersion);
  DLCONFORM_EXPECTS(
      reading.tensor != nullptr, BufferError,
      detail::field_message("version.major", version.major, std::to_string(DLPACK_MAJOR_VERSION)));
  const DLTensor& tensor = *reading.tensor;
  const DType dtype = reading.dtype();
  const Device device = reading.device();
  dtype_ = dtype;
  device_ = device;
  DLCONFORM_EXPECTS(tensor.ndim >= 0, InvalidArgument,
                    detail::field_message("ndim", tensor.ndim, ">= 0"));
  DLCONFORM_EXPECTS(tensor.ndim <= kMaxRank, BufferError,
                    detail::field_message("ndim", tensor.ndim, std::to_string(kMaxRank)));
  DLCONFORM_EXPECTS(
      tensor.ndim == 0 || tensor.shape != nullptr, InvalidArgument,
      detail::field_message("shape", "NULL", "not NULL with ndim " + std::to_string(tensor.ndim)));
  shape_ = {tensor.shape, static_cast<std::size_t>(tensor.ndim)};
  first_ = reinterpret_cast<std::byte*>(reinterpret_cast<std::uintptr_t>(tensor.data) +
                                        tensor.byte_offset);
  if (tensor.strides == nullptr && rules == Rules::kOfVersion) {
    DLCONFORM_EXPECTS(
        tensor.ndim == 0 || !version.at_least(1, 2), InvalidArgument,
        detail::field_message("strides", "NULL", "not NULL from version 1.2 on with ndim above 0"));
  }
  resolve(tensor.strides, dtype, device, where);
  DLCONFORM_EXPECTS(
      count_ == 0 || tensor.data != nullptr, InvalidArgument,
      detail::field_message("data", "NULL",
                            "an address, as there are " + std::to_string(count_) + " elements"));
  DLCONFORM_EXPECTS(
      tensor.byte_offset <= ~reinterpret_cast<std::uintptr_t>(tensor.data), InvalidArgument,
      detail::field_message("byte_offset", tensor.byte_offset, "the end of the address space"));
}

TensorView::TensorView(DType dtype, const void* first, Int64View shape, Int64View strides,
                       Device device, Where where)
    : dtype_(dtype),
      device_(device),
      shape_(shape),
      first_(static_cast<std::byte*>(const_cast<void*>(first))) {
  DLCONFORM_EXPECTS(shape.size() == strides.size(), InvalidArgument,
                    detail::field_message("strides", std::to_string(strides.size()) + " numbers",
                                          std::to_string(shape.size()) + ", one an axis"));
  resolve(strides.data(), dtype, device, where);
  DLCONFORM_EXPECTS(count_ == 0 || first != nullptr, InvalidArgument,
                    detail::field_message("address", "NULL", "an address, as there are elements"));
}

void TensorView::expect_host_readable(Device device) {
  DLCONFORM_EXPECTS(
      device.is_host_readable(), BufferError,
      detail::field_message("device", device_name(device), "memory that the host reads"));
}

void TensorView::resolve(const std::int64_t* strides, DType dtype, Device device, Where where) {
  DLCONFORM_EXPECTS(dtype.lanes != 0, InvalidArgument,
                    detail::field_message("dtype.lanes", dtype.lanes, ">= 1"));
  DLCONFORM_EXPECTS(
      is_known_dtype(dtype), BufferError,
      detail::field_message("dtype", dtype_name(dtype), "codes and widths of DLPack 1.3"));
  if (where == Where::kHost && device.type != kCpu.type) expect_host_readable(device);
  count_ = dlpack_impl::element_count(shape_);
  if (strides == nullptr && !shape_.empty()) {
    own_strides_ = consumer_strides(shape_);
  } else {
    strides_ = {strides, shape_.size()};
  }
  const ElementSpan span = element_span(shape_, this->strides(), count_);
  const std::int64_t bits = dtype.element_bits();
  DLCONFORM_EXPECTS(within_reach(-span.lowest, bits) && within_reach(span.highest, bits),
                    InvalidArgument,
                    detail::field_message("strides",
                                          std::to_string(span.lowest) + " to " +
                                              std::to_string(span.highest) + " elements",
                                          "2^61 bits from element 0"));
  lowest_ = span.lowest;
  highest_ = span.highest;
}

std::int64_t TensorView::bit_position(Int64View index) const {
  const Int64View steps = strides();
  DLCONFORM_EXPECTS(index.size() == shape_.size(), InvalidArgument,
                    detail::field_message("index", std::to_string(index.size()) + " numbers",
                                          std::to_string(shape_.size()) + ", one an axis"));
  std::int64_t bits = 0;
  for (std::size_t axis = 0; axis < index.size(); ++axis) {
    DLCONFORM_EXPECTS(index[axis] >= 0 && index[axis] < shape_[axis], InvalidArgument,
                      detail::field_message("index[" + std::to_string(axis) + "]", index[axis],
                                            "0 to " + std::to_string(shape_[axis] - 1)));
    bits += index[axis] * (steps[axis] * dtype_.element_bits());
  }
  return bits;
}

void* TensorView::address(Int64View index) const {
  return first_ + whole_bytes_below(bit_position(index));
}

void TensorView::get(Int64View index, void* element) const {
  expect_host();
  const std::int64_t bit = bit_position(index);
  const auto size = static_cast<std::size_t>(dtype_.element_bytes());
  if (dtype_.is_byte_addressed()) {
    std::memcpy(element, first_ + bit / 8, size);
    return;
  }
  std::memset(element, 0, size);
  copy_packed(first_, bit, dtype_.element_bits(), static_cast<std::byte*>(element), 0);
}

void TensorView::set(Int64View index, const void* element) const {
  expect_host();
  const std::int64_t bit = bit_position(index);
  const auto* bytes = static_cast<const std::byte*>(element);
  if (dtype_.is_byte_addressed()) {
    std::memcpy(first_ + bit / 8, bytes, static_cast<std::size_t>(dtype_.element_bytes()));
    return;
  }
  const std::int64_t byte = whole_bytes_below(bit);
  copy_packed(bytes, 0, dtype_.element_bits(), first_ + byte, bit - byte * 8);
}

std::vector<Number> TensorView::at(Int64View index) const {
  std::vector<std::byte> element(static_cast<std::size_t>(dtype_.element_bytes()));
  get(index, element.data());
  std::vector<Number> lanes(dtype_.lanes);
  decode_element(dtype_, element.data(), lanes.data());
  return lanes;
}

std::int64_t TensorView::raw_bytes() const { return storage_bytes(dtype_, count_); }

void TensorView::gather(const std::int64_t* shape, std::byte* out) const {
  const Axes axes = merge_axes(shape, strides());
  const std::int64_t row_length = axes.extent[axes.count - 1];
  const std::int64_t row_stride = axes.stride[axes.count - 1];
  const std::int64_t bits = dtype_.element_bits();
  if (dtype_.is_byte_addressed()) {
    const auto size = static_cast<std::size_t>(bits / 8);
    for_each_row(axes, [&](std::int64_t element, std::int64_t row) {
      copy_row(first_ + element * (bits / 8), row_stride, row_length, size,
               out + static_cast<std::size_t>(row * row_length) * size);
    });
    return;
  }
  for_each_row(axes, [&](std::int64_t element, std::int64_t row) {
    for (std::int64_t i = 0; i < row_length; ++i) {
      copy_packed(first_, (element + i * row_stride) * bits, bits, out,
                  (row * row_length + i) * bits);
    }
  });
}

void TensorView::read_raw(void* out, std::size_t size_bytes) const {
  expect_host();
  DLCONFORM_EXPECTS(
      count_ <= kMaxElements, InvalidArgument,
      detail::field_message("element count", count_, std::to_string(kMaxElements) + " at once"));
  const std::int64_t needed = raw_bytes();
  DLCONFORM_EXPECTS(
      static_cast<std::size_t>(needed) <= size_bytes, InvalidArgument,
      detail::field_message("size_bytes", size_bytes, "at least " + std::to_string(needed)));
  if (count_ == 0) return;
  auto* bytes = static_cast<std::byte*>(out);
  bytes[needed - 1] = std::byte{0};  // the unused bits of packed types
  gather(shape_.data(), bytes);
}

std::vector<std::byte> TensorView::read_raw() const {
  std::vector<std::byte> bytes(count_ <= kMaxElements ? static_cast<std::size_t>(raw_bytes()) : 0);
  read_raw(bytes.data(), bytes.size());
  return bytes;
}

std::vector<std::byte> TensorView::read_distinct() const {
  expect_host();
  const std::vector<std::int64_t> shape = distinct_shape(shape_, strides());
  const std::int64_t count = dlpack_impl::element_count(shape);
  DLCONFORM_EXPECTS(
      count <= kMaxElements, InvalidArgument,
      detail::field_message("distinct elements", count, std::to_string(kMaxElements) + " at once"));
  std::vector<std::byte> bytes(static_cast<std::size_t>(storage_bytes(dtype_, count)));
  if (count != 0) gather(shape.data(), bytes.data());
  return bytes;
}

bool TensorView::equals_raw(const void* raw, std::size_t size_bytes) const {
  expect_host();
  DLCONFORM_EXPECTS(
      count_ <= kMaxElements, InvalidArgument,
      detail::field_message("element count", count_, std::to_string(kMaxElements) + " at once"));
  if (static_cast<std::size_t>(raw_bytes()) != size_bytes) return false;
  if (count_ == 0) return true;
  const auto* wanted = static_cast<const std::byte*>(raw);
  // One comparison of what was gathered costs less than one an element; only large rows are
  // compared in place.
  std::array<std::byte, kSmallBytes> small;
  if (size_bytes <= small.size()) {
    read_raw(small.data(), small.size());
    return std::memcmp(small.data(), wanted, size_bytes) == 0;
  }
  if (!dtype_.is_byte_addressed()) {
    const std::vector<std::byte> found = read_raw();
    return std::memcmp(found.data(), wanted, size_bytes) == 0;
  }
  const Axes axes = merge_axes(shape_.data(), strides());
  const std::int64_t row_length = axes.extent[axes.count - 1];
  const std::int64_t row_stride = axes.stride[axes.count - 1];
  const auto size = static_cast<std::size_t>(dtype_.element_bytes());
  bool equal = true;
  for_each_row(axes, [&](std::int64_t element, std::int64_t row) {
    if (!equal) return;
    const std::byte* from = first_ + element * static_cast<std::int64_t>(size);
    const std::byte* to = wanted + static_cast<std::size_t>(row * row_length) * size;
    if (row_stride == 1) {
      equal = std::memcmp(from, to, static_cast<std::size_t>(row_length) * size) == 0;
      return;
    }
    const std::int64_t step = row_stride * static_cast<std::int64_t>(size);
    for (std::int64_t i = 0; equal && i < row_length; ++i) {
      equal = std::memcmp(from + i * step, to + static_cast<std::size_t>(i) * size, size) == 0;
    }
  });
  return equal;
}

std::pair<std::int64_t, std::int64_t> TensorView::span_bytes() const noexcept {
  if (count_ == 0) return {0, 0};
  const std::int64_t bits = dtype_.element_bits();
  return {whole_bytes_below(lowest_ * bits), -whole_bytes_below(-(highest_ + 1) * bits)};
}

}  // namespace dlpack_impl
