// X: the C exchange API. Exchange cases show what crosses it; the functions of a table are asked
// one by one in protocol cases.
#include <algorithm>
#include <array>
#include <string_view>

#include "catalogue/call_log.h"
#include "catalogue/predicates.h"
#include "catalogue/rule.h"

namespace dlpack_conformance {
namespace {

using enum Level;
using enum Duty;
using enum Binds;
using enum About;

constexpr auto kProtocol = CaseKind::kProtocol;

constexpr auto header_exports = header("DLPackManagedTensorFromPyObjectNoSync");
constexpr auto header_borrows = header("DLPackDLTensorFromPyObjectNoSync");
constexpr auto header_imports = header("DLPackManagedTensorToPyObjectNoSync");
constexpr auto header_allocates = header("DLPackManagedTensorAllocator");
constexpr auto header_streams = header("DLPackCurrentWorkStream");

// ---- how the function ended

Answer succeeded(const Seen& seen) {
  const auto& status = seen.facts.table_status;
  return status ? answer(*status == 0) : Answer::kUnknown;
}

/// The form of a refusal: a status other than zero and an exception. What else goes wrong is
/// judged.
Answer function_refused(const Seen& seen) {
  const auto& status = seen.facts.table_status;
  const auto& raised = seen.facts.table_raised;
  if (status && *status == 0) return Answer::kNo;  // also for a host without Python
  if (!status || !raised) return Answer::kUnknown;
  return answer(*raised);
}

/// Did a C++ exception leave a function? Into our frame, or as far as std::terminate; of another
/// signal nobody can tell.
Answer exception_kept_in(const Seen& seen) {
  const Facts& facts = seen.facts;
  if (seen.outcome == Outcome::kCrashed || seen.outcome == Outcome::kHung)
    return facts.crash_signal == "SIGABRT" ? Answer::kNo : Answer::kUnknown;
  return facts.table_threw ? answer(*facts.table_threw == false) : Answer::kUnknown;
}

/// Of a loss by abort X-11 speaks, in a case of its own with the same input.
Answer lost_otherwise(const Seen& seen) {
  if (lost.ask(seen) == Answer::kNo) return Answer::kNo;
  return seen.facts.crash_signal == "SIGABRT" ? Answer::kUnknown : Answer::kYes;
}

Answer status_fits_exception(const Seen& seen) {
  const auto& status = seen.facts.table_status;
  const auto& raised = seen.facts.table_raised;
  if (!status || !raised) return Answer::kUnknown;
  return answer((*status != 0) == (*raised == true));
}

/// Zero and -1 are promised for three functions; the text on the owning export speaks of a pointer
/// so that any other number is a failure there.
Answer status_is_promised(const Seen& seen) {
  const auto& status = seen.facts.table_status;
  if (!status) return Answer::kUnknown;
  return answer(*status == 0 || *status == -1 || seen.subject.variant.starts_with("export-"));
}

Answer set_error_fits(const Seen& seen) {
  const Facts& facts = seen.facts;
  if (!facts.table_status || !facts.table_set_error || !facts.table_gave) return Answer::kUnknown;
  const bool gave = *facts.table_gave == true;
  return *facts.table_status == 0 ? answer(*facts.table_set_error == 0 && gave)
                                  : answer(*facts.table_set_error > 0 && !gave);
}

// ---- the table

Answer chain_falls(const Seen& seen) {
  const auto& version = seen.facts.table_version;
  const auto& chain = seen.facts.table_chain;
  if (!version || version->size() != 2 || !chain) return Answer::kUnknown;
  Ints newer = *version;
  for (std::size_t at = 0; at + 1 < chain->size(); at += 2) {
    Ints older = {(*chain)[at], (*chain)[at + 1]};
    if (older >= newer) return Answer::kNo;
    newer = std::move(older);
  }
  return Answer::kYes;
}

Answer only_borrow_is_null(const Seen& seen) {
  const auto& null = seen.facts.table_null;
  if (!null) return Answer::kUnknown;
  return answer(std::ranges::all_of(
      *null, [](std::string_view slot) { return slot == "dltensor_from_py_object_no_sync"; }));
}

Answer no_stray_calls(const Seen& seen) {
  const auto& calls = seen.facts.table_stray_calls;
  return calls ? answer(*calls == 0) : Answer::kUnknown;
}

// ---- what a function gave

Answer no_reference_kept(const Seen& seen) {
  const auto& references = seen.facts.table_refs;
  return references ? answer(*references == 0) : Answer::kUnknown;
}

/// Yes also where nobody looked: not every memory can be watched, not every element be read.
template <std::optional<Flag> Facts::*fact>
Answer not_false(const Seen& seen) {
  return answer(seen.facts.*fact != Flag{false});
}
template <std::optional<Flag> Facts::*fact>
constexpr Ask<not_false<fact>> unless_false{};

Answer of_major_one(const Seen& seen) {
  const auto& version = seen.facts.export_version;
  return version ? answer(!version->empty() && version->front() == 1) : Answer::kUnknown;
}

Answer export_has_source_shape(const Seen& seen) {
  const auto& asked = seen.facts.source_shape;
  const auto& got = seen.facts.export_shape;
  return asked && got ? answer(*asked == *got) : Answer::kUnknown;
}

Answer result_has_source_shape(const Seen& seen) {
  const auto& asked = seen.facts.source_shape;
  const auto& got = seen.facts.result_shape;
  return asked && got ? answer(*asked == *got) : Answer::kUnknown;
}

Answer deleted_once(const Seen& seen) {
  const auto& calls = seen.facts.end_deleter_calls;
  const auto& exports = seen.facts.end_exports;
  return calls && exports ? answer(*calls == *exports) : Answer::kUnknown;
}

Answer not_early(const Seen& seen) { return answer(seen.facts.end_early != Flag{true}); }

/// Plain float32 in two dimensions is what everybody can take and give; of anything else the
/// function may say no.
Answer everyday(const Seen& seen) { return answer(seen.subject.variant == "float32-matrix"); }

constexpr Ask<succeeded> status_zero{};
constexpr Ask<function_refused> declined{};
// Of a loss on the import C-45 speaks.
constexpr auto taken_on = Ask<everyday>{} || !declined;
constexpr auto not_declined = taken_on || lost;
constexpr auto gave = flag<&Facts::table_gave>;
constexpr auto uses_tables = flag<&Facts::table_used>;

constexpr auto kRules = std::to_array<Rule>({
    {.id = "X-01",
     .level = kMay,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .source = di("C Exchange API"),
     .text = "the type of the library's arrays offers an exchange table",
     .holds = flag<&Facts::table_present>,
     .reason = "table-absent"},
    {.id = "X-02",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .since = dl(1, 3),
     .source = header("DLPackExchangeAPI"),
     .text = "the table is the attribute __dlpack_c_exchange_api__ of the type",
     .holds = flag<&Facts::table_present> && !flag<&Facts::table_on_instance>,
     .reason = "table-not-on-type"},
    {.id = "X-03",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .since = dl(1, 3),
     .source = header("DLPackExchangeAPI") | issue("dmlc/dlpack#179") | issue("dmlc/dlpack#180"),
     .text = "the attribute holds a capsule named dlpack_exchange_api",
     .holds = text_is<&Facts::table_capsule, "dlpack_exchange_api">,
     .reason = "table-capsule"},
    {.id = "X-04",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .source = header("DLPackExchangeAPI, 1.2"),
     .text = "what the attribute of 1.2, __c_dlpack_exchange_api__, holds",
     .when = known<&Facts::table_old_name>,
     .reason = "table-old-name-open"},
    {.id = "X-05",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .since = dl(1, 2),
     .source = header("DLPackExchangeAPI"),
     .text = "the table stays alive and as it is for the life of the process",
     .holds = !lost && flag<&Facts::table_stays>,
     .reason = "table-goes"},
    {.id = "X-06",
     .level = kDerived,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .since = dl(1, 2),
     .source = header("DLPackExchangeAPI") | di("C Exchange API"),
     .text = "all instances of a type share one table",
     .holds = flag<&Facts::table_same>,
     .reason = "table-differs"},
    {.id = "X-07",
     .level = kMust,
     .duty = kConsumer,
     .judged_in = kProtocol,
     .source = header("DLPackExchangeAPIHeader"),
     .text = "of a table of another major version no function is called",
     .holds = Ask<no_stray_calls>{},
     .reason = "table-version-unchecked"},
    {.id = "X-08",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .since = dl(1, 2),
     .source = header("prev_api"),
     .text = "prev_api leads to older versions, one after the other, and ends with NULL",
     .holds = flag<&Facts::table_chain_ends> && Ask<chain_falls>{},
     .reason = "table-chain"},
    {.id = "X-09",
     .level = kMay,
     .duty = kConsumer,
     .judged_in = kProtocol,
     .source = header("prev_api"),
     .text = "behind a table of a newer major version the older one is found and used",
     .holds = uses_tables,
     .reason = "older-table-unused"},
    {.id = "X-10",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .since = dl(1, 2),
     .source = header("DLPackExchangeAPI"),
     .text = "no function of the table is NULL, apart from the non-owning export",
     .holds = Ask<only_borrow_is_null>{},
     .reason = "table-function-null"},
    {.id = "X-11",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .since = dl(1, 2),
     .source = header("DLPackExchangeAPI"),
     .text = "no C++ exception leaves a function of the table",
     .holds = Ask<exception_kept_in>{},
     .reason = "table-threw"},
    {.id = "X-12",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .since = dl(1, 2),
     .source = header_exports | header_borrows | header_imports,
     .text = "a failure returns -1 and leaves a Python exception, success 0 and none",
     .holds = !Ask<lost_otherwise>{} && Ask<status_fits_exception>{} && Ask<status_is_promised>{},
     .ambiguity = "A-15",
     .reason = "table-error-unset"},
    {.id = "X-13",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = dl(1, 2),
     .source = header_exports,
     .text = "the owning export is the array, versioned, held until its deleter ran and not after",
     .when = not_declined,
     .holds = !lost && status_zero && gave && Ask<of_major_one>{} &&
              Ask<export_has_source_shape>{} && unless_false<&Facts::export_values> &&
              unless_false<&Facts::life_held> && unless_false<&Facts::life_freed> &&
              Ask<no_reference_kept>{},
     .reason = "table-export"},
    {.id = "X-14",
     .level = kShould,
     .duty = kProducer,
     .about = kOutcome,
     .source = header_exports,
     .text = "data that DLPack cannot describe raises BufferError on this route too",
     .when = by_exchange_api && !(source_is<&SourceRow::strided> && describable),
     .holds = export_refused,
     .error = export_raised<"BufferError">,
     .reason = "undescribable-exported"},
    // PyTorch 2.13 hands out both bits raw.
    {.id = "X-15",
     .level = kDerived,
     .duty = kBorder,
     .binds = kAnyone,
     .about = kOutcome,
     .source = header_exports,
     .text = "lazily transformed values are resolved or refused on this route too",
     .when = by_exchange_api && source_is<&SourceRow::lazy>,
     .holds = refused || result_values_right,
     .crossed = export_values,
     .reason = "lazy-values-raw"},
    {.id = "X-16",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .source = header("DLPackExchangeAPI"),
     .text = "a function of the table was handed an object of another type",
     .reason = "foreign-object-open"},
    {.id = "X-17",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = dl(1, 2),
     .source = header_borrows,
     .text = "the non-owning export fills in the owning one's fields and takes no reference",
     .when = not_declined,
     .holds = !lost && status_zero && flag<&Facts::table_same_fields> &&
              unless_false<&Facts::export_values> && unless_false<&Facts::life_freed> &&
              Ask<no_reference_kept>{},
     .reason = "table-borrow"},
    {.id = "X-18",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .source = header_borrows,
     .text = "whether shape and strides of two non-owning exports lie at the same place",
     .when = known<&Facts::table_steady>,
     .reason = "borrow-allocates-open"},
    {.id = "X-19",
     .level = kMust,
     .duty = kConsumer,
     .judged_in = kProtocol,
     .source = header_imports,
     .text = "the import gives an array of the library's own and deletes the tensor after it, once",
     .when = taken_on,
     .holds = !lost && status_zero && gave && flag<&Facts::result_own_type> &&
              Ask<result_has_source_shape>{} && unless_false<&Facts::result_values> &&
              Ask<not_early>{} && Ask<deleted_once>{},
     .reason = "table-import"},
    {.id = "X-20",
     .level = kSilent,
     .duty = kNobody,
     .source = header_imports,
     .text = "the table's import failed, and its caller has to know who calls the deleter",
     .when = by_exchange_api && consumer_refused,
     .ambiguity = "A-16",
     .reason = "failed-import-open",
     .probed = {.when = declined}},
    {.id = "X-21",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .since = dl(1, 2),
     .source = header_allocates,
     .text = "of the prototype the allocator reads dtype, ndim, shape and device alone",
     .holds = !lost && status_zero && flag<&Facts::table_matches>,
     .reason = "allocator-reads-more"},
    {.id = "X-22",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .since = dl(1, 2),
     .source = header_allocates,
     .text = "the allocator calls SetError where it fails and nowhere else, and gives nothing then",
     .holds = !lost && Ask<set_error_fits>{},
     .reason = "allocator-error"},
    {.id = "X-23",
     .level = kDerived,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .since = dl(1, 2),
     .source = header_allocates,
     .text = "the allocated tensor is what was asked for, and each of its elements can be written",
     .when = status_zero || lost,
     .holds = !lost && gave && Ask<of_major_one>{} && flag<&Facts::table_matches> &&
              unless_false<&Facts::table_writable> && !flag_readonly,
     .reason = "allocated-tensor"},
    {.id = "X-24",
     .level = kShould,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .since = dl(1, 2),
     .source = header_allocates,
     .text = "the allocator works on a thread that does not hold the GIL",
     .holds = !lost && Ask<set_error_fits>{} && unless_false<&Facts::table_without_gil>,
     .reason = "allocator-needs-python"},
    {.id = "X-25",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .since = dl(1, 2),
     .source = header_exports | header_borrows | header_imports,
     .text = "the two exports and the import synchronize no stream",
     .when = flag<&Facts::stream_queued> || lost,
     .holds = !lost && !flag<&Facts::stream_waited>,
     .reason = "table-synchronizes",
     .lost_reason = "process-lost"},
    {.id = "X-26",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .since = dl(1, 2),
     .source = header_streams,
     .text = "current_work_stream gives the stream on which the library would launch work now",
     .holds = !lost && text_is<&Facts::stream_current, "own">,
     .reason = "table-stream-wrong",
     .lost_reason = "process-lost"},
    {.id = "X-27",
     .level = kMay,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .since = dl(1, 2),
     .source = header_streams,
     .text = "for the CPU current_work_stream succeeds and gives NULL",
     .holds = status_zero && flag<&Facts::table_stream_null>,
     .reason = "cpu-stream"},
    {.id = "X-28",
     .level = kShould,
     .duty = kConsumer,
     .judged_in = kProtocol,
     .source = di("C Exchange API"),
     .text = "an object whose type offers no table is taken by __dlpack__",
     .holds = flag<&Facts::route_returned> && unless_false<&Facts::result_values>,
     .reason = "table-no-fallback"},
    {.id = "X-29",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .source = header("DLPackExchangeAPI"),
     .text = "whether a subclass of the array type has the table of its base",
     .when = known<&Facts::table_same>,
     .reason = "subclass-table-open"},
    {.id = "X-30",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .source = header("DLPackVersion"),
     .text = "whether the table, its export and __dlpack__ state one version",
     .when = known<&Facts::table_versions_agree>,
     .reason = "table-versions-open"},
    {.id = "X-31",
     .level = kSilent,
     .duty = kNobody,
     .source = header("DLPackExchangeAPI"),
     .text = "the source records gradients",
     .when = by_exchange_api && source_is<&SourceRow::autograd>,
     .ambiguity = "A-30",
     .reason = "autograd-open"},
    {.id = "X-32",
     .level = kDerived,
     .duty = kConsumer,
     .judged_in = kProtocol,
     .source = header("DLPackVersion"),
     .text = "the table's import refuses another major version and reads no more than the deleter",
     .holds = !lost && !status_zero,
     .reason = "table-major-imported"},
    {.id = "X-33",
     .level = kDerived,
     .duty = kConsumer,
     .judged_in = kProtocol,
     .source = header("DLPackExchangeAPI"),
     .text = "a consumer of foreign tables calls their functions with the GIL held",
     .when = uses_tables,
     .holds = flag<&Facts::calls_gil>,
     .reason = "table-without-gil"},
});

DLCONFORM_LINT_RULES(kRules, 'X');

}  // namespace

std::span<const Rule> exchange_api_rules() { return kRules; }

}  // namespace dlpack_conformance
