// H: the header and its binary interface: the dlpack.h that a library was built with, and what of
// it shows in capsules.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "catalogue/predicates.h"
#include "catalogue/rule.h"
#include "catalogue/rules/tensor_probed.h"

namespace dlpack_conformance {
namespace {

using enum Level;
using enum Duty;

constexpr auto kProtocol = CaseKind::kProtocol;
constexpr std::int64_t kReadonlyBit = 1, kCopiedBit = 2, kPaddedBit = 4;

/// The numbers of releases 1.0 to 1.3, written down from their text and never from the header in
/// use.
struct Number {
  std::string_view name;
  std::int64_t value;
};

constexpr auto kDevices = std::to_array<Number>({
    {"kDLCPU", 1},
    {"kDLCUDA", 2},
    {"kDLCUDAHost", 3},
    {"kDLOpenCL", 4},
    {"kDLVulkan", 7},
    {"kDLMetal", 8},
    {"kDLVPI", 9},
    {"kDLROCM", 10},
    {"kDLROCMHost", 11},
    {"kDLExtDev", 12},
    {"kDLCUDAManaged", 13},
    {"kDLOneAPI", 14},
    {"kDLWebGPU", 15},
    {"kDLHexagon", 16},
    {"kDLMAIA", 17},
    {"kDLTrn", 18},
});

constexpr auto kCodes = std::to_array<Number>({
    {"kDLInt", 0},
    {"kDLUInt", 1},
    {"kDLFloat", 2},
    {"kDLOpaqueHandle", 3},
    {"kDLBfloat", 4},
    {"kDLComplex", 5},
    {"kDLBool", 6},
    {"kDLFloat8_e3m4", 7},
    {"kDLFloat8_e4m3", 8},
    {"kDLFloat8_e4m3b11fnuz", 9},
    {"kDLFloat8_e4m3fn", 10},
    {"kDLFloat8_e4m3fnuz", 11},
    {"kDLFloat8_e5m2", 12},
    {"kDLFloat8_e5m2fnuz", 13},
    {"kDLFloat8_e8m0fnu", 14},
    {"kDLFloat6_e2m3fn", 15},
    {"kDLFloat6_e3m2fn", 16},
    {"kDLFloat4_e2m1fn", 17},
});

constexpr auto kFlagBits = std::to_array<Number>({
    {"DLPACK_FLAG_BITMASK_READ_ONLY", kReadonlyBit},
    {"DLPACK_FLAG_BITMASK_IS_COPIED", kCopiedBit},
    {"DLPACK_FLAG_BITMASK_IS_SUBBYTE_TYPE_PADDED", kPaddedBit},
});

/// Are all constants that were seen there, each with its number?
Answer numbered(const Seen& seen, std::span<const Number> numbers) {
  const auto& names = seen.facts.abi_names;
  const auto& codes = seen.facts.abi_codes;
  if (!names || !codes) return Answer::kUnknown;
  if (names->size() != codes->size()) return Answer::kNo;
  for (std::size_t at = 0; at < names->size(); ++at) {
    const auto row = std::ranges::find(numbers, (*names)[at], &Number::name);
    if (row != numbers.end() && row->value != (*codes)[at]) return Answer::kNo;
  }
  return Answer::kYes;
}

/// A struct's size, then the offsets of its members, in bytes.
template <std::int64_t size, std::int64_t... offsets>
struct LaidOut {
  static Answer ask(const Seen& seen) {
    const Facts& facts = seen.facts;
    if (!facts.abi_size || !facts.abi_offsets) return Answer::kUnknown;
    return answer(*facts.abi_size == size && *facts.abi_offsets == Ints{offsets...});
  }
};
template <std::int64_t size, std::int64_t... offsets>
constexpr LaidOut<size, offsets...> laid_out{};

Answer same_major(const Seen& seen) {
  const auto& own = seen.facts.abi_version;
  const auto& other = seen.facts.abi_other_version;
  if (!own || !other || own->empty() || other->empty()) return Answer::kUnknown;
  return answer(own->front() == other->front());
}

Answer same_layout(const Seen& seen) {
  const Facts& facts = seen.facts;
  if (!facts.abi_offsets || !facts.abi_other_offsets) return Answer::kUnknown;
  return answer(facts.abi_size == facts.abi_other_size &&
                *facts.abi_offsets == *facts.abi_other_offsets);
}

Answer device_base(const Seen& seen) {
  const Facts& facts = seen.facts;
  if (!facts.abi_size || !facts.abi_is_signed) return Answer::kUnknown;
  return answer(*facts.abi_size == 4 && *facts.abi_is_signed);
}

bool is_type(const std::optional<Ints>& device, std::int64_t type) {
  return device && !device->empty() && device->front() == type;
}

/// Of the constants, or of an export: the type in the struct, and what `__dlpack_device__` says.
Answer device_numbers(const Seen& seen) {
  const Facts& facts = seen.facts;
  if (facts.abi_codes) return numbered(seen, kDevices);
  const DeviceRow* row = facts.source_device ? find_device(*facts.source_device) : nullptr;
  if (row == nullptr || !facts.export_device) return Answer::kUnknown;
  return answer(is_type(facts.export_device, row->type) &&
                (!facts.export_dlpack_device || is_type(facts.export_dlpack_device, row->type)));
}

Answer type_codes(const Seen& seen) {
  return seen.facts.abi_codes ? numbered(seen, kCodes) : exported_code.ask(seen);
}

/// What has to stand in the flags, if they say anything: which bit is the question, not whether it
/// is set at all.
Answer flag_bits(const Seen& seen) {
  const Facts& facts = seen.facts;
  if (facts.abi_codes) return numbered(seen, kFlagBits);
  if (!facts.export_flags || !facts.export_address) return Answer::kUnknown;
  const std::int64_t flags = *facts.export_flags;
  const DTypeRow* dtype = facts.source_dtype ? find_dtype(*facts.source_dtype) : nullptr;
  std::int64_t needed = 0;
  if (*facts.export_address == "elsewhere") {
    if ((flags & ~kReadonlyBit) != 0) needed |= kCopiedBit;
  } else if (facts.source_writable == Flag{false}) {
    needed |= kReadonlyBit;
  }
  if (dtype != nullptr && dtype->padded) needed |= kPaddedBit;
  return answer((flags & needed) == needed);
}

Answer flags_say_something(const Seen& seen) {
  if (seen.facts.abi_codes) return Answer::kYes;
  const auto& flags = seen.facts.export_flags;
  return flags ? answer(*flags != 0) : Answer::kUnknown;
}

std::int64_t defined_bits(const Ints& version) {
  const bool before_padding = version.size() == 2 && version[0] == 1 && version[1] == 0;
  return kReadonlyBit | kCopiedBit | (before_padding ? 0 : kPaddedBit);
}

/// No undefined bit; none at all for a writable array that lies where it lay.
Answer flags_needed(const Seen& seen) {
  const Facts& facts = seen.facts;
  if (!facts.export_flags || !facts.export_version) return Answer::kUnknown;
  const std::int64_t flags = *facts.export_flags;
  if ((flags & ~defined_bits(*facts.export_version)) != 0) return Answer::kNo;
  const DTypeRow* dtype = facts.source_dtype ? find_dtype(*facts.source_dtype) : nullptr;
  const bool padded = dtype != nullptr && dtype->padded;
  const bool in_place = facts.export_address != Text("elsewhere");
  if (facts.source_writable != Flag{true} || !in_place || padded) return Answer::kYes;
  return answer(flags == 0);
}

/// Before and after: one of the four, and the same one where nobody took the tensor.
Answer names_right(const Seen& seen) {
  const auto& first = seen.facts.capsule_first_name;
  const auto& later = seen.facts.capsule_name;
  if (!first || !later) return Answer::kUnknown;
  if (*first != "dltensor" && *first != "dltensor_versioned") return Answer::kNo;
  if (!seen.facts.route_returned) return answer(*later == *first);
  return answer(*later == *first || *later == "used_dltensor" ||
                *later == "used_dltensor_versioned");
}

constexpr auto kRules = std::to_array<Rule>({
    {.id = "H-01",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .source = header("DLPackVersion"),
     .text = "DLPackVersion is major and minor, 4 bytes each",
     .holds = laid_out<8, 0, 4>,
     .reason = "abi-layout"},
    {.id = "H-02",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .source = header("DLDevice"),
     .text = "DLDevice is device_type and device_id, 4 bytes each",
     .holds = laid_out<8, 0, 4>,
     .reason = "abi-layout"},
    {.id = "H-03",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .source = header("DLDataType"),
     .text = "DLDataType is code and bits, a byte each, and lanes, two bytes",
     .holds = laid_out<4, 0, 1, 2>,
     .reason = "abi-layout"},
    {.id = "H-04",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .source = header("DLTensor"),
     .text = "DLTensor has 48 bytes and its members in the published order",
     .holds = laid_out<48, 0, 8, 16, 20, 24, 32, 40>,
     .reason = "abi-layout"},
    {.id = "H-05",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .source = header("DLManagedTensor"),
     .text = "DLManagedTensor is tensor, context and deleter",
     .holds = laid_out<64, 0, 48, 56>,
     .reason = "abi-layout"},
    {.id = "H-06",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .source = header("DLManagedTensorVersioned"),
     .text = "DLManagedTensorVersioned is version, context, deleter, flags and tensor",
     .holds = laid_out<80, 0, 8, 16, 24, 32>,
     .reason = "abi-layout"},
    {.id = "H-07",
     .level = kShould,
     .duty = kNobody,
     .source = header("flags, note"),
     .text = "a new major leaves everything up to flags in its place",
     .untestable = "a wish to those who write the header; it binds no library"},
    {.id = "H-08",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .source = header("DLPackVersion"),
     .text = "two headers of one major lay out DLManagedTensorVersioned alike",
     .when = Ask<same_major>{},
     .holds = Ask<same_layout>{},
     .reason = "abi-major"},
    {.id = "H-09",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .source = header("DLDeviceType"),
     .text = "device types have the published numbers",
     .holds = Ask<device_numbers>{},
     .reason = "device-number"},
    {.id = "H-10",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .source = header("DLDeviceType"),
     .text = "the device type is a signed integer of 32 bits in C++",
     .holds = Ask<device_base>{},
     .reason = "abi-base-type"},
    {.id = "H-11",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .source = header("DLDataTypeCode"),
     .text = "type codes have the published numbers, and each dtype goes out under its own",
     .holds = Ask<type_codes>{},
     .reason = "type-code"},
    {.id = "H-12",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .source = header("DLPACK_FLAG_BITMASK_*"),
     .text = "flag bits 0, 1 and 2 are read-only, copied and padded",
     .when = Ask<flags_say_something>{},
     .holds = Ask<flag_bits>{},
     .reason = "flag-bit"},
    {.id = "H-13",
     .level = kShould,
     .duty = kProducer,
     .judged_in = kProtocol,
     .source = header("flags"),
     .text = "flags are 0 unless something has to be told, in a bit of the stated version",
     .holds = Ask<flags_needed>{},
     .reason = "flags-needless"},
    {.id = "H-14",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .source = header("DLPackExchangeAPIHeader"),
     .text = "DLPackExchangeAPIHeader is the version and the previous table",
     .holds = laid_out<16, 0, 8>,
     .reason = "abi-layout"},
    {.id = "H-15",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .source = header("DLPackExchangeAPI"),
     .text = "DLPackExchangeAPI is the header and five functions in the published order",
     .holds = laid_out<56, 0, 16, 24, 32, 40, 48>,
     .reason = "abi-layout"},
    {.id = "H-16",
     .level = kDerived,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .source = header("DLPACK_EXTERN_C"),
     .text = "C and C++ see one layout",
     .holds = flag<&Facts::abi_same_in_c>,
     .reason = "abi-languages"},
    {.id = "H-17",
     .level = kShould,
     .duty = kProducer,
     .judged_in = kProtocol,
     .source = header("DLManagedTensor, note") | page("Implementation"),
     .text = "asked for major 1, a producer gives the versioned struct",
     .holds = export_versioned,
     .reason = "legacy-given"},
    {.id = "H-18",
     .level = kMust,
     .duty = kBorder,
     .judged_in = kProtocol,
     .source = page("Implementation"),
     .text = "a capsule has one of the four names, and the name stays valid",
     .holds = Ask<names_right>{},
     .reason = "capsule-name-other"},
});

DLCONFORM_LINT_RULES(kRules, 'H');

}  // namespace

std::span<const Rule> header_rules() { return kRules; }

}  // namespace dlpack_conformance
