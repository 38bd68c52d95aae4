/// @file
/// Python values to C++ and back, with errors that name the place. Included by `bindings/` alone.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/values.h"

namespace dlpack_conformance::python {

namespace py = pybind11;

inline py::str text(std::string_view value) { return {value.data(), value.size()}; }

/// A tuple of ints.
py::tuple ints(std::span<const std::int64_t> values);

/// A tuple of texts.
py::tuple texts(std::span<const std::string_view> values);

/// The text of a `str`. Lone surrogates are written as escapes.
std::string utf8(py::handle value);

/// One number as bool, int, float or complex.
py::object number(const Number& value);

/// Numbers of the elements: one each, or a tuple each where the dtype has lanes.
py::list elements(const DTypeRow& dtype, const std::vector<Number>& numbers);

/// `value` as the number of one lane of `dtype`.
/// @throws CatalogueError  it is no number of the dtype's family.
Number lane_number(const DTypeRow& dtype, py::handle value);

/// A field of a dict that came from outside. `where` names the dict in errors.
class Fields {
 public:
  /// @throws CatalogueError  `object` is not a dict.
  Fields(py::handle object, std::string where);

  [[nodiscard]] const std::string& where() const { return where_; }
  /// @return null where the key is missing or None.
  [[nodiscard]] py::object get(const char* key) const;
  /// @throws CatalogueError  the key is missing or has another type; also the functions below.
  [[nodiscard]] py::object require(const char* key) const;
  [[nodiscard]] std::string text(const char* key) const;
  [[nodiscard]] std::string text_or(const char* key, std::string_view missing) const;
  [[nodiscard]] bool flag_or(const char* key, bool missing) const;
  /// A list or tuple of texts; empty where the key is missing.
  [[nodiscard]] std::vector<std::string> texts(const char* key) const;
  /// A list or tuple; empty where the key is missing.
  [[nodiscard]] std::vector<py::object> items(const char* key) const;
  /// Keys and values of a dict; empty where the key is missing.
  [[nodiscard]] std::vector<std::pair<std::string, py::object>> entries(const char* key) const;

  [[noreturn]] void fail(const char* key, py::handle value, std::string_view allowed) const;

 private:
  py::dict dict_;
  std::string where_;
};

/// Texts of a list or tuple. @throws CatalogueError  another type.
std::vector<std::string> text_list(py::handle value, std::string_view where, std::string_view key);

}  // namespace dlpack_conformance::python
