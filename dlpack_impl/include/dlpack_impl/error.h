/// @file
/// Errors of the instrument. Each message names the field, its value and the limit.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace dlpack_impl {

/// Base of all errors that the instrument throws. Python: RuntimeError.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A value that is out of its limit. Python: ValueError.
class InvalidArgument : public Error {
 public:
  using Error::Error;
};

/// An argument of the wrong kind. Python: TypeError.
class TypeMismatch : public Error {
 public:
  using Error::Error;
};

/// The exchange can't be done as asked, though the arguments are well formed. Python: BufferError.
class BufferError : public Error {
 public:
  using Error::Error;
};

/// A device call failed; `code` is the device runtime's own. Python: RuntimeError.
class DeviceError : public Error {
 public:
  explicit DeviceError(const std::string& message, int code = 0) : Error(message), code_(code) {}
  [[nodiscard]] int code() const noexcept { return code_; }

 private:
  int code_;
};

namespace detail {

/// "<field>: <value>; limit: <limit>", the form of every message.
inline std::string field_message(std::string_view field, std::string_view value,
                                 std::string_view limit) {
  std::string text;
  text.reserve(field.size() + value.size() + limit.size() + 12);
  text.append(field).append(": ").append(value).append("; limit: ").append(limit);
  return text;
}

template <class Value>
std::string field_message(std::string_view field, const Value& value, std::string_view limit) {
  if constexpr (std::is_convertible_v<const Value&, std::string_view>) {
    return field_message(field, std::string_view{value}, limit);
  } else {
    return field_message(field, std::string_view{std::to_string(value)}, limit);
  }
}

}  // namespace detail
}  // namespace dlpack_impl

/// Throws `Type(msg)` when `cond` is false; `msg` is evaluated only then.
///
///     DLCONFORM_EXPECTS(ndim >= 0, InvalidArgument, detail::field_message("ndim", ndim, ">= 0"));
#define DLCONFORM_EXPECTS(cond, Type, msg)       \
  do {                                           \
    if (!(cond)) throw ::dlpack_impl::Type{msg}; \
  } while (false)
