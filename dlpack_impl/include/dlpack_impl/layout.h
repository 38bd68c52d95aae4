/// @file
/// Shape, strides and offset of a tensor as values, and the arithmetic on them that says nothing of
/// addresses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace dlpack_impl {

/// Most axes that the instrument handles.
inline constexpr std::int32_t kMaxRank = 64;

/// Up to this many elements are read, written or compared one by one; above, only what is asked
/// for.
inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 20;

/// A row of 64-bit integers that somebody else owns: extents, strides or an index.
class Int64View {
 public:
  constexpr Int64View() noexcept = default;
  constexpr Int64View(const std::int64_t* data, std::size_t size) noexcept
      : data_(data), size_(size) {}
  // Implicit on purpose: a view is how all functions below take a vector.
  // NOLINTNEXTLINE(google-explicit-constructor)
  Int64View(const std::vector<std::int64_t>& values) noexcept
      : data_(values.data()), size_(values.size()) {}
  // A braced list lives until the end of the full expression; use it only as an argument.
  Int64View(std::initializer_list<std::int64_t> values) noexcept : size_(values.size()) {
    data_ = values.begin();
  }

  [[nodiscard]] constexpr const std::int64_t* data() const noexcept { return data_; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] constexpr std::int64_t operator[](std::size_t i) const noexcept { return data_[i]; }
  [[nodiscard]] constexpr const std::int64_t* begin() const noexcept { return data_; }
  [[nodiscard]] constexpr const std::int64_t* end() const noexcept { return data_ + size_; }
  [[nodiscard]] std::vector<std::int64_t> to_vector() const { return {begin(), end()}; }

 private:
  const std::int64_t* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Lowest and highest element of a tensor, in elements from element 0. `lowest <= 0 <= highest`;
/// for an empty tensor `empty` is true and both are 0.
struct ElementSpan {
  std::int64_t lowest = 0;
  std::int64_t highest = 0;
  bool empty = false;
};

/// Product of the extents; 1 for rank 0.
/// @throws InvalidArgument  rank above 64, a negative extent, or a product above 2^63 - 1.
std::int64_t element_count(Int64View shape);

/// @throws InvalidArgument  as `element_count`; lengths differ; or an element is more than 2^62
///     elements away.
ElementSpan element_span(Int64View shape, Int64View strides);
/// The same where `count` is what `element_count` gave for the shape.
ElementSpan element_span(Int64View shape, Int64View strides, std::int64_t count);

/// True where strides are those of a compact row-major tensor; axes of extent 1 and all axes of an
/// empty tensor don't count. @spec T-12
/// @throws InvalidArgument  as `element_span`.
bool is_c_contiguous(Int64View shape, Int64View strides);

/// Shape, strides and offset. `offset`: elements from an aligned origin to element 0.
struct Layout {
  std::vector<std::int64_t> shape;    ///< extents, rank 0 to 64
  std::vector<std::int64_t> strides;  ///< elements, as many as extents
  std::int64_t offset = 0;            ///< elements

  friend bool operator==(const Layout& a, const Layout& b) {
    return a.shape == b.shape && a.strides == b.strides && a.offset == b.offset;
  }
  friend bool operator!=(const Layout& a, const Layout& b) { return !(a == b); }

  [[nodiscard]] std::size_t rank() const noexcept { return shape.size(); }
  /// @throws InvalidArgument  as the function of the same name.
  [[nodiscard]] std::int64_t element_count() const { return dlpack_impl::element_count(shape); }
  /// Lowest and highest element, from element 0 (not from the origin).
  /// @throws InvalidArgument  as the function of the same name.
  [[nodiscard]] ElementSpan span() const { return element_span(shape, strides); }
  /// @throws InvalidArgument  as the function of the same name.
  [[nodiscard]] bool is_c_contiguous() const {
    return dlpack_impl::is_c_contiguous(shape, strides);
  }
  /// Elements that memory from the origin on must hold: offset + highest + 1, or offset where
  /// empty.
  /// @throws InvalidArgument  as `span`; or the lowest element lies before the origin.
  [[nodiscard]] std::int64_t elements_from_origin() const;
};

/// Extents with each zero-stride axis cut to 1: the elements that can differ. An empty shape stays
/// empty.
/// @throws InvalidArgument  lengths differ.
std::vector<std::int64_t> distinct_shape(Int64View shape, Int64View strides);

/// Walks all indices of a shape in C order (last axis fastest). It knows no strides: whoever turns
/// an index into an address does so by arithmetic of its own.
///
///     for (IndexWalk walk(shape); !walk.done(); walk.next()) use(walk.index());
class IndexWalk {
 public:
  /// @throws InvalidArgument  as `element_count`.
  explicit IndexWalk(Int64View shape);
  [[nodiscard]] bool done() const noexcept { return position_ == count_; }
  [[nodiscard]] Int64View index() const noexcept { return index_; }
  /// Position of the index in C order.
  [[nodiscard]] std::int64_t position() const noexcept { return position_; }
  [[nodiscard]] std::int64_t count() const noexcept { return count_; }
  void next() noexcept;

 private:
  std::vector<std::int64_t> shape_;
  std::vector<std::int64_t> index_;
  std::int64_t position_ = 0;
  std::int64_t count_ = 0;
};

}  // namespace dlpack_impl
