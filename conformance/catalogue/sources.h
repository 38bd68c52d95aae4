/// @file
/// Table of sources: what else, besides dtype and layout, is true of the array that is exchanged.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace dlpack_conformance {

/// Whose memory it is and how it is protected.
enum class SourceMemory : std::uint8_t {
  kLibrary,         ///< the library allocates by itself; no canaries
  kOrdinary,        ///< ours, writable
  kReadonly,        ///< ours, writable, but its buffer export says read-only
  kMappedReadonly,  ///< ours, in pages that cannot be written
  kGuardBefore,     ///< ours, the page before the first byte cannot be touched
  kGuardAfter,      ///< ours, the page after the last byte cannot be touched
};

/// A row of the source table. The flags say what the array means, so that the judge need not know
/// its name.
struct SourceRow {
  std::string_view name;
  std::string_view text;
  SourceMemory memory = SourceMemory::kOrdinary;
  std::uint32_t alignment = 256;  ///< of the origin, in bytes, before the skew
  std::uint32_t skew_bytes = 0;   ///< bytes added to the aligned origin
  std::uint32_t skew_elems = 0;   ///< elements added to the aligned origin
  bool may_write = true;          ///< a write through any name is harmless; false: it would fault
  bool readonly = false;          ///< its library's user must not write to it
  bool lazy = false;  ///< the values differ from the bytes until something is computed (conj, neg)
  bool strided = true;        ///< the elements lie in one strided buffer
  bool has_memory = true;     ///< there are bytes at all
  bool autograd = false;      ///< a gradient is being recorded
  bool misaligned = false;    ///< element 0 is not aligned to the item size
  bool byte_strides = false;  ///< strides are no multiple of the item size
  bool masked = false;        ///< some elements do not count
  bool subclass = false;      ///< its type is a subclass of the library's array type
  bool restated = false;      ///< plain memory that the export states as few producers do
};

/// All rows; the order is the plan's.
std::span<const SourceRow> sources();

/// @return the row, or null where the catalogue has no such name.
const SourceRow* find_source(std::string_view name);

/// The `kind` of the instrument's memory for it; empty where the library allocates by itself.
std::string_view template_kind(SourceMemory memory);

}  // namespace dlpack_conformance
