#include <dlpack_impl/error.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <type_traits>

namespace dlpack_impl {
namespace {

TEST(Error, MessageNamesFieldValueAndLimit) {
  EXPECT_EQ(detail::field_message("ndim", -3, ">= 0"), "ndim: -3; limit: >= 0");
  EXPECT_EQ(detail::field_message("dtype", "int4", "int8"), "dtype: int4; limit: int8");
  EXPECT_EQ(detail::field_message("dtype", std::string("int4"), "int8"),
            "dtype: int4; limit: int8");
}

TEST(Error, ExpectsThrowsTheNamedType) {
  EXPECT_THROW(DLCONFORM_EXPECTS(1 > 2, InvalidArgument, "m"), InvalidArgument);
  EXPECT_THROW(DLCONFORM_EXPECTS(1 > 2, TypeMismatch, "m"), TypeMismatch);
  EXPECT_THROW(DLCONFORM_EXPECTS(1 > 2, BufferError, "m"), BufferError);
}

TEST(Error, ExpectsEvaluatesTheMessageOnlyOnFailure) {
  int evaluations = 0;
  const auto message = [&evaluations] {
    ++evaluations;
    return std::string("m");
  };
  DLCONFORM_EXPECTS(true, InvalidArgument, message());
  EXPECT_EQ(evaluations, 0);
  EXPECT_THROW(DLCONFORM_EXPECTS(false, InvalidArgument, message()), InvalidArgument);
  EXPECT_EQ(evaluations, 1);
}

TEST(Error, ExpectsIsOneStatement) {
  if (false)
    DLCONFORM_EXPECTS(false, InvalidArgument, "not reached");
  else
    SUCCEED();
}

TEST(Error, KindsAreErrorsAndDistinct) {
  EXPECT_TRUE((std::is_base_of_v<Error, InvalidArgument> &&
               std::is_base_of_v<Error, TypeMismatch> && std::is_base_of_v<Error, BufferError> &&
               std::is_base_of_v<Error, DeviceError>));
  EXPECT_FALSE((std::is_base_of_v<InvalidArgument, BufferError>));
  EXPECT_TRUE((std::is_base_of_v<std::exception, Error>));
}

TEST(Error, DeviceErrorKeepsItsCode) { EXPECT_EQ(DeviceError("m", 12).code(), 12); }

}  // namespace
}  // namespace dlpack_impl
