/// @file
/// What the reference consumer reads in a managed tensor, as facts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/facts.h"
#include "dlpack_impl/consumer.h"
#include "dlpack_impl/device.h"
#include "observe/addresses.h"

namespace dlpack_conformance {

/// Which facts are filled: of the source's own export, or of the result exported again.
enum class ReadGroup : std::uint8_t { kExport, kResultRead };

/// @return the group that is spelled `export` or `result_read`.
/// @throws CatalogueError  another text.
ReadGroup parse_read_group(std::string_view text);

/// Fills the facts of `group` from a tensor that is only looked at: nothing in it is changed and
/// nothing is called.
///
/// @param capsule  name of the capsule that held it
/// @param raw      the asked values as compact C-order bytes of the tensor's dtype; for more than
/// 2^20 elements each
///                 element that can differ once. The fact `values` is left out where the elements
///                 cannot be read, or where `raw` is empty although there are elements.
/// @param memory   through which elements are read that the host cannot touch; pinned and managed
///                 memory is read by the host after waiting for its device
/// @spec T-01 T-24 C-15
void read_export(Facts& facts, ReadGroup group, const dlpack_impl::Reading& reading,
                 std::string_view capsule, const Origin& origin, std::span<const std::byte> raw,
                 const dlpack_impl::DeviceMemory* memory = nullptr);

}  // namespace dlpack_conformance
