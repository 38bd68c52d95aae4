// R: routes other than DLPack, and what their documentation promises. A rule binds the routes that
// list it; speak where no listed rule does.
#include <algorithm>
#include <array>
#include <string_view>

#include "catalogue/predicates.h"
#include "catalogue/rule.h"

namespace dlpack_conformance {
namespace {

using enum Level;
using enum Duty;
using enum Binds;
using enum About;

/// Was the process lost before the route ran, in the export that the reference reads?
bool lost_before(const Seen& seen) {
  return seen.facts.crash_how && (!seen.facts.crash_step || *seen.facts.crash_step == "export");
}

/// All of no elements are shared, and copied. Of elements without memory nothing can be said.
Answer without_elements(const Seen& seen) {
  return seen.subject.layout->elements() == 0 ? Answer::kYes : Answer::kUnknown;
}

/// Did the route share, as a route that promises to? A lost process and wrong values are no sharing
/// either.
Answer promise_shared(const Seen& seen) {
  if (lost_before(seen)) return Answer::kUnknown;
  switch (seen.outcome) {
    case Outcome::kShared:
      return Answer::kYes;
    case Outcome::kEmpty:
      return without_elements(seen);
    case Outcome::kCopied:
    case Outcome::kCorrupted:
    case Outcome::kCrashed:
    case Outcome::kHung:
      return Answer::kNo;
    default:
      return Answer::kUnknown;
  }
}

/// Did the route give memory of its own with the source's values?
Answer promise_copied(const Seen& seen) {
  if (lost_before(seen)) return Answer::kUnknown;
  switch (seen.outcome) {
    case Outcome::kCopied:
      return Answer::kYes;
    case Outcome::kEmpty:
      return without_elements(seen);
    case Outcome::kShared:
    case Outcome::kCorrupted:
    case Outcome::kCrashed:
    case Outcome::kHung:
      return Answer::kNo;
    default:
      return Answer::kUnknown;
  }
}

Answer went_wrong(const Seen& seen) {
  if (lost_before(seen)) return Answer::kUnknown;
  return answer(seen.outcome == Outcome::kCorrupted || seen.outcome == Outcome::kCrashed ||
                seen.outcome == Outcome::kHung);
}

Answer raised(const Seen& seen) { return answer(seen.outcome == Outcome::kRefused); }

Answer other_dtype_asked(const Seen& seen) {
  const std::string& asked = seen.subject.request->dtype;
  return answer(!asked.empty() && asked != seen.subject.dtype->name);
}

Answer dtype_asked(const Seen& seen) { return answer(!seen.subject.request->dtype.empty()); }

/// The reference's array is none that other libraries document anything about.
Answer foreign_array(const Seen& seen) {
  return answer(seen.subject.producer->name == "reference");
}

/// Dtypes that the reference text of the function lists.
Answer listed_dtype(const Seen& seen) {
  static constexpr std::array<std::string_view, 11> kNames = {
      "bool",  "complex128", "complex64", "float16", "float32", "float64",
      "int16", "int32",      "int64",     "int8",    "uint8"};
  static_assert(std::ranges::is_sorted(kNames));
  return answer(std::ranges::binary_search(kNames, seen.subject.dtype->name));
}

Answer one_axis(const Seen& seen) {
  const auto& shape = seen.facts.result_shape;
  return shape ? answer(shape->size() == 1) : Answer::kUnknown;
}

Answer warned_of_array_method(const Seen& seen) {
  if (!seen.facts.route_warnings) return Answer::kUnknown;
  return answer(std::ranges::any_of(*seen.facts.route_warnings, [](const Text& warning) {
    return warning.find("__array__") != Text::npos && warning.find("copy") != Text::npos;
  }));
}

Answer forced(const Seen& seen) { return answer(seen.subject.request->force == Passed::kTrue); }

Answer interpreted_format(const Seen& seen) {
  return answer(seen.subject.dtype->swapped || !seen.subject.dtype->dlpack);
}

Answer promises(const Seen& seen, PromiseKind kind) {
  return answer(seen.subject.promise != nullptr && seen.subject.promise->kind == kind);
}
Answer promises_sharing(const Seen& seen) { return promises(seen, PromiseKind::kShares); }
Answer promises_if_possible(const Seen& seen) {
  return promises(seen, PromiseKind::kSharesIfPossible);
}

/// A copy, or a conversion into another dtype.
Answer promises_copy(const Seen& seen) {
  if (promises(seen, PromiseKind::kCopies) == Answer::kYes) return Answer::kYes;
  return both(promises(seen, PromiseKind::kConverts),
              answer(asked_dtype(seen.subject) != seen.subject.dtype->name));
}

/// Fields are said in an optional part of the struct.
Answer of_records(const Seen& seen) { return answer(seen.subject.dtype->name == "record"); }

constexpr auto listed = kListed;
constexpr auto not_raised = !Ask<raised>{};
constexpr auto is_record = Ask<of_records>{};
constexpr auto gone_wrong = Ask<went_wrong>{};
constexpr auto shares_as_promised = Ask<promise_shared>{};
constexpr auto copies_as_promised = Ask<promise_copied>{};
constexpr auto own_array = !Ask<foreign_array>{};
constexpr auto other_dtype = Ask<other_dtype_asked>{};
constexpr auto lazy = source_is<&SourceRow::lazy>;
constexpr auto autograd = source_is<&SourceRow::autograd>;
constexpr auto one_buffer = source_is<&SourceRow::strided>;
constexpr auto swapped = dtype_is<&DTypeRow::swapped>;
constexpr auto plain_row_major = ordinary && layout_is<kContiguous> && consumer_has_dtype;
constexpr auto read_only = !source_writable;
/// No history, no pending transformation, one strided buffer, a dtype that the consumer has.
constexpr auto convertible = one_buffer && !lazy && !autograd && consumer_has_dtype;
/// The reference shares it: an export of the source was read right where it lies.
constexpr auto shareable =
    export_read && export_values && (export_in_place || layout_is<kEmpty>)&&consumer_has_dtype;
/// No way to share: the consumer has no such dtype. Of capsules the rules of the consumer speak.
constexpr auto beyond_consumer = !over_dlpack && !consumer_has_dtype;
constexpr auto lost_over_dlpack = over_dlpack && lost;

/// One axis over the same bytes: there is none over rows with gaps, or in another order.
Answer shape_possible(const Seen& seen) {
  const bool flat = seen.subject.promise != nullptr && seen.subject.promise->flat;
  return flat ? layout_is<kContiguous>.ask(seen) : Answer::kYes;
}

/// Unknown where the route did not share and nobody saw whether it could have.
Answer shared_where_possible(const Seen& seen) {
  if (promise_shared(seen) == Answer::kYes) return Answer::kYes;
  if (went_wrong(seen) == Answer::kYes) return Answer::kNo;
  if (beyond_consumer.ask(seen) == Answer::kYes) return Answer::kYes;
  return shareable.ask(seen) == Answer::kYes ? Answer::kNo : Answer::kUnknown;
}

constexpr auto kRules = std::to_array<Rule>({
    {.id = "R-01",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .source = pt("from_numpy"),
     .text = "torch.from_numpy shares memory both ways",
     .holds = shares_as_promised,
     .reason = "promise-shares"},
    {.id = "R-02",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .source = pt("from_numpy"),
     .text = "torch.from_numpy keeps shape, dtype and values of the dtypes it lists",
     .when = Ask<listed_dtype>{} && (not_raised || (plain_row_major && !backward_stride)),
     .holds = not_raised && !gone_wrong && result_right && result_dtype_right,
     .reason = "promise-values"},
    {.id = "R-03",
     .level = kDerived,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .source = pt("from_numpy"),
     .text = "torch.from_numpy never misreads negative strides or foreign byte order",
     .when = backward_stride || swapped,
     .holds = Ask<raised>{} || (!gone_wrong && result_values_right),
     .reason = "promise-values"},
    {.id = "R-04",
     .level = kSilent,
     .duty = kNobody,
     .binds = listed,
     .source = pt("from_numpy, warning"),
     .text = "torch.from_numpy meets a read-only source",
     .when = read_only,
     .reason = "readonly-route-open"},
    {.id = "R-06",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .source = pt("as_tensor"),
     .text = "torch.as_tensor shares with arrays of the same dtype and device, else copies",
     .when = (own_array || lost) && not_raised,
     .holds = (other_dtype && copies_as_promised && result_dtype_right) ||
              (!other_dtype && shares_as_promised),
     .reason = "promise-shares"},
    {.id = "R-08",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .source = pt("tensor"),
     .text = "torch.tensor always copies",
     .holds = copies_as_promised,
     .reason = "promise-copies"},
    {.id = "R-09",
     .level = kSilent,
     .duty = kNobody,
     .binds = listed,
     .source = pt("Tensor"),
     .text = "torch.Tensor takes an array",
     .reason = "route-open"},
    {.id = "R-10",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .source = pt("asarray"),
     .text = "torch.asarray with copy=None shares when it can",
     .when = (own_array || lost) && copy_open && not_raised && !other_dtype,
     .holds = shares_as_promised || (!plain_row_major && !gone_wrong),
     .reason = "promise-shares"},
    {.id = "R-11",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .source = pt("asarray"),
     .text = "torch.asarray never shares with copy=True, and shares or raises with copy=False",
     .when = (copy_true || copy_false) && has_elements,
     .holds = (copy_true && (Ask<raised>{} || copies_as_promised)) ||
              (copy_false && (Ask<raised>{} || shares_as_promised)),
     .reason = "promise-copy-keyword"},
    {.id = "R-12",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .source = pt("asarray"),
     .text = "torch.asarray reads a buffer's bytes as the dtype that was asked for",
     .when = Ask<dtype_asked>{} && not_raised,
     .holds = !gone_wrong && result_values_right && result_dtype_right,
     .reason = "promise-values"},
    {.id = "R-13",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .source = pt("frombuffer"),
     .text = "torch.frombuffer gives one axis over shared memory",
     .holds = shares_as_promised && Ask<one_axis>{},
     .reason = "promise-shares"},
    {.id = "R-15",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .source = pt("frombuffer, note"),
     .text = "torch.frombuffer keeps the owner of the buffer alive",
     .when = returned && result_right,
     .holds = flag<&Facts::end_values>,
     .reason = "result-dies"},
    {.id = "R-17",
     .level = kSilent,
     .duty = kNobody,
     .binds = listed,
     .source = pt("frombuffer"),
     .text = "torch.frombuffer meets a read-only buffer",
     .when = read_only,
     .reason = "readonly-route-open"},
    {.id = "R-18",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .source = pt("Tensor.numpy"),
     .text =
         "Tensor.numpy() shares, and refuses history, pending transformations and other layouts",
     .when = !Ask<forced>{} && ((has_elements && not_raised) || !convertible),
     .holds = (convertible && shares_as_promised) || (!convertible && Ask<raised>{}),
     .reason = "promise-shares"},
    {.id = "R-19",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .source = pt("Tensor.numpy"),
     .text = "Tensor.numpy(force=True) detaches and resolves, and copies only what it resolved",
     .when = Ask<forced>{} && has_elements && one_buffer && consumer_has_dtype,
     .holds = (lazy && copies_as_promised) || (!lazy && shares_as_promised),
     .reason = "promise-possible"},
    {.id = "R-20",
     .level = kSilent,
     .duty = kNobody,
     .binds = listed,
     .source = ni("__array__"),
     .text = "numpy.asarray takes a tensor",
     .reason = "route-open"},
    {.id = "R-21",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .since = package("numpy", 2, 0),
     .source = np("array, asarray"),
     .text = "numpy.array copies with copy=True, and shares or raises with copy=False",
     .when = (copy_true || copy_false) && has_elements,
     .holds = (copy_true && (Ask<raised>{} || copies_as_promised)) ||
              (copy_false && (Ask<raised>{} || shares_as_promised)),
     .error = copy_true || !(ordinary && consumer_has_dtype) || route_raised<"ValueError">,
     .reason = "promise-copy-keyword"},
    {.id = "R-22",
     .level = kShould,
     .duty = kProducer,
     .binds = listed,
     .since = package("numpy", 2, 0),
     .source = ni("__array__") | issue("numpy/numpy#25941"),
     .text = "an __array__ method takes dtype and copy",
     .holds = !Ask<warned_of_array_method>{},
     .reason = "promise-keyword"},
    {.id = "R-23",
     .level = kDerived,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .since = package("numpy", 2, 0),
     .source = issue("numpy/numpy#26142"),
     .text = "with copy=False an __array__ method without that keyword makes NumPy raise",
     .when = copy_false && Ask<warned_of_array_method>{},
     .holds = Ask<raised>{},
     .error = route_raised<"ValueError">,
     .reason = "promise-refused"},
    {.id = "R-24",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .since = package("numpy", 2, 0),
     .source = issue("numpy/numpy#26208"),
     .text = "an __array__ method asked for copy=True gives fresh memory",
     .when = copy_true && has_elements && not_raised,
     .holds = copies_as_promised,
     .reason = "promise-copies"},
    {.id = "R-27",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .source = ai("data, strides"),
     .text = "address, byte strides and read-only flag of __array_interface__ are honoured",
     .holds = !gone_wrong && result_right && (source_writable || !shared || !result_writable),
     .reason = "promise-values"},
    {.id = "R-28",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .source = ai("data"),
     .text = "the result keeps the object that shows its memory",
     .when = returned && result_right,
     .holds = flag<&Facts::end_values>,
     .reason = "result-dies"},
    // NumPy 2.4 takes the item size of text for its number of characters.
    {.id = "R-31",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .source = ai("__array_struct__"),
     .text = "address, strides, kind and item size of __array_struct__ are honoured",
     .when = !Ask<raised>{} && !is_record,
     .holds = !gone_wrong && result_shape_right && result_dtype_right,
     .reason = "promise-values"},
    {.id = "R-35",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .source = buf("strides"),
     .text = "zero and negative strides of a buffer are handled",
     .when = layout_is<kNegative> || layout_is<kZeroStride>,
     .holds = !gone_wrong && result_right,
     .reason = "promise-values"},
    {.id = "R-39",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .source = np("frombuffer"),
     .text = "numpy.frombuffer gives one axis, writable only if the buffer is",
     .holds = shares_as_promised && Ask<one_axis>{} && (source_writable || !result_writable),
     .reason = "promise-shares"},
    {.id = "R-50",
     .level = kSilent,
     .duty = kNobody,
     .binds = listed,
     .source = pt("as_tensor, asarray"),
     .text = "torch.as_tensor or torch.asarray takes an object of another library",
     .reason = "measured-open"},
    {.id = "R-51",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .source = np("from_dlpack"),
     .text = "numpy.from_dlpack returns an ndarray",
     .holds = flag<&Facts::result_own_type>,
     .reason = "foreign-type"},
    {.id = "R-55",
     .level = kDerived,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .source = buf("format"),
     .text = "byte order and kind of a buffer's format are honoured or refused",
     .when = Ask<interpreted_format>{},
     .holds = Ask<raised>{} || (!gone_wrong && result_values_right),
     .reason = "promise-values"},
    {.id = "R-56",
     .level = kDerived,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .source = ai("typestr") | cai("typestr"),
     .text = "foreign byte order in a typestr is honoured or refused",
     .when = swapped,
     .holds = Ask<raised>{} || (!gone_wrong && result_values_right),
     .reason = "promise-values"},
    {.id = "R-58",
     .level = kDerived,
     .duty = kRoute,
     .about = kFallback,
     .source = own_text("promise"),
     .text = "a route documented to share shares, or raises",
     .when = Ask<promises_sharing>{} && !lost_over_dlpack,
     .holds = Ask<raised>{} || shares_as_promised,
     .reason = "promise-shares"},
    {.id = "R-59",
     .level = kDerived,
     .duty = kRoute,
     .about = kFallback,
     .source = own_text("promise"),
     .text = "a route documented to copy or convert gives memory of its own, or raises",
     .when = Ask<promises_copy>{} && !lost_over_dlpack,
     .holds = Ask<raised>{} || copies_as_promised,
     .reason = "promise-copies"},
    {.id = "R-60",
     .level = kShould,
     .duty = kRoute,
     .about = kFallback,
     .source = own_text("promise"),
     .text = "a route documented to share when possible shares where the reference does",
     .when = Ask<promises_if_possible>{} && !lost_over_dlpack && Ask<shape_possible>{},
     .holds = Ask<shared_where_possible>{},
     .reason = "promise-possible"},
});

DLCONFORM_LINT_RULES(kRules, 'R');

}  // namespace

std::span<const Rule> route_rules() { return kRules; }

}  // namespace dlpack_conformance
