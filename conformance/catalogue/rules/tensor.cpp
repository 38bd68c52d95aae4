// T: a valid tensor. Judged on the export that the reference consumer read before the route ran,
// and in protocol cases on exports asked for directly and on imports of crafted tensors.
#include <algorithm>
#include <array>
#include <cstdint>

#include "catalogue/predicates.h"
#include "catalogue/rule.h"
#include "catalogue/rules/tensor_probed.h"

namespace dlpack_conformance {
namespace {

using enum Level;
using enum Duty;
using enum About;
using enum DTypeFamily;

constexpr std::int64_t kCpu = 1, kCudaHost = 3, kCudaManaged = 13;

/// On axes that move something. Where element 0 lies elsewhere the export is a copy, whose strides
/// are its own.
Answer strides_kept(const Seen& seen) {
  const auto& strides = seen.facts.export_strides;
  const LayoutRow& layout = *seen.subject.layout;
  if (!strides) return Answer::kUnknown;
  if (strides->size() != layout.shape.size()) return Answer::kNo;
  for (std::size_t axis = 0; axis < strides->size(); ++axis) {
    if (layout.shape[axis] > 1 && (*strides)[axis] != layout.strides[axis]) return Answer::kNo;
  }
  return Answer::kYes;
}

Answer extents_natural(const Seen& seen) {
  const auto& shape = seen.facts.export_shape;
  return shape
             ? answer(std::ranges::none_of(*shape, [](std::int64_t extent) { return extent < 0; }))
             : Answer::kUnknown;
}

Answer has_axes(const Seen& seen) {
  const auto& shape = seen.facts.export_shape;
  return shape ? answer(!shape->empty()) : Answer::kUnknown;
}

Answer major_is_1(const Seen& seen) {
  const auto& version = seen.facts.export_version;
  return version && !version->empty() ? answer(version->front() == 1) : Answer::kUnknown;
}

Answer address_kept(const Seen& seen) {
  const auto& address = seen.facts.export_address;
  return address && seen.facts.source_address ? answer(*address == *seen.facts.source_address)
                                              : Answer::kUnknown;
}

Answer whole_bytes(const Seen& seen) {
  const DTypeRow& row = *seen.subject.dtype;
  return answer(row.dlpack && row.bits >= 8);
}

Answer scalar_dtype(const Seen& seen) {
  return answer(seen.subject.dtype->dlpack && seen.subject.dtype->lanes == 1);
}

Answer item_size_right(const Seen& seen) {
  const auto& dtype = seen.facts.export_dtype;
  if (!dtype || dtype->size() != 3) return Answer::kUnknown;
  return answer((*dtype)[1] * (*dtype)[2] == seen.subject.dtype->item_bits);
}

Answer one_lane(const Seen& seen) {
  const auto& dtype = seen.facts.export_dtype;
  return dtype && dtype->size() == 3 ? answer((*dtype)[2] == 1) : Answer::kUnknown;
}

Answer is_long_double(const Seen& seen) { return answer(seen.subject.dtype->name == "longdouble"); }

Answer code_not_float(const Seen& seen) {
  const auto& dtype = seen.facts.export_dtype;
  return dtype && !dtype->empty() ? answer(dtype->front() != 2) : Answer::kUnknown;
}

Answer cpu_readable(const Seen& seen) {
  const auto& device = seen.facts.export_device;
  if (!device || device->size() != 2) return Answer::kUnknown;
  const std::int64_t type = device->front();
  return answer(type == kCpu || type == kCudaHost || type == kCudaManaged);
}

Answer device_id_zero(const Seen& seen) {
  const auto& device = seen.facts.export_device;
  return device && device->size() == 2 ? answer(device->back() == 0) : Answer::kUnknown;
}

/// Elements that share memory without a zero stride, or more axes than any library promised to
/// have.
Answer open_layout(const Seen& seen) {
  const LayoutRow& layout = *seen.subject.layout;
  return answer((layout.has(kOverlap) && !layout.has(kZeroStride)) || layout.shape.size() > 32);
}

constexpr auto exported = over_dlpack && export_read;
constexpr auto kProtocol = CaseKind::kProtocol;
constexpr Ask<has_axes> axes{};
constexpr Ask<address_kept> address_is_kept{};
constexpr Ask<strides_kept> strides_are_kept{};
constexpr auto misaligned = source_is<&SourceRow::misaligned>;
constexpr auto long_double = Ask<is_long_double>{};

constexpr auto kRules = std::to_array<Rule>({
    {.id = "T-01",
     .level = kMust,
     .duty = kProducer,
     .source = header("data, byte_offset"),
     .text = "element 0 of an export lies at data plus byte_offset",
     .when = exported && has_elements && export_in_place,
     .holds = address_is_kept,
     .reason = "element-address",
     .probed = {.when = export_read && source_has_elements && exported_in_place,
                .holds = exported_where_asked && export_values && written_through}},
    {.id = "T-02",
     .level = kShould,
     .duty = kConsumer,
     .judged_in = kProtocol,
     .source = header("data, note"),
     .text = "data aligned to less than 256 bytes is taken and read right",
     .holds = taken_right,
     .ambiguity = "A-03",
     .reason = "alignment-relied-on"},
    {.id = "T-03",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .source = header("data"),
     .text = "the offset of a slice goes into data or into byte_offset",
     .ambiguity = "A-03",
     .reason = "offset-place-open"},
    {.id = "T-04",
     .level = kMust,
     .duty = kProducer,
     .source = header("strides") | issue("dmlc/dlpack#40"),
     .text = "strides of an export count elements",
     .when = exported && has_elements && export_in_place && !source_is<&SourceRow::byte_strides>,
     .holds = strides_are_kept,
     .reason = "strides-differ",
     .probed = {.when = source_has_elements && exported_in_place, .holds = strides_as_source}},
    {.id = "T-05",
     .level = kMust,
     .duty = kProducer,
     .since = dl(1, 2),
     .source = header("strides") | issue("dmlc/dlpack#177"),
     .text = "an export of version 1.2 or newer with axes has strides",
     .when = exported && axes,
     .holds = !flag<&Facts::export_strides_null>,
     .ambiguity = "A-04",
     .reason = "strides-null",
     .probed = {.when = export_read && axes, .holds = !flag<&Facts::export_strides_null>}},
    // A legacy capsule states no version: what is crafted says which release it follows.
    {.id = "T-06",
     .level = kMay,
     .duty = kConsumer,
     .judged_in = kProtocol,
     .source = header("strides, 1.1") | page("Implementation"),
     .text = "before 1.2 NULL strides are taken as compact row-major",
     .holds = taken_right,
     .ambiguity = "A-04",
     .reason = "null-strides-unread"},
    {.id = "T-07",
     .level = kMay,
     .duty = kBorder,
     .judged_in = kProtocol,
     .source = header("shape, strides"),
     .text = "rank 0 is right with shape and strides and with NULL for both",
     .holds = read_or_taken_right,
     .ambiguity = "A-05",
     .reason = "rank-zero-misread"},
    {.id = "T-08",
     .level = kShould,
     .duty = kProducer,
     .judged_in = kProtocol,
     .source = header("data") | page("Implementation"),
     .text = "an export without elements has NULL data",
     .when = export_read && !source_has_elements,
     .holds = text_is<&Facts::export_address, "null">,
     .ambiguity = "A-06",
     .reason = "empty-data"},
    {.id = "T-09",
     .level = kDerived,
     .duty = kProducer,
     .source = header("ndim, shape"),
     .text = "no extent of an export is negative",
     .when = exported,
     .holds = Ask<extents_natural>{},
     .reason = "shape-invalid",
     .probed = {.when = export_read, .holds = exported_shape_valid}},
    {.id = "T-10",
     .level = kSilent,
     .duty = kNobody,
     .source = header("strides") | issue("pytorch/pytorch#188023"),
     .text = "a layout with negative strides can be written down",
     .when = over_dlpack && layout_is<kNegative>,
     .reason = "negative-strides-open",
     .probed_silent = true},
    {.id = "T-11",
     .level = kSilent,
     .duty = kNobody,
     .source = header("strides"),
     .text = "a layout with zero strides can be written down",
     .when = over_dlpack && layout_is<kZeroStride>,
     .reason = "zero-strides-open",
     .probed_silent = true},
    {.id = "T-12",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .source = issue("pytorch/pytorch#82610") | issue("numpy/numpy#23349"),
     .text = "a stride that moves nothing has a value of the producer's choice",
     .reason = "idle-strides-open"},
    {.id = "T-13",
     .level = kDerived,
     .duty = kProducer,
     .about = kOutcome,
     .source = header("strides") | dp("Raises"),
     .text = "byte strides that elements cannot say are refused or resolved, never rounded",
     .when = over_dlpack && source_is<&SourceRow::byte_strides>,
     .holds = export_refused || export_values,
     .reason = "strides-rounded",
     .probed = {.holds = export_refused || export_values}},
    {.id = "T-14",
     .level = kShould,
     .duty = kProducer,
     .judged_in = kProtocol,
     .source = header("DLDataType.code"),
     .text = "the type code of an export is one that the header lists",
     .holds = export_refused || code_listed,
     .reason = "code-unlisted"},
    {.id = "T-15",
     .level = kDerived,
     .duty = kProducer,
     .source = header("DLDataType examples"),
     .text = "bits times lanes is the item size",
     .when = exported && Ask<whole_bytes>{},
     .holds = Ask<item_size_right>{},
     .reason = "item-size",
     .probed = {.when = whole_byte_lanes, .holds = item_size_as_source}},
    {.id = "T-16",
     .level = kDerived,
     .duty = kProducer,
     .source = header("lanes"),
     .text = "lanes of a scalar type is 1",
     .when = exported && Ask<scalar_dtype>{},
     .holds = Ask<one_lane>{},
     .reason = "lanes",
     .probed = {.when = one_lane_source, .holds = Ask<one_lane>{}}},
    {.id = "T-17",
     .level = kDerived,
     .duty = kProducer,
     .source = header("DLDataType examples"),
     .text = "booleans are code 6 with 8 bits and one lane",
     .when = exported && family_is<kBool>,
     .holds = export_dtype_right,
     .ambiguity = "A-22",
     .reason = "bool-code",
     .probed = {.holds = exported_dtype && export_values}},
    {.id = "T-18",
     .level = kDerived,
     .duty = kProducer,
     .about = kOutcome,
     .source = header("DLDataType"),
     .text = "an array in foreign byte order is refused or copied into native order",
     .when = over_dlpack && dtype_is<&DTypeRow::swapped>,
     .holds = export_refused || export_values,
     .reason = "byte-order-lost",
     .probed = {.holds = export_refused || export_values}},
    {.id = "T-19",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .source = header("kDLFloat6_e2m3fn, kDLFloat6_e3m2fn, kDLFloat4_e2m1fn"),
     .text = "fp6 goes out with 6 bits and fp4 with 4",
     .when = export_read && sub_byte && exported_code,
     .holds = sub_byte_bits,
     .reason = "sub-byte-bits"},
    {.id = "T-20",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .source = header("DLDataType"),
     .text = "in a packed export element i begins at bit i times bits, the lowest bit first",
     .when = export_read && sub_byte_packed && exported_dtype && exported_shape,
     .holds = export_values,
     .ambiguity = "A-07",
     .reason = "sub-byte-order"},
    {.id = "T-21",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .source = header("IS_SUBBYTE_TYPE_PADDED"),
     .text = "sub-byte elements in a byte each are told by flag bit 2, packed ones by its absence",
     .when = export_read && export_versioned && sub_byte && exported_dtype,
     .holds = padding_told,
     .ambiguity = "A-07",
     .reason = "padding-untold"},
    {.id = "T-22",
     .level = kMust,
     .duty = kConsumer,
     .judged_in = kProtocol,
     .source = header("GetDataSize"),
     .text = "a compact tensor is read in the product of its extents times the item size",
     .holds = !lost && (call_refused || taken_right),
     .reason = "size-exceeded"},
    {.id = "T-23",
     .level = kMust,
     .duty = kProducer,
     .source = header("device_id"),
     .text = "memory that the CPU reads has device id 0",
     .when = exported && Ask<cpu_readable>{},
     .holds = Ask<device_id_zero>{},
     .ambiguity = "A-20",
     .reason = "device-id",
     .probed = {.when = export_read && Ask<cpu_readable>{}, .holds = ids_zero}},
    {.id = "T-24",
     .level = kDerived,
     .duty = kProducer,
     .judged_in = kProtocol,
     .source = header("data, device"),
     .text = "the elements of an export are read from the device that it states",
     .when = Ask<cpu_readable>{} && (lost_reading || !lost),
     .holds = !lost && export_values,
     .ambiguity = "A-21",
     .reason = "data-unreadable"},
    {.id = "T-25",
     .level = kMay,
     .duty = kNobody,
     .source = header("data"),
     .text = "on some devices data is a handle and no address",
     .untestable = "no device that the CPU or CUDA reads has such handles"},
    {.id = "T-26",
     .level = kMay,
     .duty = kConsumer,
     .judged_in = kProtocol,
     .source = header("kDLOpaqueHandle"),
     .text = "a consumer without an agreement refuses opaque handles",
     .holds = call_refused,
     .reason = "opaque-taken"},
    {.id = "T-27",
     .level = kDerived,
     .duty = kProducer,
     .judged_in = kProtocol,
     .source = header("DLManagedTensorVersioned"),
     .text = "data, shape and strides of an export stay valid until its deleter is called",
     .when = lost_reading || !lost,
     .holds = !lost && stays_right,
     .reason = "export-invalidated"},
    {.id = "T-28",
     .level = kMust,
     .duty = kProducer,
     .source = header("version") | dp("Notes"),
     .text = "the version of an export is filled",
     .when = exported && export_versioned,
     .holds = Ask<major_is_1>{},
     .reason = "version-unfilled",
     .probed = {.when = export_read && export_versioned,
                .holds = Ask<major_is_1>{} && code_of_version}},
    {.id = "T-29",
     .level = kMay,
     .duty = kConsumer,
     .judged_in = kProtocol,
     .source = header("manager_ctx"),
     .text = "a tensor whose manager_ctx is NULL is taken",
     .holds = taken_right,
     .reason = "null-context-refused"},
    {.id = "T-30",
     .level = kMay,
     .duty = kConsumer,
     .judged_in = kProtocol,
     .source = header("deleter"),
     .text = "a tensor whose deleter is NULL is taken",
     .holds = taken_right,
     .reason = "null-deleter-refused"},
    {.id = "T-31",
     .level = kSilent,
     .duty = kNobody,
     .source = header("shape, strides"),
     .text = "elements overlap, or there are more than 32 axes",
     .when = over_dlpack && Ask<open_layout>{},
     .reason = "overlap-open",
     .probed_silent = true},
    {.id = "T-32",
     .level = kSilent,
     .duty = kNobody,
     .source = header("data note"),
     .text = "element 0 is not aligned to the item size",
     .when = over_dlpack && misaligned && export_refused,
     .ambiguity = "A-03",
     .reason = "misaligned-open",
     .probed_silent = true},
    // Wrong values count only where all that surrounds them is right, so that the parts alone are
    // left to be wrong.
    {.id = "T-33",
     .level = kMust,
     .duty = kProducer,
     .source = header("kDLComplex"),
     .text = "a complex element is its real part followed by its imaginary part",
     .when = exported && family_is<kComplex> && ordinary && has_elements &&
             layout_is<kContiguous> && address_is_kept && strides_are_kept && export_dtype_right &&
             export_shape_right,
     .holds = export_values,
     .reason = "complex-parts",
     .probed = {.when = export_read && exported_dtype && exported_shape, .holds = export_values}},
    {.id = "T-34",
     .level = kDerived,
     .duty = kProducer,
     .about = kOutcome,
     .source = header("kDLFloat"),
     .text = "a long double that is not IEEE does not go out as code 2",
     .when = over_dlpack && long_double,
     .holds = export_refused || Ask<code_not_float>{},
     .reason = "long-double-as-ieee",
     .probed = {.holds = export_refused || Ask<code_not_float>{} || long_double_ieee}},
});

DLCONFORM_LINT_RULES(kRules, 'T');

}  // namespace

std::span<const Rule> tensor_rules() { return kRules; }

}  // namespace dlpack_conformance
