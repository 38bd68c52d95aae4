/// @file
/// The small part of JSON that records need: a value that keeps the order of its keys, and a
/// writer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace dlpack_conformance {

/// A JSON value. Objects keep the order in which keys were given.
struct Json {
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value;
};

/// Appends `text` quoted. Control bytes are escaped; bytes that are no UTF-8 become U+FFFD.
void write_json(std::string& out, std::string_view text);

/// Appends a number, decimal.
void write_json(std::string& out, std::int64_t number);

/// Appends a value without white space. Numbers that JSON lacks (nan, infinity) are written as
/// null.
void write_json(std::string& out, const Json& json);

}  // namespace dlpack_conformance
