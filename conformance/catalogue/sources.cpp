#include "catalogue/sources.h"

#include <algorithm>
#include <array>

namespace dlpack_conformance {
namespace {

using enum SourceMemory;

constexpr auto kRows = std::to_array<SourceRow>({
    {.name = "owned",
     .text = "the library's own fresh allocation, as users have it",
     .memory = kLibrary},
    {.name = "plain",
     .text = "writable ordinary memory of ours, 256-byte aligned before the layout's offset"},
    {.name = "readonly",
     .text = "writable memory that the library was told not to write",
     .memory = kReadonly,
     .readonly = true},
    {.name = "mapped-readonly",
     .text = "pages that cannot be written",
     .memory = kMappedReadonly,
     .may_write = false,
     .readonly = true},
    {.name = "memmap",
     .text = "a file mapped by the library, writable",
     .memory = kLibrary,
     .subclass = true},
    {.name = "memmap-readonly",
     .text = "a file mapped by the library, read-only",
     .memory = kLibrary,
     .may_write = false,
     .readonly = true,
     .subclass = true},
    {.name = "guard-before",
     .text = "the page before the first element cannot be touched",
     .memory = kGuardBefore},
    {.name = "guard-after",
     .text = "the page after the last element cannot be touched",
     .memory = kGuardAfter},
    {.name = "align-16",
     .text = "aligned to 16 bytes and no more",
     .alignment = 32,
     .skew_bytes = 16},
    {.name = "align-32",
     .text = "aligned to 32 bytes and no more",
     .alignment = 64,
     .skew_bytes = 32},
    {.name = "align-64",
     .text = "aligned to 64 bytes and no more",
     .alignment = 128,
     .skew_bytes = 64},
    {.name = "odd-element", .text = "one element after a 256-byte boundary", .skew_elems = 1},
    {.name = "odd-byte",
     .text = "one byte after a 256-byte boundary",
     .skew_bytes = 1,
     .misaligned = true},
    {.name = "carried-offset",
     .text = "the export says the offset in byte_offset",
     .skew_bytes = 64,
     .restated = true},
    {.name = "null-strides",
     .text = "the export leaves strides NULL where its version lets it",
     .restated = true},
    {.name = "legacy-only", .text = "the export is legacy whatever is asked", .restated = true},
    {.name = "packed-field",
     .text = "a field of packed records: strides are no multiple of the item size",
     .memory = kLibrary,
     .misaligned = true,
     .byte_strides = true},
    {.name = "subclass",
     .text = "an instance of a subclass that adds nothing",
     .memory = kLibrary,
     .subclass = true},
    {.name = "masked",
     .text = "one element is masked",
     .memory = kLibrary,
     .masked = true,
     .subclass = true},
    {.name = "expanded",
     .text = "the library's own broadcasting of a smaller array",
     .memory = kLibrary},
    {.name = "requires-grad",
     .text = "a leaf that records gradients",
     .memory = kLibrary,
     .autograd = true},
    {.name = "parameter",
     .text = "a parameter of a module",
     .memory = kLibrary,
     .autograd = true,
     .subclass = true},
    {.name = "grad-history",
     .text = "a result that records gradients",
     .memory = kLibrary,
     .autograd = true},
    {.name = "inference", .text = "made in inference mode", .memory = kLibrary},
    {.name = "conj",
     .text = "conjugate bit: the bytes hold the conjugate of the values",
     .memory = kLibrary,
     .lazy = true},
    {.name = "neg",
     .text = "negative bit: the bytes hold the negative of the values",
     .memory = kLibrary,
     .lazy = true},
    {.name = "sparse",
     .text = "coordinates and values, no strided buffer",
     .memory = kLibrary,
     .strided = false},
    {.name = "meta",
     .text = "shape and dtype without data",
     .memory = kLibrary,
     .strided = false,
     .has_memory = false},
    {.name = "quantised", .text = "integers with a scale and a zero point", .memory = kLibrary},
});

}  // namespace

std::span<const SourceRow> sources() { return kRows; }

const SourceRow* find_source(std::string_view name) {
  const auto* row = std::ranges::find(kRows, name, &SourceRow::name);
  return row == kRows.end() ? nullptr : row;
}

std::string_view template_kind(SourceMemory memory) {
  switch (memory) {
    case kLibrary:
      return "";
    case kOrdinary:
      return "ordinary";
    case kReadonly:
      return "readonly";
    case kMappedReadonly:
      return "mapped-readonly";
    case kGuardBefore:
      return "guard-before";
    case kGuardAfter:
      return "guard-after";
  }
  return "";
}

}  // namespace dlpack_conformance
