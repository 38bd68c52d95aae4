// T: a valid tensor. Judged on the export that the reference consumer read before the route ran.
#include <algorithm>
#include <array>
#include <cstdint>

#include "catalogue/predicates.h"
#include "catalogue/rule.h"

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
     .reason = "element-address"},
    {.id = "T-04",
     .level = kMust,
     .duty = kProducer,
     .source = header("strides") | issue("dmlc/dlpack#40"),
     .text = "strides of an export count elements",
     .when = exported && has_elements && export_in_place && !source_is<&SourceRow::byte_strides>,
     .holds = strides_are_kept,
     .reason = "strides-differ"},
    {.id = "T-05",
     .level = kMust,
     .duty = kProducer,
     .since = dl(1, 2),
     .source = header("strides") | issue("dmlc/dlpack#177"),
     .text = "an export of version 1.2 or newer with axes has strides",
     .when = exported && axes,
     .holds = !flag<&Facts::export_strides_null>,
     .ambiguity = "A-04",
     .reason = "strides-null"},
    {.id = "T-09",
     .level = kDerived,
     .duty = kProducer,
     .source = header("ndim, shape"),
     .text = "no extent of an export is negative",
     .when = exported,
     .holds = Ask<extents_natural>{},
     .reason = "shape-invalid"},
    {.id = "T-10",
     .level = kSilent,
     .duty = kNobody,
     .source = header("strides") | issue("pytorch/pytorch#188023"),
     .text = "a layout with negative strides can be written down",
     .when = over_dlpack && layout_is<kNegative>,
     .reason = "negative-strides-open"},
    {.id = "T-11",
     .level = kSilent,
     .duty = kNobody,
     .source = header("strides"),
     .text = "a layout with zero strides can be written down",
     .when = over_dlpack && layout_is<kZeroStride>,
     .reason = "zero-strides-open"},
    {.id = "T-13",
     .level = kDerived,
     .duty = kProducer,
     .about = kOutcome,
     .source = header("strides") | dp("Raises"),
     .text = "byte strides that elements cannot say are refused or resolved, never rounded",
     .when = over_dlpack && source_is<&SourceRow::byte_strides>,
     .holds = export_refused || export_values,
     .reason = "strides-rounded"},
    {.id = "T-15",
     .level = kDerived,
     .duty = kProducer,
     .source = header("DLDataType examples"),
     .text = "bits times lanes is the item size",
     .when = exported && Ask<whole_bytes>{},
     .holds = Ask<item_size_right>{},
     .reason = "item-size"},
    {.id = "T-16",
     .level = kDerived,
     .duty = kProducer,
     .source = header("lanes"),
     .text = "lanes of a scalar type is 1",
     .when = exported && Ask<scalar_dtype>{},
     .holds = Ask<one_lane>{},
     .reason = "lanes"},
    {.id = "T-17",
     .level = kDerived,
     .duty = kProducer,
     .source = header("DLDataType examples"),
     .text = "booleans are code 6 with 8 bits and one lane",
     .when = exported && family_is<kBool>,
     .holds = export_dtype_right,
     .ambiguity = "A-22",
     .reason = "bool-code"},
    {.id = "T-18",
     .level = kDerived,
     .duty = kProducer,
     .about = kOutcome,
     .source = header("DLDataType"),
     .text = "an array in foreign byte order is refused or copied into native order",
     .when = over_dlpack && dtype_is<&DTypeRow::swapped>,
     .holds = export_refused || export_values,
     .reason = "byte-order-lost"},
    {.id = "T-23",
     .level = kMust,
     .duty = kProducer,
     .source = header("device_id"),
     .text = "memory that the CPU reads has device id 0",
     .when = exported && Ask<cpu_readable>{},
     .holds = Ask<device_id_zero>{},
     .ambiguity = "A-20",
     .reason = "device-id"},
    {.id = "T-28",
     .level = kMust,
     .duty = kProducer,
     .source = header("version") | dp("Notes"),
     .text = "the version of an export is filled",
     .when = exported && export_versioned,
     .holds = Ask<major_is_1>{},
     .reason = "version-unfilled"},
    {.id = "T-31",
     .level = kSilent,
     .duty = kNobody,
     .source = header("shape, strides"),
     .text = "elements overlap, or there are more than 32 axes",
     .when = over_dlpack && Ask<open_layout>{},
     .reason = "overlap-open"},
    {.id = "T-32",
     .level = kSilent,
     .duty = kNobody,
     .source = header("data note"),
     .text = "element 0 is not aligned to the item size",
     .when = over_dlpack && misaligned && export_refused,
     .ambiguity = "A-03",
     .reason = "misaligned-open"},
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
     .reason = "complex-parts"},
    {.id = "T-34",
     .level = kDerived,
     .duty = kProducer,
     .about = kOutcome,
     .source = header("kDLFloat"),
     .text = "a long double that is not IEEE does not go out as code 2",
     .when = over_dlpack && long_double,
     .holds = export_refused || Ask<code_not_float>{},
     .reason = "long-double-as-ieee"},
});

DLCONFORM_LINT_RULES(kRules, 'T');

}  // namespace

std::span<const Rule> tensor_rules() { return kRules; }

}  // namespace dlpack_conformance
