/// @file
/// A short list of extents or strides that a `constexpr` table can hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

namespace dlpack_conformance {

inline constexpr std::size_t kMaxRank = 64;

/// Extents, or strides in elements, of at most `kMaxRank` axes.
class Dims {
 public:
  constexpr Dims() = default;
  constexpr Dims(std::initializer_list<std::int64_t> values) : rank_(values.size()) {
    std::size_t at = 0;
    for (const std::int64_t value : values)
      values_[at++] = value;  // out of bounds: no constant expression
  }

  constexpr void push_back(std::int64_t value) { values_[rank_++] = value; }

  [[nodiscard]] constexpr std::size_t size() const { return rank_; }
  [[nodiscard]] constexpr bool empty() const { return rank_ == 0; }
  constexpr std::int64_t operator[](std::size_t axis) const { return values_[axis]; }
  constexpr std::int64_t& operator[](std::size_t axis) { return values_[axis]; }
  [[nodiscard]] constexpr const std::int64_t* begin() const { return values_; }
  [[nodiscard]] constexpr const std::int64_t* end() const { return values_ + rank_; }
  constexpr operator std::span<const std::int64_t>() const {
    return {values_, rank_};
  }  // NOLINT(google-explicit-constructor)

  friend constexpr bool operator==(const Dims& a, const Dims& b) {
    if (a.rank_ != b.rank_) return false;
    for (std::size_t axis = 0; axis < a.rank_; ++axis) {
      if (a.values_[axis] != b.values_[axis]) return false;
    }
    return true;
  }

 private:
  std::size_t rank_ = 0;
  std::int64_t values_[kMaxRank] = {};
};

}  // namespace dlpack_conformance
