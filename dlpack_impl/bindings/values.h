/// @file
/// Numbers, dtypes and rows of integers between Python and `dlpack_impl`. All functions need the
/// GIL; those that return a C++ value throw `PythonErrorIsSet` or an `Error`, those that return
/// PyObject* give NULL instead.
#pragma once

#include <dlpack_impl/device.h>
#include <dlpack_impl/dtype.h>
#include <dlpack_impl/layout.h>

#include <string_view>
#include <vector>

#include "python.h"

namespace dlpack_impl::python {

/// A Python number (anything with `__index__`, `__float__` or `__complex__`) as a Number.
/// @throws TypeMismatch  no number; InvalidArgument  an integer outside -2^63 to 2^64 - 1.
Number number_from(PyObject* value);
/// One number, or a sequence of as many as the dtype has lanes.
std::vector<Number> lanes_from(PyObject* value, DType dtype);

/// All numbers of all elements. One lane: a number an element; more: a sequence an element, or all
/// numbers in a row.
std::vector<Number> numbers_from(PyObject* values, DType dtype);

[[nodiscard]] PyObject* from_number(const Number& number) noexcept;
/// One lane: a number; more: a tuple of numbers.
[[nodiscard]] PyObject* from_lanes(const Number* lanes, std::size_t count) noexcept;

/// A sequence of integers. @throws TypeMismatch, InvalidArgument  named by `field`.
std::vector<std::int64_t> integers_from(PyObject* sequence, const char* field);
[[nodiscard]] PyObject* from_integers(const std::int64_t* values, std::size_t count) noexcept;

/// @throws TypeMismatch  not a str; InvalidArgument  no such dtype.
DType dtype_from(PyObject* name);
/// The catalogue's name, from a cache: the same str object each time for a known dtype.
[[nodiscard]] PyObject* from_dtype(DType dtype) noexcept;

/// A pair (type, id). @throws TypeMismatch, InvalidArgument  named by `field`.
Device device_from(PyObject* pair, const char* field);

/// A str as UTF-8. @throws TypeMismatch  named by `field`.
std::string_view text_from(PyObject* text, const char* field);

}  // namespace dlpack_impl::python
