#include "core/values.h"

#include <algorithm>
#include <array>
#include <complex>
#include <cstdlib>
#include <map>
#include <optional>
#include <span>
#include <utility>

namespace dlpack_conformance {
namespace {

constexpr std::int64_t kIndexModulus = 127;              // what int8 has above zero
constexpr std::uint64_t kDeBruijn = 0x0218A392CD3D5DBF;  // each window of six bits occurs once

constexpr auto kFloat8Numbers = [] {
  std::array<double, 48> numbers{};
  std::size_t at = 0;
  for (const double power : {1.0, 2.0, 4.0, 8.0, 0.5, 0.25}) {
    for (const double fraction : {1.0, 1.25, 1.5, 1.75}) {
      numbers[at] = power * fraction;
      numbers[at + 24] = -power * fraction;
      ++at;
    }
  }
  return numbers;
}();

constexpr auto kFloat6Numbers = [] {
  constexpr double kPositive[] = {1, 1.25, 1.5, 1.75,  2,    2.5,   3,    3.5,   4,    5,
                                  6, 7,    0.5, 0.625, 0.75, 0.875, 0.25, 0.375, 0.125};
  std::array<double, 38> numbers{};
  for (std::size_t at = 0; at < 19; ++at) {
    numbers[at] = kPositive[at];
    numbers[at + 19] = -kPositive[at];
  }
  return numbers;
}();

// Every number once, then again in another order, so that periods of the strides do not meet those
// of the numbers.
constexpr auto kFloat4Numbers =
    std::to_array<double>({1,  0.5, 2,   -1, 3, 1.5, -4,   6,    -0.5, 4,  -2, -6, -1.5, -3,
                           -3, 2,   0.5, -6, 4, 1,   -1.5, -0.5, 6,    -2, 3,  -4, 1.5,  -1});

constexpr auto kExponentNumbers = [] {
  std::array<double, 64> numbers{};
  double power = 1.0 / (1 << 30);
  for (double& number : numbers) {
    number = power;
    power *= 2;
  }
  return numbers;
}();

std::span<const double> numbers_of(ValueSet set) {
  switch (set) {
    case ValueSet::kFloat8:
      return kFloat8Numbers;
    case ValueSet::kFloat6:
      return kFloat6Numbers;
    case ValueSet::kFloat4:
      return kFloat4Numbers;
    case ValueSet::kExponent:
      return kExponentNumbers;
    default:
      return {};
  }
}

/// A whole number in the type that the family's readers give.
Number in_family(DTypeFamily family, std::int64_t number) {
  if (family == DTypeFamily::kFloat) return static_cast<double>(number);
  return number;
}

std::int64_t counted(std::int64_t position) { return position % kIndexModulus + 1; }

Number number_at(const DTypeRow& dtype, std::int64_t position) {
  switch (dtype.values) {
    case ValueSet::kIndex:
      return in_family(dtype.family, counted(position));
    case ValueSet::kComplex:
      return std::complex<double>(static_cast<double>(counted(position)),
                                  -static_cast<double>(counted(position * 7 + 64)));
    case ValueSet::kBool:
      return ((kDeBruijn >> (63 - position % 64)) & 1) != 0;
    default: {
      const auto numbers = numbers_of(dtype.values);
      return numbers[static_cast<std::size_t>(position) % numbers.size()];
    }
  }
}

/// Elements from element 0, for each index in C order; above `kMaxElements` axes of stride zero
/// count once.
std::vector<std::int64_t> addresses(const LayoutRow& layout) {
  const bool all = layout.elements() <= kMaxElements;
  std::vector<std::int64_t> result = {0};
  for (std::size_t axis = 0; axis < layout.shape.size(); ++axis) {
    const std::int64_t extent = !all && layout.strides[axis] == 0 ? 1 : layout.shape[axis];
    std::vector<std::int64_t> next;
    next.reserve(result.size() * static_cast<std::size_t>(extent));
    for (const std::int64_t base : result) {
      for (std::int64_t index = 0; index < extent; ++index)
        next.push_back(base + index * layout.strides[axis]);
    }
    result = std::move(next);
  }
  return result;
}

/// For each index the last index that has the same address: there the number comes from.
std::vector<std::int64_t> owners(const std::vector<std::int64_t>& at) {
  std::map<std::int64_t, std::int64_t> last;
  for (std::size_t index = 0; index < at.size(); ++index)
    last[at[index]] = static_cast<std::int64_t>(index);
  std::vector<std::int64_t> result;
  result.reserve(at.size());
  for (const std::int64_t address : at) result.push_back(last[address]);
  return result;
}

std::vector<Number> numbers_for(const DTypeRow& dtype, const std::vector<std::int64_t>& owners_of,
                                std::int64_t start) {
  std::vector<Number> numbers;
  numbers.reserve(owners_of.size() * dtype.lanes);
  for (const std::int64_t owner : owners_of) {
    for (std::int64_t lane = 0; lane < dtype.lanes; ++lane) {
      numbers.push_back(number_at(dtype, start + owner * dtype.lanes + lane));
    }
  }
  return numbers;
}

/// For each index of `read`, whose element 0 lies `shift` elements after that of `written`, the
/// index of `written` that is at the same address. None where a canary would be read, or where each
/// index stays where it is.
std::optional<std::vector<std::size_t>> reordering(const std::vector<std::int64_t>& written,
                                                   const std::vector<std::int64_t>& read,
                                                   std::int64_t shift) {
  std::map<std::int64_t, std::size_t> index_of;
  for (std::size_t index = 0; index < written.size(); ++index) index_of[written[index]] = index;
  std::vector<std::size_t> result;
  bool moved = false;
  for (std::size_t index = 0; index < read.size(); ++index) {
    const auto found = index_of.find(read[index] + shift);
    if (found == index_of.end()) return std::nullopt;
    moved = moved || found->first != written[index];
    result.push_back(found->second);
  }
  return moved ? std::optional(std::move(result)) : std::nullopt;
}

/// Ways to read memory of one layout by another of its shape that stay within its elements: by the
/// other's strides from element 0, and from the origin.
std::vector<std::vector<std::size_t>> reorderings(const LayoutRow& written, const LayoutRow& read) {
  std::vector<std::vector<std::size_t>> result;
  const auto written_at = addresses(written);
  const auto read_at = addresses(read);
  for (const std::int64_t shift : {std::int64_t{0}, read.offset - written.offset}) {
    if (auto order = reordering(written_at, read_at, shift)) result.push_back(std::move(*order));
  }
  return result;
}

/// Are the numbers the same in this order?
bool is_alike(const std::vector<Number>& numbers, const std::vector<std::size_t>& order,
              std::size_t lanes) {
  for (std::size_t index = 0; index < order.size(); ++index) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      if (numbers[order[index] * lanes + lane] != numbers[index * lanes + lane]) return false;
    }
  }
  return true;
}

