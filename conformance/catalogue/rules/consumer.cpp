// C: the consumer.
#include <array>

#include "catalogue/call_log.h"
#include "catalogue/predicates.h"
#include "catalogue/rule.h"

namespace dlpack_conformance {
namespace {

using enum Level;
using enum Duty;
using enum Binds;
using enum About;

Answer deleted_once(const Seen& seen) {
  const auto& calls = seen.facts.end_deleter_calls;
  const auto& exports = seen.facts.end_exports;
  return calls && exports ? answer(*calls == *exports) : Answer::kUnknown;
}

Answer any_export(const Seen& seen) {
  const auto& exports = seen.facts.end_exports;
  return exports ? answer(*exports > 0) : Answer::kUnknown;
}

Answer not_early(const Seen& seen) { return answer(seen.facts.end_early != Flag{true}); }

Answer has_byte_offset(const Seen& seen) {
  const auto& offset = seen.facts.export_byte_offset;
  return offset ? answer(*offset != 0) : Answer::kUnknown;
}

Answer legacy_capsule(const Seen& seen) {
  const auto& capsule = seen.facts.export_capsule;
  return capsule ? answer(*capsule == "dltensor") : Answer::kUnknown;
}

Answer on_host(const Seen& seen) { return answer(seen.subject.device->type == 1); }

Answer on_source_device(const Seen& seen) {
  const auto& device = seen.facts.result_device;
  return device ? answer(*device == asked_device(seen.subject, seen.facts)) : Answer::kUnknown;
}

/// Apart from what no text describes: overlapping windows, more than 32 axes, data not aligned to
/// the element.
Answer described_layout(const Seen& seen) {
  const LayoutRow& layout = *seen.subject.layout;
  if (layout.has(kOverlap) && !layout.has(kZeroStride)) return Answer::kNo;
  return answer(layout.shape.size() <= 32 && !seen.subject.source->misaligned);
}

/// Of a lost process: was it lost with a right tensor in the consumer's hands?
Answer lost_by_consumer(const Seen& seen) {
  const auto& step = seen.facts.crash_step;
  if (step && *step == "export") return Answer::kNo;
  if (!step || *step == "release") return Answer::kUnknown;
  return export_right.ask(seen);
}

Answer freed_early(const Seen& seen) {
  return seen.facts.end_early == Flag{true} ? Answer::kYes : Answer::kUnknown;
}

Answer in_protocol(const Seen& seen) {
  return every_keyword(seen.facts, [](const Keyword& keyword) {
    const std::string_view value = keyword.value;
    if (value == "None") {
      return keyword.name == "stream" || keyword.name == "max_version" ||
             keyword.name == "dl_device" || keyword.name == "copy";
    }
    if (keyword.name == "stream") return is_int(value);
    if (keyword.name == "copy") return value == "True" || value == "False";
    // The device type may be a member of an enumeration: any pair counts.
    if (keyword.name == "dl_device") return value.starts_with('(') && value.ends_with(')');
    return keyword.name == "max_version" && is_pair_of_ints(value);
  });
}

constexpr auto lazy = source_is<&SourceRow::lazy>;
constexpr auto masked = source_is<&SourceRow::masked>;
constexpr auto misaligned = source_is<&SourceRow::misaligned>;
constexpr auto outside_kept = flag<&Facts::memory_outside>;
constexpr auto export_readonly = export_read && flag_readonly;
constexpr auto exported_right = over_dlpack && export_read && export_right;

constexpr auto kDtypeReadings = std::to_array<Reading>({
    {"same-dtype", "the result has the source's dtype", result_right&& result_dtype_right},
    {"other-dtype", "a consumer without the dtype may convert what survives it", result_right},
});

constexpr auto kRules = std::to_array<Rule>({
    {.id = "C-11",
     .level = kMust,
     .duty = kConsumer,
     .source = page("Implementation"),
     .text = "the deleter runs exactly once, after the last use",
     .when = over_dlpack && returned && Ask<any_export>{},
     .holds = Ask<deleted_once>{} && Ask<not_early>{},
     .reason = "deleter-count"},
    {.id = "C-12",
     .level = kDerived,
     .duty = kConsumer,
     .binds = kAnyone,
     .source = page("Implementation"),
     .text = "a refused import ends in exactly one deleter call",
     .when = over_dlpack && !by_exchange_api && refused && Ask<any_export>{},
     .holds = Ask<deleted_once>{},
     .reason = "deleter-count-refused"},
    {.id = "C-15",
     .level = kMust,
     .duty = kConsumer,
     .source = header("byte_offset") | issue("pytorch/pytorch#168177"),
     .text = "byte_offset is honoured",
     .when = exported_right && Ask<has_byte_offset>{} && returned && has_elements,
     .holds = result_values_right,
     .reason = "byte-offset-ignored"},
    {.id = "C-16",
     .level = kDerived,
     .duty = kConsumer,
     .about = kOutcome,
     .source = header("strides"),
     .text = "strides are honoured, or the import is refused",
     .when = exported_right && has_elements && !layout_is<kContiguous>,
     .holds = refused || result_right,
     .reason = "strides-misread"},
    {.id = "C-20",
     .level = kDerived,
     .duty = kConsumer,
     .about = kOutcome,
     .source = header("data"),
     .text = "a tensor without elements is taken",
     .when = exported_right && layout_is<kEmpty> && !backward_stride && ordinary && own_device &&
             !copy_false && consumer_has_dtype,
     .holds = returned,
     .reason = "empty-refused"},
    {.id = "C-22",
     .level = kDerived,
     .duty = kConsumer,
     .about = kOutcome,
     .source = header("DLPackVersion, DLDataType"),
     .text = "a dtype that the consumer lacks is refused, not guessed",
     .when = exported_right && !consumer_has_dtype,
     .holds = refused || result_right,
     .reason = "dtype-guessed"},
    {.id = "C-23",
     .level = kSilent,
     .duty = kNobody,
     .source = fd("Raises") | issue("numpy/numpy#30937"),
     .text = "an export that was right is refused by the consumer",
     .when = over_dlpack && consumer_refused,
     .reason = "refusal-open"},
    {.id = "C-24",
     .level = kShould,
     .duty = kConsumer,
     .about = kOutcome,
     .since = aa(2023, 12),
     .source = page_meaning("Semantics") | issue("numpy/numpy#31000"),
     .text = "a refusal of a device is a BufferError",
     .when = over_dlpack && consumer_refused && !Ask<on_host>{} && !copy_true,
     .holds = refused,
     .error = route_raised<"BufferError">,
     .reason = "device-refused"},
    {.id = "C-25",
     .level = kShould,
     .duty = kConsumer,
     .since = aa(2023, 12),
     .source = dp("Notes") | issue("data-apis/array-api#749"),
     .text = "a consumer without read-only arrays ignores READ_ONLY",
     .when = over_dlpack && export_readonly && !consumer_has_readonly && !consumer_immutable &&
             layout_is<kContiguous> && !misaligned && consumer_has_dtype,
     .holds = returned,
     .ambiguity = "A-25",
     .reason = "readonly-refused"},
    {.id = "C-26",
     .level = kShould,
     .duty = kConsumer,
     .source = header("READ_ONLY"),
     .text = "a consumer with read-only arrays gives one for READ_ONLY",
     .when = over_dlpack && export_readonly && consumer_has_readonly && shared,
     .holds = !result_writable,
     .ambiguity = "A-25",
     .reason = "readonly-lost"},
    {.id = "C-27",
     .level = kSilent,
     .duty = kNobody,
     .source = issue("numpy/numpy#20742"),
     .text = "an import comes from a legacy capsule",
     .when = over_dlpack && returned && Ask<legacy_capsule>{},
     .ambiguity = "A-02",
     .reason = "legacy-writable-open"},
    {.id = "C-28",
     .level = kDerived,
     .duty = kBorder,
     .binds = kAnyone,
     .source = page_meaning("Semantics"),
     .text = "an exchange does not write the source's elements",
     .when = over_dlpack && !masked,
     .holds = source_unchanged,
     .crossed = export_values,
     .reason = "source-written"},
    {.id = "C-29",
     .level = kDerived,
     .duty = kBorder,
     .binds = kAnyone,
     .source = header("GetDataSize"),
     .text = "an exchange writes nothing outside the elements",
     .when = over_dlpack,
     .holds = outside_kept,
     .crossed = flag<&Facts::export_outside>,
     .reason = "outside-written"},
    {.id = "C-30",
     .level = kMust,
     .duty = kConsumer,
     .since = aa(2023, 12),
     .source = fd("device"),
     .text = "with device=None the result is on the source's device",
     .when = by_from_dlpack && own_device && returned,
     .holds = Ask<on_source_device>{},
     .ambiguity = "A-12",
     .reason = "device-changed"},
    {.id = "C-34",
     .level = kMust,
     .duty = kBorder,
     .about = kOutcome,
     .since = aa(2023, 12),
     .source = fd("copy"),
     .text = "copy=True gives memory of its own",
     .when = by_from_dlpack && copy_true && has_elements && returned,
     .holds = copied,
     .crossed = !export_in_place,
     .reason = "copy-true-shares"},
    {.id = "C-35",
     .level = kMust,
     .duty = kBorder,
     .about = kOutcome,
     .since = aa(2023, 12),
     .source = fd("copy"),
     .text = "copy=False gives shared memory or raises",
     .when = by_from_dlpack && copy_false && has_elements,
     .holds = shared || refused,
     .error = !copy_needed || route_raised<"BufferError"> || route_raised<"ValueError">,
     .ambiguity = "A-08",
     .crossed = export_in_place,
     .reason = "copy-false-copies"},
    // Of everything else that was copied, A-13 leaves open whether it was possible to share.
    {.id = "C-36",
     .level = kMust,
     .duty = kBorder,
     .about = kOutcome,
     .since = aa(2023, 12),
     .source = fd("copy"),
     .text = "copy=None shares a plain, aligned, row-major source of a dtype that both have",
     .when = by_from_dlpack && copy_open && own_device && has_elements && ordinary &&
             dtype_is<&DTypeRow::dlpack> && layout_is<kContiguous> && !layout_is<kOffset> &&
             consumer_has_dtype && returned,
     .holds = shared,
     .ambiguity = "A-13",
     .crossed = export_in_place,
     .reason = "import-copies"},
    {.id = "C-37",
     .level = kShould,
     .duty = kConsumer,
     .since = aa(2024, 12),
     .source = cv("Copy keyword"),
     .text = "a result of copy=True can be written",
     .when = by_from_dlpack && copy_true && copied && !consumer_immutable,
     .holds = result_writable,
     .reason = "copy-not-writable"},
    {.id = "C-42",
     .level = kDerived,
     .duty = kBorder,
     .binds = kAnyone,
     .about = kOutcome,
     .since = aa(2021, 12),
     .source = fd("Returns"),
     .text = "shape, dtype and values of the result are the source's",
     .when = over_dlpack && returned && !masked && dtype_is<&DTypeRow::dlpack>,
     .ambiguity = "A-13",
     .readings = kDtypeReadings,
     .crossed = export_right,
     .reason = "result-differs"},
    {.id = "C-43",
     .level = kDerived,
     .duty = kBorder,
     .binds = kAnyone,
     .since = aa(2021, 12),
     .source = page_meaning("Semantics"),
     .text = "the result outlives the source object",
     .when = over_dlpack && returned && result_right,
     .holds = flag<&Facts::end_values>,
     .crossed = Ask<freed_early>{},
     .reason = "result-dies"},
    // PyTorch 2.13 ends the process at a negative stride.
    {.id = "C-45",
     .level = kDerived,
     .duty = kBorder,
     .binds = kAnyone,
     .source = fd("Raises") | issue("pytorch/pytorch#188023") | issue("pytorch/pytorch#188047"),
     .text = "a tensor that keeps the header's rules never costs the process",
     .when = over_dlpack && Ask<described_layout>{},
     .holds = !lost,
     .crossed = Ask<lost_by_consumer>{},
     .reason = "process-lost"},
    {.id = "C-49",
     .level = kSilent,
     .duty = kNobody,
     .source = header("data note"),
     .text = "an import meets data not aligned to the element",
     .when = over_dlpack && misaligned && (consumer_refused || lost),
     .ambiguity = "A-03",
     .reason = "misaligned-import-open"},
    {.id = "C-53",
     .level = kMust,
     .duty = kConsumer,
     .since = aa(2023, 12),
     .source = dp("stream, max_version, dl_device, copy"),
     .text = "the consumer passes protocol keywords in their documented form",
     .when = by_from_dlpack && known<&Facts::calls_log>,
     .holds = Ask<in_protocol>{},
     .reason = "keywords-wrong"},
    {.id = "C-57",
     .level = kMust,
     .duty = kConsumer,
     .since = aa(2021, 12),
     .source = fd("Returns") | page_meaning("Syntax"),
     .text = "from_dlpack returns an array of its own library",
     .when = by_from_dlpack && returned,
     .holds = flag<&Facts::result_own_type>,
     .reason = "foreign-type"},
});

DLCONFORM_LINT_RULES(kRules, 'C');

}  // namespace

std::span<const Rule> consumer_rules() { return kRules; }

}  // namespace dlpack_conformance
