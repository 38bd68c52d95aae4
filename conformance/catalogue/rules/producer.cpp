// P: the producer. In exchange cases judged on the export that the reference consumer read before
// the route ran, in protocol cases on what a probe asked of one array. Predicates of protocol cases
// look at facts and the variant alone: there is no route, layout or source row.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "catalogue/predicates.h"
#include "catalogue/rule.h"

namespace dlpack_conformance {
namespace {

using enum Level;
using enum Duty;
using enum Binds;
using enum About;
using enum CaseKind;

Answer devices_agree(const Seen& seen) {
  const auto& method = seen.facts.export_dlpack_device;
  const auto& capsule = seen.facts.export_device;
  return method && capsule ? answer(*method == *capsule) : Answer::kUnknown;
}

Answer copy_asked_aloud(const Seen& seen) {
  const auto& keywords = seen.facts.export_keywords;
  return keywords ? answer(keywords->find("copy=True") != Text::npos ||
                           keywords->find("copy=False") != Text::npos)
                  : Answer::kUnknown;
}

/// Only legacy capsules can come of these keywords.
Answer asked_legacy(const Seen& seen) {
  const auto& keywords = seen.facts.export_keywords;
  return keywords ? answer(keywords->find("max_version") == Text::npos && *keywords != "both")
                  : Answer::kUnknown;
}

// Of protocol cases.

/// Growth of one struct of DLPack and less is told from none: it has 64 bytes, the smallest step of
/// the measurement is 16.
constexpr std::int64_t kLeakBytes = 32;

bool is_no(const std::optional<Flag>& fact) { return fact && !*fact; }
bool is_not_zero(const std::optional<Int>& fact) { return fact && *fact != 0; }

Answer lost_in_release(const Seen& seen) {
  if (question::lost(seen) != Answer::kYes) return Answer::kNo;
  const auto& step = seen.facts.crash_step;
  return step ? answer(*step == "release") : Answer::kUnknown;
}

Answer export_on_cpu(const Seen& seen) {
  const auto& device = seen.facts.export_device;
  return device ? answer(*device == Ints{1, 0}) : Answer::kUnknown;
}

/// The export was there to be used; a loss before that is of another kind.
Answer used(const Seen& seen) {
  if (question::lost(seen) != Answer::kYes) return Answer::kYes;
  const auto& step = seen.facts.crash_step;
  return step ? answer(*step == "read" || *step == "write" || *step == "release")
              : Answer::kUnknown;
}

Answer both_methods(const Seen& seen) {
  const auto& methods = seen.facts.accepts_methods;
  return methods ? answer(methods->size() == 2) : Answer::kUnknown;
}

Answer no_method(const Seen& seen) {
  const auto& methods = seen.facts.accepts_methods;
  return methods ? answer(methods->empty()) : Answer::kUnknown;
}

/// Every keyword is taken, and None is what leaving it out is. `excused`: a keyword whose default
/// may be another.
Answer keywords_taken(const Facts& facts, std::string_view excused) {
  if (!facts.accepts_lacks && !facts.accepts_none_is_absent && !facts.accepts_not_none)
    return Answer::kUnknown;
  if (facts.accepts_lacks && !facts.accepts_lacks->empty()) return Answer::kNo;
  if (is_no(facts.accepts_none_is_absent)) return Answer::kNo;
  return answer(!facts.accepts_not_none ||
                std::ranges::all_of(*facts.accepts_not_none,
                                    [&](const Text& name) { return name == excused; }));
}
Answer all_default_none(const Seen& seen) { return keywords_taken(seen.facts, {}); }
Answer stream_by_library(const Seen& seen) { return keywords_taken(seen.facts, "stream"); }

Answer named_as_capsule(const Seen& seen) {
  const auto& name = seen.facts.export_capsule;
  return name ? answer(*name == "dltensor" || *name == "dltensor_versioned") : Answer::kUnknown;
}

/// References to the source changed while another thread had the GIL. No where they were not
/// counted.
Answer references_moved(const Seen& seen) {
  const auto& moved = seen.facts.life_refs;
  return answer(moved && *moved != 0);
}

/// No bytes and no references stay, all repeats together.
Answer nothing_stays(const Seen& seen) {
  const Facts& facts = seen.facts;
  if (!facts.life_grown && !facts.life_refs && !facts.life_kept) return Answer::kUnknown;
  if (is_not_zero(facts.life_refs) || is_not_zero(facts.life_kept)) return Answer::kNo;
  return answer(!facts.life_grown ||
                *facts.life_grown < kLeakBytes * facts.life_repeats.value_or(1));
}

/// What was read after the source was gone was right, and the memory was held until then.
Answer outlives(const Seen& seen) {
  if (is_no(seen.facts.life_held)) return Answer::kNo;
  const auto& values = seen.facts.export_values;
  return values ? answer(*values) : Answer::kUnknown;
}

/// Each of several exports could be used and dropped without a word to the others.
Answer independent(const Seen& seen) {
  const Facts& facts = seen.facts;
  if (is_no(facts.capsule_distinct) || is_no(facts.life_right) || is_no(facts.life_freed))
    return Answer::kNo;
  return facts.capsule_distinct || facts.life_right ? Answer::kYes : Answer::kUnknown;
}

Answer source_as_before(const Seen& seen) {
  const Facts& facts = seen.facts;
  if (is_no(facts.life_same) || is_no(facts.life_right)) return Answer::kNo;
  return facts.life_same ? Answer::kYes : Answer::kUnknown;
}

Answer export_is_legacy(const Seen& seen) {
  const auto& name = seen.facts.export_capsule;
  return name ? answer(*name == "dltensor") : Answer::kUnknown;
}

/// The struct states a version of DLPack 1.
Answer export_major_one(const Seen& seen) {
  const auto& version = seen.facts.export_version;
  return version && !version->empty() ? answer(version->front() == 1) : Answer::kUnknown;
}

/// The two numbers behind `dl_device=` in the text of the keywords.
std::optional<Ints> device_in_keywords(const Facts& facts) {
  constexpr std::string_view kName = "dl_device=(";
  if (!facts.export_keywords) return std::nullopt;
  const std::string& text = *facts.export_keywords;
  const std::size_t at = text.find(kName);
  if (at == std::string::npos) return std::nullopt;
  Ints numbers;
  const char* rest = text.c_str() + at + kName.size();
  for (int i = 0; i < 2; ++i) {
    char* end = nullptr;
    numbers.push_back(std::strtoll(rest, &end, 10));
    if (end == rest) return std::nullopt;
    rest = end + (*end == ',' ? 1 : 0);
  }
  return numbers;
}

Answer device_met(const Seen& seen) {
  const auto asked = device_in_keywords(seen.facts);
  const auto& got = seen.facts.export_device;
  return asked && got ? answer(*asked == *got) : Answer::kUnknown;
}

/// The CPU was asked for, whatever its id, and the export is there.
Answer cpu_met(const Seen& seen) {
  const auto asked = device_in_keywords(seen.facts);
  const auto& got = seen.facts.export_device;
  if (!asked || !got || got->empty()) return Answer::kUnknown;
  return answer(asked->front() == 1 && got->front() == 1);
}

/// Shape, dtype and values are those that the library told of the source.
Answer export_as_source(const Seen& seen) {
  const Facts& facts = seen.facts;
  if (!facts.export_shape || !facts.source_shape || !facts.export_values || !facts.source_dtype ||
      !facts.export_dtype)
    return Answer::kUnknown;
  const DTypeRow* row = find_dtype(*facts.source_dtype);
  if (row == nullptr) return Answer::kUnknown;
  return answer(*facts.export_shape == *facts.source_shape && *facts.export_values &&
                (!row->dlpack || *facts.export_dtype == Ints{row->code, row->bits, row->lanes}));
}

Answer bool_of_a_byte(const Seen& seen) {
  const auto& dtype = seen.facts.export_dtype;
  return dtype ? answer(*dtype == Ints{6, 8, 1}) : Answer::kUnknown;
}

/// The variant says of its source that no export without a copy can show it.
Answer variant_needs_copy(const Seen& seen) {
  return answer(seen.subject.variant.starts_with("needed-"));
}

Answer variant_unknown_keyword(const Seen& seen) {
  return answer(seen.subject.variant.starts_with("unknown-"));
}

constexpr auto exported = over_dlpack && export_read;
constexpr auto lazy = source_is<&SourceRow::lazy>;
constexpr auto masked = source_is<&SourceRow::masked>;
constexpr auto one_buffer = source_is<&SourceRow::strided>;
constexpr auto autograd = source_is<&SourceRow::autograd>;
constexpr auto misaligned = source_is<&SourceRow::misaligned>;
/// The elements lie in one strided buffer that DLPack can describe as it is.
constexpr auto as_it_lies = own_device && has_elements && one_buffer && !copy_needed && !masked &&
                            !misaligned && describable;
constexpr auto export_copies = !export_in_place;
constexpr auto asked_copy = Ask<copy_asked_aloud>{};

constexpr auto asked = known<&Facts::export_keywords>;
constexpr auto released = Ask<lost_in_release>{} || known<&Facts::life_freed>;
constexpr auto released_or_held = Ask<lost_in_release>{} || known<&Facts::life_held>;
constexpr auto freed = flag<&Facts::life_freed>;
constexpr auto held = flag<&Facts::life_held>;
constexpr auto values_read = flag<&Facts::export_values>;
constexpr auto legacy_export = Ask<export_is_legacy>{};
constexpr auto versioned_export = export_read && export_versioned;
constexpr auto write_shows =
    known<&Facts::proof_forward> &&
    (text_is<&Facts::proof_forward, "seen"> || text_is<&Facts::proof_backward, "seen">);
constexpr auto unknown_keyword = Ask<variant_unknown_keyword>{};
constexpr auto copy_needed_here = Ask<variant_needs_copy>{};

constexpr auto kDefaultReadings = std::to_array<Reading>({
    {"none", "every keyword defaults to None", !lost && Ask<all_default_none>{}},
    {"own-stream", "the default of stream is the library's, where None means the same",
     !lost && Ask<stream_by_library>{}},
});

constexpr auto kDeviceReadings = std::to_array<Reading>({
    {"another", "an id other than 0 is another device",
     !lost && (export_refused || Ask<device_met>{})},
    {"the-cpu", "the CPU is meant whatever the id",
     !lost && (export_refused || Ask<device_met>{} || Ask<cpu_met>{})},
});

constexpr auto kRules = std::to_array<Rule>({
    {.id = "P-01",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = page_meaning("Syntax"),
     .text = "an array that can be exported has __dlpack__ and __dlpack_device__",
     .holds = Ask<both_methods>{},
     .reason = "methods-missing"},
    // PyTorch documents -1 as its default of stream, which equals None off CUDA.
    {.id = "P-02",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2023, 12),
     .source = dp("signature"),
     .text = "__dlpack__ takes stream, max_version, dl_device and copy by name, each defaulting to "
             "None",
     .ambiguity = "A-10",
     .readings = kDefaultReadings,
     .reason = "keyword-missing",
     .lost_reason = "process-lost"},
    {.id = "P-03",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = dd(),
     .text = "__dlpack_device__ takes nothing and gives device type and id",
     .holds = !lost && flag<&Facts::accepts_pair>,
     .ambiguity = "A-23",
     .reason = "device-form",
     .lost_reason = "process-lost"},
    {.id = "P-04",
     .level = kDerived,
     .duty = kProducer,
     .since = aa(2021, 12),
     .source = dd() | page_meaning("Syntax"),
     .text = "__dlpack_device__ names the device of the capsule",
     .when = exported && !export_asked_device,
     .holds = Ask<devices_agree>{},
     .ambiguity = "A-21",
     .reason = "device-disagrees",
     .lost_reason = "process-lost",
     .probed = {.when = asked, .holds = !lost && Ask<devices_agree>{}}},
    // PyTorch raises ValueError for meta tensors.
    {.id = "P-05",
     .level = kMay,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2023, 12),
     .source = di("Non-supported") | fd("Raises"),
     .text = "__dlpack_device__ raises BufferError for what is not one strided buffer",
     .holds = !flag<&Facts::route_returned>,
     .error = route_raised<"BufferError">,
     .reason = "device-answered"},
    {.id = "P-06",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = page("Implementation"),
     .text = "the capsule is named dltensor or dltensor_versioned",
     .holds = Ask<named_as_capsule>{},
     .reason = "capsule-misnamed"},
    {.id = "P-07",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = page("Implementation"),
     .text = "a capsule that dies unconsumed deletes its tensor",
     .when = released || known<&Facts::life_grown>,
     .holds = !lost && (!known<&Facts::life_freed> || freed) &&
              (!known<&Facts::life_grown> || Ask<nothing_stays>{}),
     .reason = "capsule-leaks"},
    {.id = "P-08",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = page("Implementation"),
     .text = "a capsule that was renamed to used_... leaves its tensor alone",
     .when = released_or_held,
     .holds = !lost && held && freed,
     .reason = "consumed-deleted"},
    {.id = "P-09",
     .level = kSilent,
     .duty = kNobody,
     .source = page("Implementation, example"),
     .text = "the destructor copes with a NULL deleter",
     .untestable =
         "a destructor meets tensors of its own producer alone; not to be seen from outside"},
    {.id = "P-10",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .source = issue("dmlc/dlpack#141") | issue("jax-ml/jax#31271") | issue("numpy/numpy#32697"),
     .text = "a capsule is dropped, or its tensor deleted, while an exception is pending",
     .reason = "pending-open"},
    // NumPy 1.22 and 1.23 end the process.
    {.id = "P-11",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .source = page("Implementation") | issue("dmlc/dlpack#140") | issue("pytorch/pytorch#88082"),
     .text = "the deleter takes the GIL itself where it needs it",
     .when = released,
     .holds = !lost && freed &&
              (!known<&Facts::life_right> || flag<&Facts::life_right>)&&!Ask<references_moved>{},
     .reason = "deleter-needs-gil"},
    {.id = "P-12",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .source = page("Implementation, example"),
     .text = "the deleter runs after the interpreter's end",
     .reason = "finalised-open"},
    {.id = "P-13",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .source = header("deleter"),
     .text = "the deleter frees the managed struct and its context",
     .when = known<&Facts::life_repeats>,
     .holds = !lost && Ask<nothing_stays>{},
     .reason = "export-leaks",
     .lost_reason = "process-lost"},
    {.id = "P-14",
     .level = kDerived,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = header("DLManagedTensor") | page_meaning("Semantics"),
     .text = "exported memory outlives the array that it came from",
     .when = Ask<used>{},
     .holds = !lost && Ask<outlives>{},
     .reason = "memory-gone"},
    {.id = "P-15",
     .level = kMust,
     .duty = kProducer,
     .since = aa(2021, 12),
     .source = page_meaning("Semantics") | di("item 4"),
     .text = "an export shares the source's memory where possible",
     .when = exported && as_it_lies && !asked_copy && !export_asked_max_version,
     .holds = export_in_place,
     .reason = "export-copies",
     .lost_reason = "process-lost",
     .probed = {.when = asked, .holds = !lost && export_in_place}},
    {.id = "P-16",
     .level = kDerived,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = page("Implementation"),
     .text = "each call gives a capsule of its own, usable without the others",
     .when = Ask<used>{},
     .holds = !lost && Ask<independent>{},
     .reason = "exports-tied"},
    {.id = "P-17",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = page_meaning("Semantics"),
     .text = "after the export both sides can be used as ever",
     .when = Ask<used>{},
     .holds = !lost && Ask<source_as_before>{},
     .reason = "source-spoilt",
     .lost_reason = "process-lost"},
    {.id = "P-18",
     .level = kMay,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2023, 12),
     .source = dp("Notes"),
     .text = "without max_version a legacy capsule comes, or BufferError",
     .when = asked,
     .holds = !lost && (export_refused || legacy_export),
     .error = export_raised<"BufferError">,
     .reason = "legacy-withheld",
     .lost_reason = "process-lost"},
    {.id = "P-19",
     .level = kShould,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2023, 12),
     .source = dp("max_version, Notes"),
     .text = "any minor of the producer's major gives a versioned capsule of its own version",
     .when = asked,
     .holds = !lost && versioned_export && Ask<export_major_one>{},
     .reason = "versioned-withheld",
     .lost_reason = "process-lost"},
    {.id = "P-20",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .source = dp("max_version, Notes"),
     .text = "a version is asked for, and that or another one comes",
     .when = asked,
     .ambiguity = "A-09",
     .reason = "version-open"},
    {.id = "P-21",
     .level = kShould,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2023, 12),
     .source = dp("Notes"),
     .text = "a lower major gives a legacy capsule or BufferError",
     .when = asked,
     .holds = !lost && (export_refused || legacy_export),
     .error = export_raised<"BufferError">,
     .reason = "lower-major-ignored",
     .lost_reason = "process-lost"},
    {.id = "P-22",
     .level = kShould,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2023, 12),
     .source = dp("Notes"),
     .text = "a higher major gives the producer's newest version",
     .when = asked,
     .holds = !lost && versioned_export && Ask<export_major_one>{},
     .reason = "newest-withheld",
     .lost_reason = "process-lost"},
    {.id = "P-23",
     .level = kDerived,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2023, 12),
     .source = dp("dl_device") | fd("device"),
     .text = "with dl_device=None the export is on the array's own device",
     .when = asked,
     .holds = !lost && Ask<devices_agree>{},
     .reason = "own-device-left",
     .lost_reason = "process-lost"},
    {.id = "P-24",
     .level = kDerived,
     .duty = kProducer,
     .since = aa(2023, 12),
     .source = dp("dl_device, copy"),
     .text = "naming the source's own device copies nothing",
     .when = exported && as_it_lies && export_asked_device && !export_asked_copy_true,
     .holds = export_in_place,
     .reason = "own-device-copies",
     .lost_reason = "process-lost",
     .probed = {.when = asked,
                .holds = !lost && export_in_place && (legacy_export || !flag_copied)}},
    {.id = "P-25",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2023, 12),
     .source = dp("dl_device"),
     .text = "a dl_device that cannot be met raises BufferError",
     .when = asked,
     .error = export_raised<"BufferError">,
     .ambiguity = "A-20",
     .readings = kDeviceReadings,
     .reason = "device-ignored",
     .lost_reason = "process-lost"},
    {.id = "P-26",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .source = dp("dl_device"),
     .text = "dl_device is no pair of numbers",
     .reason = "device-form-open"},
    {.id = "P-27",
     .level = kShould,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2023, 12),
     .source = dp("dl_device"),
     .text = "an array on a device is copied to the CPU where that is asked for",
     .holds = !lost && flag<&Facts::route_returned> && Ask<export_on_cpu>{} &&
              flag<&Facts::export_values>,
     .reason = "cpu-copy-withheld",
     .lost_reason = "process-lost"},
    {.id = "P-28",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2023, 12),
     .source =
         dp("dl_device, copy") | issue("pytorch/pytorch#194267") | issue("data-apis/array-api#887"),
     .text = "that copy with copy=False raises BufferError",
     .holds = !lost && !flag<&Facts::route_returned>,
     .error = route_raised<"BufferError">,
     .reason = "cpu-copy-unasked",
     .lost_reason = "process-lost"},
    {.id = "P-29",
     .level = kMust,
     .duty = kProducer,
     .since = aa(2023, 12),
     .source = dp("copy"),
     .text = "an export with copy=True is a copy",
     .when = exported && has_elements && export_asked_copy_true && export_asked_max_version,
     .holds = export_copies,
     .reason = "copy-true-shares",
     .lost_reason = "process-lost",
     .probed = {.when = asked, .holds = !lost && !export_in_place && !write_shows}},
    {.id = "P-30",
     .level = kMust,
     .duty = kProducer,
     .since = aa(2023, 12),
     .source = dp("copy"),
     .text = "an export with copy=False shares or raises BufferError",
     .when = over_dlpack && has_elements && export_asked_copy_false,
     .holds = export_refused || export_in_place,
     .error = !copy_needed || export_raised<"BufferError">,
     .reason = "copy-false-copies",
     .lost_reason = "process-lost",
     .probed = {.when = asked,
                .holds = !lost && (export_refused || export_in_place),
                .error = !copy_needed_here || export_raised<"BufferError">}},
    {.id = "P-31",
     .level = kMust,
     .duty = kProducer,
     .since = aa(2023, 12),
     .source = dp("copy"),
     .text = "an export with copy=None shares where possible",
     .when = exported && as_it_lies && !asked_copy && export_asked_max_version,
     .holds = export_in_place,
     .reason = "export-copies",
     .lost_reason = "process-lost",
     .probed = {.when = asked, .holds = !lost && export_in_place}},
    // PyTorch 2.13 copies and leaves the bit clear.
    {.id = "P-32",
     .level = kMust,
     .duty = kProducer,
     .since = aa(2023, 12),
     .source = dp("copy") | page_meaning("Semantics") | issue("dmlc/dlpack#136"),
     .text = "a copy carries IS_COPIED",
     .when = exported && export_versioned && has_elements && export_copies,
     .holds = flag_copied,
     .ambiguity = "A-01",
     .reason = "copied-flag-missing",
     .lost_reason = "process-lost",
     .probed = {.when = asked && (lost || (versioned_export && !export_in_place)),
                .holds = !lost && flag_copied}},
    {.id = "P-33",
     .level = kDerived,
     .duty = kProducer,
     .source = header("IS_COPIED"),
     .text = "shared memory does not carry IS_COPIED",
     .when = exported && export_versioned && has_elements && export_in_place,
     .holds = !flag_copied,
     .reason = "copied-flag-wrong",
     .lost_reason = "process-lost",
     .probed = {.when = asked && (lost || (versioned_export && export_in_place)),
                .holds = !lost && !flag_copied}},
    {.id = "P-34",
     .level = kShould,
     .duty = kProducer,
     .since = aa(2024, 12),
     .source = cv("Copy keyword") | header("IS_COPIED"),
     .text = "a requested copy does not carry READ_ONLY",
     .when = exported && export_versioned && has_elements && export_asked_copy_true &&
             export_copies && !source_writable,
     .holds = !flag_readonly,
     .reason = "copy-readonly",
     .lost_reason = "process-lost",
     .probed = {.when =
                    asked && (lost || (versioned_export && !export_in_place && !source_writable)),
                .holds = !lost && !flag_readonly}},
    {.id = "P-35",
     .level = kDerived,
     .duty = kProducer,
     .source = header("READ_ONLY") | dp("Notes"),
     .text = "a source that may not be written carries READ_ONLY",
     .when = exported && export_versioned && has_elements && export_in_place && !source_writable,
     .holds = flag_readonly,
     .reason = "readonly-flag-missing",
     .lost_reason = "process-lost",
     .probed = {.when =
                    asked && (lost || (versioned_export && export_in_place && !source_writable)),
                .holds = !lost && flag_readonly}},
    {.id = "P-36",
     .level = kSilent,
     .duty = kNobody,
     .source = issue("data-apis/array-api#191"),
     .text = "a read-only source meets a capsule that cannot say so",
     .when = over_dlpack && !source_writable && Ask<asked_legacy>{},
     .ambiguity = "A-02",
     .reason = "readonly-legacy-open",
     .probed_silent = true},
    {.id = "P-37",
     .level = kShould,
     .duty = kProducer,
     .about = kOutcome,
     .since = aa(2022, 12),
     .source = dp("Raises") | issue("data-apis/array-api#498"),
     .text = "data that DLPack cannot describe raises BufferError",
     .when = over_dlpack && !by_exchange_api && one_buffer && !describable,
     .holds = export_refused || export_copies,
     .error = !by_method || export_raised<"BufferError">,
     .reason = "undescribable-exported",
     .lost_reason = "process-lost",
     .probed = {.when = asked,
                .holds = !lost && export_refused,
                .error = export_raised<"BufferError">}},
    // PyTorch 2.13 refuses the conjugate bit, and exports the negative bit with the wrong sign.
    {.id = "P-38",
     .level = kDerived,
     .duty = kProducer,
     .binds = kAnyone,
     .about = kOutcome,
     .since = aa(2021, 12),
     .source = page_meaning("Semantics") | di("item 1"),
     .text = "lazily transformed values are resolved or refused, never exported as the bytes lie",
     .when = over_dlpack && !by_exchange_api && lazy,
     .holds = export_refused || export_values,
     .reason = "lazy-values-raw",
     .lost_reason = "process-lost",
     .probed = {.when = asked, .holds = !lost && (export_refused || values_read)}},
    {.id = "P-39",
     .level = kShould,
     .duty = kProducer,
     .about = kOutcome,
     .since = aa(2022, 12),
     .source = dp("Raises") | di("Non-supported"),
     .text = "what is not one strided buffer raises BufferError",
     .when = over_dlpack && !by_exchange_api && !one_buffer,
     .holds = export_refused,
     .error = !by_method || export_raised<"BufferError">,
     .reason = "unstrided-exported",
     .lost_reason = "process-lost",
     .probed = {.when = asked,
                .holds = !lost && export_refused,
                .error = export_raised<"BufferError">}},
    {.id = "P-40",
     .level = kMay,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2023, 12),
     .source = di("Non-supported") | fd("Raises"),
     .text = "a type that never exports has neither method",
     .holds = Ask<no_method>{},
     .reason = "methods-shown"},
    {.id = "P-41",
     .level = kShould,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2022, 12),
     .source = dp("Raises, Notes"),
     .text = "an error of the caller is no BufferError; an unknown keyword is a TypeError",
     .when = asked,
     .holds = !lost &&
              ((export_read && !unknown_keyword) ||
               (export_refused && !(known<&Facts::export_error> && export_raised<"BufferError">))),
     .error = !unknown_keyword || export_raised<"TypeError">,
     .reason = "caller-blamed-wrong",
     .lost_reason = "process-lost"},
    {.id = "P-42",
     .level = kDerived,
     .duty = kBorder,
     .about = kOutcome,
     .since = aa(2022, 12),
     .source = di("item 2"),
     .text = "every dtype of the standard can be exchanged",
     .when = by_from_dlpack && plain_request && dtype_is<&DTypeRow::standard> && ordinary &&
             layout_is<kContiguous> && !layout_is<kRankHigh> && consumer_has_dtype &&
             consumer_has_device,
     .holds = returned,
     .ambiguity = "A-22",
     .crossed = export_read,
     .reason = "standard-dtype-refused",
     .lost_reason = "process-lost",
     .probed = {.when = asked, .holds = !lost && export_read}},
    {.id = "P-43",
     .level = kSilent,
     .duty = kNobody,
     .source = issue("apache/arrow#38472"),
     .text = "some elements of the source are masked",
     .when = over_dlpack && masked,
     .reason = "mask-open",
     .probed_silent = true},
    {.id = "P-44",
     .level = kDerived,
     .duty = kProducer,
     .judged_in = kProtocol,
     .source = header("DLDataType, examples"),
     .text = "booleans that go out as code 6 with 8 bits have a byte each",
     .when = asked,
     .holds = !lost && (export_refused || !Ask<bool_of_a_byte>{} || values_read),
     .ambiguity = "A-22",
     .reason = "bits-as-bytes",
     .lost_reason = "process-lost"},
    {.id = "P-45",
     .level = kShould,
     .duty = kProducer,
     .judged_in = kProtocol,
     .source = header("deleter"),
     .text = "an export that failed leaves nothing behind",
     .when = known<&Facts::life_repeats> && export_refused,
     .holds = !lost && Ask<nothing_stays>{},
     .reason = "refusal-leaks",
     .lost_reason = "process-lost"},
    {.id = "P-46",
     .level = kDerived,
     .duty = kProducer,
     .binds = kAnyone,
     .since = aa(2021, 12),
     .source = page_meaning("Semantics"),
     .text = "shape, dtype and values of an export are the source's",
     .when = exported && describable && !lazy && !masked && one_buffer,
     .holds = export_shape_right && export_dtype_right && export_values,
     .reason = "export-differs",
     .lost_reason = "process-lost",
     .probed = {.when = asked, .holds = !lost && Ask<export_as_source>{}}},
    {.id = "P-47",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .source = page("Implementation"),
     .text = "several threads export one array at a time",
     .reason = "threads-open"},
    {.id = "P-48",
     .level = kDerived,
     .duty = kProducer,
     .source = page("Implementation"),
     .text = "a legacy and a versioned export describe the same elements",
     .when = over_dlpack,
     .holds = flag<&Facts::export_agree>,
     .reason = "exports-differ",
     .probed = {.holds = flag<&Facts::export_agree>}},
    {.id = "P-49",
     .level = kShould,
     .duty = kLibrary,
     .since = aa(2021, 12),
     .source = page_meaning("warning"),
     .text = "documentation tells whether the device numbers of imported arrays can be relied on",
     .untestable = "a matter of documentation, and of more than one device"},
    {.id = "P-50",
     .level = kShould,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = dp("signature"),
     .text = "the four are taken by name alone",
     .holds = !flag<&Facts::accepts_positional>,
     .reason = "positional-taken"},
    {.id = "P-51",
     .level = kSilent,
     .duty = kNobody,
     .source = pt("Tensor.__dlpack__"),
     .text = "the source records gradients",
     .when = over_dlpack && !by_exchange_api && autograd,
     .ambiguity = "A-30",
     .reason = "autograd-open",
     .probed_silent = true},
    {.id = "P-52",
     .level = kSilent,
     .duty = kNobody,
     .source = dp("copy"),
     .text = "an export is a copy whose layout is its own",
     .when = exported && has_elements && export_copies,
     .reason = "copy-layout-open",
     .probed_silent = true},
    {.id = "P-53",
     .level = kSilent,
     .duty = kNobody,
     .source = dp("copy"),
     .text = "a copy is asked for in a legacy capsule",
     .when = over_dlpack && asked_copy && Ask<asked_legacy>{},
     .ambiguity = "A-01",
     .reason = "legacy-copy-open",
     .probed_silent = true},
});

DLCONFORM_LINT_RULES(kRules, 'P');

}  // namespace

std::span<const Rule> producer_rules() { return kRules; }

}  // namespace dlpack_conformance