/// A layout of one shape and all ways to misread it as another of that shape.
struct Misreadings {
  std::vector<std::int64_t> owners;
  std::vector<std::vector<std::size_t>> orders;
};

std::vector<Misreadings> misreadings_of(const Dims& shape) {
  std::vector<Misreadings> result;
  for (const LayoutRow& written : layouts()) {
    if (!(written.shape == shape)) continue;
    Misreadings& entry =
        result.emplace_back(Misreadings{.owners = owners(addresses(written)), .orders = {}});
    for (const LayoutRow& read : layouts()) {
      if (!(read.shape == shape)) continue;
      for (auto& order : reorderings(written, read)) entry.orders.push_back(std::move(order));
    }
  }
  return result;
}

/// How badly the numbers from `start` on tell the layouts of a shape apart: what reads alike weighs
/// most, then being all zero as fresh memory is, then true and false in unequal numbers.
std::int64_t weakness(const DTypeRow& dtype, const std::vector<Misreadings>& layouts_of_shape,
                      std::int64_t start) {
  std::int64_t result = 0;
  for (const Misreadings& layout : layouts_of_shape) {
    const auto numbers = numbers_for(dtype, layout.owners, start);
    result += 10000 * std::ranges::count_if(layout.orders, [&](const auto& order) {
                return is_alike(numbers, order, 1);
              });
    if (dtype.values != ValueSet::kBool) continue;
    const std::int64_t trues = std::ranges::count(numbers, Number(true));
    if (trues == 0) result += 1000;
    result += std::abs(2 * trues - std::ssize(numbers));
  }
  return result;
}

