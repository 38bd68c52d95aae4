/// @file
/// Elements as text and in other dtypes.
#pragma once

#include <dlpack_impl/dtype.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "gtest/observer.h"

namespace dlpack_conformance::kit {

/// The first element that differs: index, asked, got; or both counts.
std::string first_difference(dlpack_impl::DType asked_type, const std::vector<std::byte>& asked,
                             dlpack_impl::DType got_type, const std::vector<std::byte>& got);

/// The asked elements in another dtype; none where it has not all of them, or where packing is not
/// known.
std::optional<std::vector<std::byte>> encoded(dlpack_impl::DType type, const Asked& asked);

/// One number of the asked elements' kind in another dtype.
std::optional<std::vector<std::byte>> encoded(dlpack_impl::DType type,
                                              const std::vector<Number>& lanes);

dlpack_impl::DType type_of(const Description& said);

}  // namespace dlpack_conformance::kit
