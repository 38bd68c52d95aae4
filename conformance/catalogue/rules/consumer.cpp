// C: the consumer.
#include <algorithm>
#include <array>
#include <string_view>

#include "catalogue/call_log.h"
#include "catalogue/predicates.h"
#include "catalogue/rule.h"
#include "catalogue/rules/consumer_probed.h"

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

/// It was asked and gave nothing, so that what was raised is its refusal. No where nobody counted.
Answer producer_refused(const Seen& seen) {
  const auto& calls = seen.facts.calls_log;
  const auto& exports = seen.facts.end_exports;
  if (!calls || !exports) return Answer::kNo;
  const bool asked = std::ranges::any_of(
      *calls, [](const std::string& call) { return call.starts_with("__dlpack__("); });
  return answer(asked && *exports <= 1);  // the one is that of the facts about the export
}

Answer has_byte_offset(const Seen& seen) {
  const auto& offset = seen.facts.export_byte_offset;
  return offset ? answer(*offset != 0) : Answer::kUnknown;
}

Answer legacy_capsule(const Seen& seen) {
  const auto& capsule = seen.facts.export_capsule;
  return capsule ? answer(*capsule == "dltensor") : Answer::kUnknown;
}

Answer on_source_device(const Seen& seen) {
  const auto& device = seen.facts.result_device;
  return device ? answer(is_asked_device(seen.subject, seen.facts, *device)) : Answer::kUnknown;
}

/// Apart from what no text describes: overlapping windows, more than 32 axes, data not aligned to
/// the element.
Answer described_layout(const Seen& seen) {
  const LayoutRow& layout = *seen.subject.layout;
  if (layout.has(kOverlap) && !layout.has(kZeroStride)) return Answer::kNo;
  return answer(layout.shape.size() <= 32 && !seen.subject.source->misaligned);
}

/// Was the export asked for with `copy`? Unknown where nobody knows how this consumer asks.
Answer copy_passed_on(const Seen& seen) {
  const auto& keywords = seen.facts.export_keywords;
  if (!keywords || *keywords == "both") return Answer::kUnknown;
  return answer(keywords->find("copy=") != std::string::npos);
}

/// Nobody knows how memory is aligned that the library allocated by itself.
Answer of_known_alignment(const Seen& seen) {
  return answer(seen.subject.source->memory != SourceMemory::kLibrary);
}

/// Of a lost process: was it lost with a right tensor in the consumer's hands?
Answer lost_by_consumer(const Seen& seen) {
  const auto& step = seen.facts.crash_step;
  if (step && *step == "export") return Answer::kNo;
  if (!step || *step == "release") return Answer::kUnknown;
  return export_right.ask(seen);
}

/// What these rules hand over is no tensor that keeps the header's rules.
constexpr auto kHandOverBroken = std::to_array<std::string_view>({"C-14", "C-18", "C-21"});

/// Protocol cases in which the library takes a valid tensor that the reference made, over DLPack:
/// of other routes their own rules speak.
Answer consumer_case(const Seen& seen) {
  const Rule* rule = find_rule(seen.subject.subject);
  return answer(rule != nullptr && rule->id.front() != 'R' && rule->duty != Duty::kProducer &&
                rule->duty != Duty::kLibrary &&
                std::ranges::find(kHandOverBroken, rule->id) == kHandOverBroken.end());
}

Answer of_lost_processes(const Seen& seen) { return answer(seen.subject.subject == "C-45"); }

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

constexpr auto asks_dlpack = known<&Facts::export_by_route>;
constexpr Ask<consumer_case> by_consumer{};
constexpr Ask<of_lost_processes> own_case{};
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

constexpr auto kProbedDtypeReadings = std::to_array<Reading>({
    {"same-dtype", "the result has the source's dtype", probed::right&& probed::dtype_kept},
    {"other-dtype", "a consumer without the dtype may convert what survives it", probed::right},
});