std::int64_t best_start(const DTypeRow& dtype, const Dims& shape) {
  const std::int64_t period = dtype.values == ValueSet::kBool ? 64 : std::ssize(kFloat4Numbers);
  const auto layouts_of_shape = misreadings_of(shape);
  std::int64_t best = 0;
  std::int64_t least = weakness(dtype, layouts_of_shape, 0);
  for (std::int64_t start = 1; start < period && least > 0; ++start) {
    const std::int64_t found = weakness(dtype, layouts_of_shape, start);
    if (found < least) {
      least = found;
      best = start;
    }
  }
  return best;
}

/// Where the sequence of a narrow dtype starts, for each layout of the table; the same for all
/// layouts of one shape.
std::vector<std::int64_t> all_starts(const DTypeRow& dtype) {
  std::vector<std::int64_t> starts;
  for (const LayoutRow& layout : layouts()) {
    const auto same = std::ranges::find_if(
        layouts(), [&](const LayoutRow& other) { return other.shape == layout.shape; });
    const auto index = static_cast<std::size_t>(same - layouts().begin());
    starts.push_back(index < starts.size() ? starts[index] : best_start(dtype, layout.shape));
  }
  return starts;
}

std::int64_t start_of(const DTypeRow& dtype, const LayoutRow& layout) {
  if (dtype.values != ValueSet::kBool && dtype.values != ValueSet::kFloat4) return 0;
  const auto row = std::ranges::find_if(
      layouts(), [&](const LayoutRow& other) { return other.shape == layout.shape; });
  if (row == layouts().end()) return 0;
  const auto index = static_cast<std::size_t>(row - layouts().begin());
  if (dtype.values == ValueSet::kBool) {
    static const std::vector<std::int64_t> bool_starts = all_starts(*find_dtype("bool"));
    return bool_starts[index];
  }
  static const std::vector<std::int64_t> float4_starts = all_starts(*find_dtype("float4_e2m1fn"));
  return float4_starts[index];
}

double other_number(ValueSet set, double value) {
  const auto numbers = numbers_of(set);
  const auto found = std::ranges::find(numbers, value);
  if (found == numbers.end()) return numbers.front();
  const auto next = static_cast<std::size_t>(found - numbers.begin()) + numbers.size() / 2;
  return numbers[next % numbers.size()];
}

std::int64_t other_index(std::int64_t value) {
  const std::int64_t position = (value - 1 + 63) % kIndexModulus;
  return (position < 0 ? position + kIndexModulus : position) + 1;
}

}  // namespace

std::vector<Number> element_values(const DTypeRow& dtype, const LayoutRow& layout) {
  return numbers_for(dtype, owners(addresses(layout)), start_of(dtype, layout));
}

Number other_value(const DTypeRow& dtype, const Number& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return !*flag;
  if (const auto* parts = std::get_if<std::complex<double>>(&value)) {
    return std::complex<double>(
        static_cast<double>(other_index(static_cast<std::int64_t>(parts->real()))), parts->imag());
  }
  if (const auto* number = std::get_if<double>(&value)) {
    if (!numbers_of(dtype.values).empty()) return other_number(dtype.values, *number);
    return static_cast<double>(other_index(static_cast<std::int64_t>(*number)));
  }
  if (const auto* number = std::get_if<std::uint64_t>(&value))
    return other_index(static_cast<std::int64_t>(*number % 127));
  return other_index(std::get<std::int64_t>(value));
}

bool read_alike(const DTypeRow& dtype, const LayoutRow& written, const LayoutRow& read) {
  const auto numbers = element_values(dtype, written);
  return std::ranges::any_of(reorderings(written, read), [&](const auto& order) {
    return is_alike(numbers, order, dtype.lanes);
  });
}

}  // namespace dlpack_conformance
