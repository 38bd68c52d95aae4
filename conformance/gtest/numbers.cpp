#include "gtest/numbers.h"

#include <dlpack_impl/consumer.h>
#include <dlpack_impl/error.h>
#include <dlpack_impl/producer.h>

#include <array>
#include <charconv>
#include <cmath>
#include <type_traits>

namespace dlpack_conformance::kit {
namespace {

std::string spelled(double value) {
  std::array<char, 40> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  std::string found(text.data(), end.ptr);
  if (std::isfinite(value) && found.find_first_of(".e") == std::string::npos) found += ".0";
  return found;
}

std::string spelled(const Number& number) {
  return std::visit(
      [](const auto& value) -> std::string {
        using Value = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, bool>) {
          return value ? "True" : "False";
        } else if constexpr (std::is_same_v<Value, double>) {
          return spelled(value);
        } else if constexpr (std::is_same_v<Value, std::complex<double>>) {
          return "(" + spelled(value.real()) + ", " + spelled(value.imag()) + ")";
        } else {
          return std::to_string(value);
        }
      },
      number);
}

std::string spelled(const std::vector<Number>& lanes) {
  if (lanes.size() == 1) return spelled(lanes.front());
  std::string text = "(";
  for (const Number& lane : lanes) text += (text.size() > 1 ? ", " : "") + spelled(lane);
  return text + ")";
}

std::size_t count_of(dlpack_impl::DType type, const std::vector<std::byte>& bytes) {
  return bytes.size() * 8 / static_cast<std::size_t>(type.element_bits());
}

}  // namespace

std::string first_difference(dlpack_impl::DType asked_type, const std::vector<std::byte>& asked,
                             dlpack_impl::DType got_type, const std::vector<std::byte>& got) {
  const std::size_t wanted = count_of(asked_type, asked);
  const std::size_t read = count_of(got_type, got);
  if (wanted != read)
    return std::to_string(wanted) + " elements asked, " + std::to_string(read) + " read";
  for (std::size_t at = 0; at < wanted; ++at) {
    const auto index = static_cast<std::int64_t>(at);
    const auto left = dlpack_impl::decode_at(asked_type, asked.data(), asked.size(), index);
    const auto right = dlpack_impl::decode_at(got_type, got.data(), got.size(), index);
    if (left != right)
      return std::to_string(at) + ": asked " + spelled(left) + ", got " + spelled(right);
  }
  return "unused bits differ";
}

std::optional<std::vector<std::byte>> encoded(dlpack_impl::DType type,
                                              const std::vector<Number>& lanes) {
  try {
    return dlpack_impl::encode_elements(type, lanes);
  } catch (const dlpack_impl::Error&) {
    return std::nullopt;
  }
}

std::optional<std::vector<std::byte>> encoded(dlpack_impl::DType type, const Asked& asked) {
  if (type == asked.type) return asked.raw;
  if (type.is_sub_byte()) return std::nullopt;
  return encoded(type, asked.numbers);
}

dlpack_impl::DType type_of(const Description& said) {
  dlpack_impl::DType type{said.dtype.code, said.dtype.bits, said.dtype.lanes, false};
  type.padded = said.padded && type.is_sub_byte();
  return type;
}

}  // namespace dlpack_conformance::kit
