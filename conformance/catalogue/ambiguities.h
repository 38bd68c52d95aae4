/// @file
/// Table of ambiguities: questions to which the texts give no answer, or more than one.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace dlpack_conformance {

/// A row of the ambiguity table. `texts`: what the sources say.
struct AmbiguityRow {
  std::string_view id;
  std::string_view question;
  std::string_view texts;
};

inline constexpr auto kAmbiguities = std::to_array<AmbiguityRow>({
    {"A-01", "IS_COPIED: who sets it, and who may rely on it",
     "The header says what it means, the array API that the producer sets it on every copy; a "
     "legacy capsule has none."},
    {"A-02", "read-only sources in a legacy capsule, and whether legacy imports may be written",
     "A roadmap page asked for a flag or for read-only imports; 1.0 added the flag and left legacy "
     "capsules open."},
    {"A-03", "alignment of data",
     "The header calls data always 256-byte aligned and says in the same comment that nobody is to "
     "rely on it."},
    {"A-04", "NULL strides",
     "The header forbids them from 1.2 on; the Python page still defines them as row-major."},
    {"A-08", "class of the exception for copy=False",
     "from_dlpack names ValueError and BufferError in two places; __dlpack__ was settled as "
     "BufferError in 2024.12."},
    {"A-12", "device=None where the consumer cannot hold the source's device",
     "The result is on the device of x; the Python page recommends BufferError."},
    {"A-13", "possible for whom, in copy=None",
     "Memory is reused if possible; alignment, strides and dtypes of the consumer are not "
     "mentioned."},
    {"A-14", "who honours copy",
     "__dlpack__ makes the producer copy; from_dlpack alone answers to the user."},
    {"A-16", "who calls the deleter when the table's import fails",
     "Stolen, without a word on failure."},
    {"A-20", "device id of the CPU",
     "Always 0 by the header; nothing says what to do with another."},
    {"A-21", "pinned memory", "It has a device type of its own and the CPU reads it."},
    {"A-22", "booleans",
     "8 bits by convention; the array API has them exchanged, Arrow's take one bit."},
    {"A-25", "ignoring READ_ONLY",
     "Ignoring the flag is recommended over raising; writing is left to the user."},
    {"A-30", "arrays that record gradients", "No text knows them."},
});

constexpr bool is_ambiguity(std::string_view id) {
  return std::ranges::any_of(kAmbiguities, [&](const AmbiguityRow& row) { return row.id == id; });
}

/// All rows.
inline constexpr std::span<const AmbiguityRow> ambiguities() { return kAmbiguities; }

}  // namespace dlpack_conformance