constexpr auto kRules = std::to_array<Rule>({
    {.id = "C-01",
     .level = kMust,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .since = aa(2021, 12),
     .source = page_meaning("Syntax"),
     .text = "any object with the two methods is taken, whatever its class",
     .when = probed::twin_taken,
     .holds = probed::taken && probed::right,
     .reason = "methods-not-enough"},
    {.id = "C-02",
     .level = kMust,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .since = aa(2023, 12),
     .source = fd("signature"),
     .text = "the source goes by position, device and copy by name, and None means left out",
     .when = probed::twin_taken,
     .holds = probed::taken && probed::right && probed::none_as_absent,
     .reason = "signature-refused"},
    {.id = "C-03",
     .level = kShould,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .since = aa(2023, 12),
     .source = dp("Notes"),
     .text = "the consumer passes max_version",
     .holds = probed::version_asked,
     .reason = "version-not-asked"},
    {.id = "C-04",
     .level = kShould,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .since = aa(2023, 12),
     .source = dp("Notes"),
     .text = "a producer that answers a keyword with TypeError is asked again without it",
     .when = probed::twin_taken,
     .holds = probed::taken && probed::right,
     .reason = "no-fallback"},
    {.id = "C-05",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = CaseKind::kProtocol,
     .source = dp("Notes"),
     .text = "a TypeError from inside a producer meets a consumer that falls back on TypeError",
     .ambiguity = "A-19",
     .reason = "type-error-open"},
    {.id = "C-06",
     .level = kDerived,
     .duty = kConsumer,
     .binds = kAnyone,
     .judged_in = CaseKind::kProtocol,
     .since = aa(2023, 12),
     .source = fd("copy"),
     .text = "asking again without copy, the consumer still keeps to what copy asks for",
     .holds = probed::raised || (probed::copy_true_asked && !probed::shares) ||
              (!probed::copy_true_asked && probed::shares),
     .reason = "fallback-weakens"},
    {.id = "C-07",
     .level = kMust,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .since = aa(2023, 12),
     .source = dp("max_version"),
     .text = "the version of what came is checked although max_version was passed",
     .holds = !lost && probed::raised,
     .reason = "version-unchecked"},
    {.id = "C-08",
     .level = kMust,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .source = header("DLPackVersion"),
     .text = "of another major version nothing is used but the deleter, once",
     .holds = !lost && probed::raised && probed::deleted_once,
     .ambiguity = "A-18",
     .reason = "major-misread"},
    {.id = "C-09",
     .level = kMay,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .source = header("DLPackVersion"),
     .text = "a newer minor version of the same major is taken",
     .when = probed::twin_taken,
     .holds = probed::taken && probed::right,
     .reason = "minor-refused"},
    {.id = "C-10",
     .level = kMust,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .source = page("Implementation"),
     .text = "a consumer that takes the memory over renames the capsule to used_...",
     .when = probed::taken && probed::shares,
     .holds = probed::renamed,
     .reason = "not-renamed"},
    {.id = "C-11",
     .level = kMust,
     .duty = kConsumer,
     .source = page("Implementation"),
     .text = "the deleter runs exactly once, after the last use",
     .when = over_dlpack && returned && Ask<any_export>{},
     .holds = Ask<deleted_once>{} && Ask<not_early>{},
     .reason = "deleter-count",
     .probed = {.when = probed::taken,
                .holds = probed::deleted_once && Ask<not_early>{} && probed::still_right}},
    {.id = "C-12",
     .level = kDerived,
     .duty = kConsumer,
     .binds = kAnyone,
     .source = page("Implementation"),
     .text = "a refused import ends in exactly one deleter call",
     .when = over_dlpack && !by_exchange_api && refused && Ask<any_export>{},
     .holds = Ask<deleted_once>{},
     .reason = "deleter-count-refused",
     .probed = {.when = probed::raised, .holds = probed::deleted_once}},
    {.id = "C-13",
     .level = kMust,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .source = header("deleter"),
     .text = "a NULL deleter is accepted",
     .when = probed::twin_taken,
     .holds = !lost && probed::taken && probed::right,
     .reason = "null-deleter"},
    {.id = "C-14",
     .level = kDerived,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .source = page("Implementation"),
     .text = "a consumed capsule, or one of another name, is refused and left alone",
     .holds = !lost && probed::raised && probed::deleted_at_most_once,
     .reason = "consumed-twice"},
    {.id = "C-15",
     .level = kMust,
     .duty = kConsumer,
     .source = header("byte_offset") | issue("pytorch/pytorch#168177"),
     .text = "byte_offset is honoured",
     .when = exported_right && Ask<has_byte_offset>{} && returned && has_elements,
     .holds = result_values_right,
     .reason = "byte-offset-ignored",
     .probed = {.when = probed::taken, .holds = probed::right}},
    {.id = "C-16",
     .level = kDerived,
     .duty = kConsumer,
     .about = kOutcome,
     .source = header("strides"),
     .text = "strides are honoured, or the import is refused",
     .when = exported_right && has_elements && !layout_is<kContiguous>,
     .holds = refused || result_right,
     .reason = "strides-misread",
     .probed = {.holds = probed::right_or_raised}},
    {.id = "C-17",
     .level = kMust,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .until = dl(1, 1),
     .source = header("strides") | issue("apache/arrow#51122"),
     .text = "NULL strides of a version before 1.2 are read as compact row-major",
     .when = probed::taken,
     .holds = probed::right,
     .ambiguity = "A-04",
     .reason = "null-strides-misread"},
    {.id = "C-18",
     .level = kMay,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .since = dl(1, 2),
     .source = header("strides"),
     .text = "NULL strides of 1.2 or newer are refused, or read as compact row-major",
     .holds = !lost && probed::right_or_raised,
     .ambiguity = "A-04",
     .reason = "null-strides-misread"},
    {.id = "C-19",
     .level = kDerived,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .since = dl(1, 2),
     .source = header("shape"),
     .text = "a consumer of scalars takes one whose shape and strides are NULL",
     .when = probed::twin_taken,
     .holds = probed::taken && probed::right,
     .ambiguity = "A-05",
     .reason = "scalar-refused"},
    {.id = "C-20",
     .level = kDerived,
     .duty = kConsumer,
     .about = kOutcome,
     .source = header("data"),
     .text = "a tensor without elements is taken",
     .when = exported_right && layout_is<kEmpty> && !backward_stride && ordinary && own_device &&
             copy_open && consumer_has_dtype && consumer_has_device,
     .holds = returned,
     .reason = "empty-refused",
     .probed = {.when = probed::twin_taken, .holds = probed::taken && probed::shape_kept}},
    {.id = "C-21",
     .level = kMust,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .since = dl(1, 1),
     .source = header("kDLFloat6_*, kDLFloat4_*"),
     .text = "fp6 or fp4 with other bits than 6 or 4 is refused",
     .holds = !lost && probed::raised,
     .reason = "sub-byte-width"},
    {.id = "C-22",
     .level = kDerived,
     .duty = kConsumer,
     .about = kOutcome,
     .source = header("DLPackVersion, DLDataType"),
     .text = "a dtype that the consumer lacks is refused, not guessed",
     .when = exported_right && !consumer_has_dtype,
     .holds = refused || result_right,
     .reason = "dtype-guessed",
     .probed = {.holds = probed::raised || flag<&Facts::result_values>}},
    {.id = "C-23",
     .level = kSilent,
     .duty = kNobody,
     .source = fd("Raises") | issue("numpy/numpy#30937"),
     .text = "an export that was right is refused by the consumer",
     .when = over_dlpack && consumer_refused,
     .reason = "refusal-open",
     .probed_silent = true},
    {.id = "C-24",
     .level = kShould,
     .duty = kConsumer,
     .about = kOutcome,
     .since = aa(2023, 12),
     .source = page_meaning("Semantics") | issue("numpy/numpy#31000"),
     .text = "a refusal of a device is a BufferError",
     .when = over_dlpack && consumer_refused && !Ask<producer_refused>{} && !consumer_has_device &&
             !copy_true,
     .holds = refused,
     .error = route_raised<"BufferError">,
     .reason = "device-refused",
     .probed = {.when =
                    probed::twin_taken && (probed::raised || text_is<&Facts::result_device, "cpu">),
                .holds = probed::raised,
                .error = route_raised<"BufferError">}},
    {.id = "C-25",
     .level = kShould,
     .duty = kConsumer,
     .since = aa(2023, 12),
     .source = dp("Notes") | issue("data-apis/array-api#749"),
     .text = "a consumer without read-only arrays ignores READ_ONLY",
     .when = over_dlpack && export_readonly && !consumer_has_readonly && !consumer_immutable &&
             layout_is<kContiguous> && !misaligned && consumer_has_dtype && consumer_has_device,
     .holds = returned,
     .ambiguity = "A-25",
     .reason = "readonly-refused",
     .probed = {.when = !consumer_has_readonly && !consumer_immutable && probed::twin_taken,
                .holds = probed::taken}},
    {.id = "C-26",
     .level = kShould,
     .duty = kConsumer,
     .source = header("READ_ONLY"),
     .text = "a consumer with read-only arrays gives one for READ_ONLY",
     .when = over_dlpack && export_readonly && consumer_has_readonly && shared,
     .holds = !result_writable,
     .ambiguity = "A-25",
     .reason = "readonly-lost",
     .probed = {.when = consumer_has_readonly && probed::taken && probed::shares,
                .holds = !result_writable}},
    {.id = "C-27",
     .level = kSilent,
     .duty = kNobody,
     .source = issue("numpy/numpy#20742"),
     .text = "an import comes from a legacy capsule",
     .when = over_dlpack && returned && Ask<legacy_capsule>{},
     .ambiguity = "A-02",
     .reason = "legacy-writable-open",
     .probed_silent = true},
    {.id = "C-28",
     .level = kDerived,
     .duty = kBorder,
     .binds = kAnyone,
     .source = page_meaning("Semantics"),
     .text = "an exchange does not write the source's elements",
     .when = over_dlpack && !masked,
     .holds = source_unchanged,
     .crossed = export_values,
     .reason = "source-written",
     .probed = {.holds = !probed::page_touched && flag<&Facts::memory_source>}},
    {.id = "C-29",
     .level = kDerived,
     .duty = kBorder,
     .binds = kAnyone,
     .source = header("GetDataSize"),
     .text = "an exchange writes nothing outside the elements",
     .when = over_dlpack,
     .holds = outside_kept,
     .crossed = flag<&Facts::export_outside>,
     .reason = "outside-written",
     .probed = {.holds = !probed::page_touched && outside_kept}},
    {.id = "C-30",
     .level = kMust,
     .duty = kConsumer,
     .since = aa(2023, 12),
     .source = fd("device"),
     .text = "with device=None the result is on the source's device",
     .when = by_from_dlpack && own_device && returned,
     .holds = Ask<on_source_device>{},
     .ambiguity = "A-12",
     .reason = "device-changed",
     .probed = {.when = probed::taken, .holds = probed::device_kept}},
    {.id = "C-31",
     .level = kShould,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .since = aa(2023, 12),
     .source = fd("device"),
     .text = "device naming the CPU gives an array that Python can read, copied if needed",
     .when = probed::twin_taken,
     .holds = probed::taken && probed::right && text_is<&Facts::result_device, "cpu">,
     .reason = "cpu-not-given"},
    {.id = "C-32",
     .level = kMust,
     .duty = kConsumer,
     .since = aa(2023, 12),
     .source = fd("device"),
     .text = "a library without arrays that Python can read raises BufferError for such a device",
     .untestable = "binds only libraries that have no arrays on the CPU; no CPU case can meet one"},
    {.id = "C-33",
     .level = kMust,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .since = aa(2023, 12),
     .source = fd("device") | fd("copy"),
     .text = "from one device to another, copy=False raises",
     .when = probed::twin_taken,
     .holds = probed::raised,
     .error = route_raised<"BufferError"> || route_raised<"ValueError">,
     .ambiguity = "A-08",
     .reason = "copy-false-copies"},
    {.id = "C-34",
     .level = kMust,
     .duty = kBorder,
     .about = kOutcome,
     .since = aa(2023, 12),
     .source = fd("copy"),
     .text = "copy=True gives memory of its own",
     .when = by_from_dlpack && copy_true && has_elements && returned,
     .holds = copied,
     .crossed = !export_in_place || !Ask<copy_passed_on>{},
     .reason = "copy-true-shares",
     .probed = {.when = probed::taken, .holds = !probed::shares}},
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
     .crossed = export_in_place || !Ask<copy_passed_on>{},
     .reason = "copy-false-copies",
     .probed = {.holds = probed::raised || probed::shares}},
    // Of everything else that was copied, A-13 leaves open whether it was possible to share.
    {.id = "C-36",
     .level = kMust,
     .duty = kBorder,
     .about = kOutcome,
     .since = aa(2023, 12),
     .source = fd("copy"),
     .text = "copy=None shares a plain, aligned, row-major source of a dtype that both have",
     .when = by_from_dlpack && copy_open && own_device && has_elements && ordinary &&
             Ask<of_known_alignment>{} && dtype_is<&DTypeRow::dlpack> && layout_is<kContiguous> &&
             !layout_is<kOffset> && consumer_has_dtype && returned,
     .holds = shared,
     .ambiguity = "A-13",
     .crossed = export_in_place,
     .reason = "import-copies",
     .probed = {.when = probed::taken && probed::dtype_kept, .holds = probed::shares}},
    {.id = "C-37",
     .level = kShould,
     .duty = kConsumer,
     .since = aa(2024, 12),
     .source = cv("Copy keyword"),
     .text = "a result of copy=True can be written",
     .when = by_from_dlpack && copy_true && copied && !consumer_immutable,
     .holds = result_writable,
     .reason = "copy-not-writable",
     .probed = {.when = probed::taken && !probed::shares && !consumer_immutable,
                .holds = result_writable}},
    {.id = "C-38",
     .level = kMust,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .since = aa(2023, 12),
     .source = fd("Raises"),
     .text = "an exception of the producer's methods reaches the caller unchanged",
     .when = flag<&Facts::calls_raised>,
     .holds = probed::raised && flag<&Facts::route_same_error>,
     .reason = "error-changed"},
    {.id = "C-39",
     .level = kShould,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .since = aa(2023, 12),
     .source = fd("Raises") | di("Non-supported use cases"),
     .text = "an object without the two methods gives AttributeError",
     .holds = !lost && probed::raised,
     .error = route_raised<"AttributeError">,
     .reason = "no-methods-taken"},
    {.id = "C-40",
     .level = kMay,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .since = dl(1, 0),
     .source = header("IS_COPIED"),
     .text = "memory with IS_COPIED is used in place, and may be written",
     .when = probed::taken && !consumer_immutable,
     .holds = probed::shares && result_writable,
     .ambiguity = "A-01",
     .reason = "copied-flag-unused"},
    {.id = "C-41",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = CaseKind::kProtocol,
     .source = fd("copy") | dp("copy") | np("from_dlpack"),
     .text = "a producer takes copy and does not do what it asks",
     .ambiguity = "A-14",
     .reason = "copy-ignored-open"},
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
     .reason = "result-differs",
     .probed = {.when = probed::taken, .readings = kProbedDtypeReadings}},
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
    {.id = "C-44",
     .level = kMust,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .source = page("Implementation"),
     .text = "a capsule is consumed inside the call, and at most once",
     .when = probed::taken,
     .holds = (probed::consumed || !probed::shares) && probed::deleted_at_most_once,
     .reason = "capsule-kept"},
    // PyTorch 2.13 ends the process at a negative stride.
    {.id = "C-45",
     .level = kDerived,
     .duty = kBorder,
     .binds = kAnyone,
     .source = fd("Raises") | issue("pytorch/pytorch#188023") | issue("pytorch/pytorch#188047"),
     .text = "a tensor that keeps the header's rules never costs the process",
     .when = (over_dlpack || asks_dlpack) && Ask<described_layout>{},
     .holds = !lost,
     .crossed = Ask<lost_by_consumer>{},
     .reason = "process-lost",
     .probed = {.when = own_case || (lost && by_consumer), .holds = !lost},
     .in_every_probe = true},
    {.id = "C-46",
     .level = kMay,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .source = place(Document::kTorch, "from_dlpack"),
     .text = "a bare capsule is taken, too",
     .when = probed::twin_taken,
     .holds = probed::taken && probed::right,
     .reason = "capsule-refused"},
    {.id = "C-47",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = CaseKind::kProtocol,
     .source = header("flags"),
     .text = "a tensor has flag bits that no version defines",
     .reason = "unknown-flags-open"},
    {.id = "C-48",
     .level = kDerived,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .since = dl(1, 1),
     .source = header("IS_SUBBYTE_TYPE_PADDED"),
     .text = "padded elements of less than a byte are not read as packed ones",
     .holds = probed::right_or_raised,
     .ambiguity = "A-07",
     .reason = "padding-misread"},
    {.id = "C-49",
     .level = kSilent,
     .duty = kNobody,
     .source = header("data note"),
     .text = "an import meets data not aligned to the element",
     .when = over_dlpack && misaligned && (consumer_refused || lost),
     .ambiguity = "A-03",
     .reason = "misaligned-import-open",
     .probed_silent = true},
    {.id = "C-50",
     .level = kMay,
     .duty = kConsumer,
     .since = aa(2021, 12),
     .source = page_meaning("warning"),
     .text = "the real device is looked up from the pointer where ids may be numbered otherwise",
     .untestable = "needs two GPUs and a library that numbers them differently; no CPU case"},
    {.id = "C-51",
     .level = kDerived,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .source = page("Implementation") | issue("dmlc/dlpack#103"),
     .text = "released on another thread than it was imported on, the tensor is deleted once",
     .when = probed::taken,
     .holds = !lost && probed::deleted_once,
     .reason = "deleter-thread"},
    {.id = "C-52",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = CaseKind::kProtocol,
     .source = page_meaning("Syntax"),
     .text = "struct and __dlpack_device__ name different devices",
     .reason = "device-lie-open"},
    {.id = "C-53",
     .level = kMust,
     .duty = kConsumer,
     .since = aa(2023, 12),
     .source = dp("stream, max_version, dl_device, copy"),
     .text = "the consumer passes protocol keywords in their documented form",
     .when = by_from_dlpack && known<&Facts::calls_log>,
     .holds = Ask<in_protocol>{},
     .reason = "keywords-wrong",
     .probed = {.holds = Ask<in_protocol>{}}},
    {.id = "C-54",
     .level = kShould,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .until = dl(1, 1),
     .source = header("strides") | page("Implementation"),
     .text = "NULL strides of a version before 1.2 are taken",
     .when = probed::twin_taken,
     .holds = probed::taken,
     .ambiguity = "A-04",
     .reason = "null-strides-refused"},
    {.id = "C-55",
     .level = kDerived,
     .duty = kConsumer,
     .judged_in = CaseKind::kProtocol,
     .source = dp("max_version") | page("Implementation"),
     .text = "the struct is chosen by the capsule's name and not by what was asked",
     .holds = !lost && probed::right_or_raised,
     .reason = "struct-mistaken"},
    {.id = "C-56",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = CaseKind::kProtocol,
     .source = fd("copy") | header("IS_COPIED"),
     .text = "a producer answers copy=False with IS_COPIED set",
     .ambiguity = "A-14",
     .reason = "copied-answer-open"},
    {.id = "C-57",
     .level = kMust,
     .duty = kConsumer,
     .since = aa(2021, 12),
     .source = fd("Returns") | page_meaning("Syntax"),
     .text = "from_dlpack returns an array of its own library",
     .when = by_from_dlpack && returned,
     .holds = flag<&Facts::result_own_type>,
     .reason = "foreign-type",
     .probed = {.when = probed::taken, .holds = flag<&Facts::result_own_type>}},
});

DLCONFORM_LINT_RULES(kRules, 'C');

}  // namespace

std::span<const Rule> consumer_rules() { return kRules; }

}  // namespace dlpack_conformance
