/// @file
/// Is memory shared: where two arrays lie, and whether a write on one side shows on the other.
#pragma once

#include <dlpack_impl/buffer.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gtest/observer.h"

namespace dlpack_conformance::kit {

/// One side of an exchange: its last element in C order, read and written as bytes of `type`.
struct Side {
  Description said;
  dlpack_impl::DType type;
  std::function<std::vector<std::byte>()> get;
  std::function<void(const std::vector<std::byte>&)> set;  ///< empty: it has no writer
};

/// Index of the last element in C order. The shape has elements.
std::vector<std::int64_t> last_index(const std::vector<std::int64_t>& shape);

/// An array by its library's own reader and writer.
Side side_of(const Subject& subject, const Array& array, const Description& said);

/// `same`, `overlap` or `apart`; none where one has no address or an unknown dtype. Both have
/// elements.
std::optional<std::string> relation(const Description& a, const Description& b);

/// Writes on each side that may be written and reads the other; facts `proof` and
/// `memory.outside_after`. Everything is put back.
/// @param memory  of the source; NULL where the library made it
/// @param harmless  a write to that memory does not end the process
void prove(Facts& facts, const Side& producer, const Side& consumer, const Asked& asked,
           dlpack_impl::Buffer* memory, bool harmless);

}  // namespace dlpack_conformance::kit
