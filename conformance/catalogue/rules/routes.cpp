// R: routes other than DLPack, and what their documentation promises. A rule binds the routes that
// list it; speak where no listed rule does.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
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

/// The reference's array, given as it is to another library's function: none that the function's
/// documentation says anything about. Where it shows a protocol alone, that is documented.
Answer foreign_array(const Seen& seen) {
  return answer(seen.subject.producer->name == "reference" && !seen.subject.route->owner.empty());
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
/// Lost in an exchange over DLPack, be it that the route's own name does not say so.
constexpr auto lost_over_dlpack = (over_dlpack || known<&Facts::export_by_route>)&&lost;

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

// Of protocol cases.

/// Shape and values of the result are the source's. The exchange rules' `result_right` looks at the
/// layout, which a protocol case does not have.
Answer as_source(const Seen& seen) {
  const Facts& facts = seen.facts;
  if (!facts.result_shape || !facts.source_shape || !facts.result_values) return Answer::kUnknown;
  return answer(*facts.result_shape == *facts.source_shape && *facts.result_values);
}

/// Is the word one of the parts of the variant, which `-` divides?
template <Word word>
Answer variant_has(const Seen& seen) {
  std::string_view rest = seen.subject.variant;
  const std::string_view wanted = word.view();
  for (std::size_t at = rest.find(wanted); at != std::string_view::npos;
       at = rest.find(wanted, at + 1)) {
    const std::size_t end = at + wanted.size();
    if ((at == 0 || rest[at - 1] == '-') && (end == rest.size() || rest[end] == '-'))
      return Answer::kYes;
  }
  return Answer::kNo;
}
template <Word word>
constexpr Ask<variant_has<word>> variant{};

Answer asked_dtype_came(const Seen& seen) {
  const auto& came = seen.facts.answer_dtype;
  const auto& asked = seen.facts.answer_asked_dtype;
  return came && asked ? answer(*came == *asked) : Answer::kUnknown;
}

Answer probe_raised(const Seen& seen) {
  const auto& returned = seen.facts.route_returned;
  return returned ? answer(!*returned) : Answer::kUnknown;
}

Answer rank_one(const Seen& seen) {
  const auto& rank = seen.facts.answer_rank;
  return rank ? answer(*rank == 1) : Answer::kUnknown;
}

/// A piece of a buffer, in bytes and elements.
struct Piece {
  std::int64_t bytes, offset, count, item;

  [[nodiscard]] std::int64_t rest() const { return bytes - offset; }
  [[nodiscard]] std::int64_t elements() const { return count < 0 ? rest() / item : count; }
  /// `whole`: may it be all that is left?
  [[nodiscard]] bool fits(bool whole) const {
    if (offset < 0 || offset > bytes) return false;
    if (count < 0) return rest() % item == 0;
    return count > 0 && rest() > 0 && count <= (whole ? rest() : rest() - 1) / item;
  }
};

std::optional<Piece> piece(const Facts& facts) {
  if (!facts.taken_bytes || !facts.taken_offset || !facts.taken_count || !facts.taken_item_bytes)
    return std::nullopt;
  return Piece{*facts.taken_bytes, *facts.taken_offset, *facts.taken_count,
               *facts.taken_item_bytes};
}

/// Was what fits taken, with as many elements, and anything else refused? Of nothing that is left
/// the text does not say that it can be taken.
template <bool whole>
Answer sizes_checked(const Seen& seen) {
  const std::optional<Piece> asked = piece(seen.facts);
  if (!asked || !seen.facts.route_returned) return Answer::kUnknown;
  if (!*seen.facts.route_returned) return answer(!asked->fits(whole) || asked->elements() == 0);
  if (!seen.facts.taken_elements) return Answer::kUnknown;
  return answer(asked->fits(whole) && *seen.facts.taken_elements == asked->elements());
}

bool has(const Texts& texts, std::string_view word) {
  return std::ranges::find(texts, word) != texts.end();
}

/// The order in which NumPy's documentation has an object's ways tried.
constexpr std::array<std::string_view, 3> kWays = {"buffer", "array-interface", "array-method"};

Answer first_way_used(const Seen& seen) {
  const auto& offered = seen.facts.interface_offered;
  const auto& used = seen.facts.interface_used;
  if (!offered || !used) return Answer::kUnknown;
  for (const std::string_view way : kWays) {
    if (has(*offered, way)) return answer(*used == way);
  }
  return answer(*used != "dlpack");
}

Answer dlpack_asked(const Seen& seen) {
  const auto& asked = seen.facts.interface_asked;
  return asked ? answer(has(*asked, "dlpack")) : Answer::kUnknown;
}

Answer required_keys(const Seen& seen) {
  const auto& keys = seen.facts.interface_keys;
  if (!keys) return Answer::kUnknown;
  return answer(has(*keys, "shape") && has(*keys, "typestr") && has(*keys, "version"));
}

Answer version_is_number(const Seen& seen) {
  const auto& version = seen.facts.interface_version;
  return version ? answer(*version >= 1) : Answer::kNo;
}

Answer cuda_keys(const Seen& seen) {
  const auto& keys = seen.facts.interface_keys;
  return keys ? both(required_keys(seen), answer(has(*keys, "data"))) : Answer::kUnknown;
}

/// Of arrays with elements on axes of extent above 1; none means row-major.
Answer strides_in_bytes(const Seen& seen) {
  const Facts& facts = seen.facts;
  if (!facts.source_shape || !facts.source_strides || !facts.interface_item_bytes)
    return Answer::kUnknown;
  const Ints& shape = *facts.source_shape;
  const auto& strides = facts.interface_strides;
  if (strides && strides->size() != shape.size()) return Answer::kNo;
  std::int64_t compact = *facts.interface_item_bytes;
  for (std::size_t axis = shape.size(); axis-- > 0; compact *= shape[axis]) {
    const std::int64_t shown = strides ? (*strides)[axis] : compact;
    if (shape[axis] > 1 && shown != (*facts.source_strides)[axis] * *facts.interface_item_bytes)
      return Answer::kNo;
  }
  return Answer::kYes;
}

/// Null where there are no elements, else where the library has element 0; and the word on writing.
Answer cuda_data(const Seen& seen) {
  const Facts& facts = seen.facts;
  if (!facts.interface_address || !facts.interface_readonly || !facts.source_shape)
    return Answer::kUnknown;
  const bool empty = std::ranges::find(*facts.source_shape, 0) != facts.source_shape->end();
  if (*facts.interface_address != (empty ? "null" : "0")) return Answer::kNo;
  if (!facts.source_writable) return Answer::kUnknown;
  return answer(*facts.interface_readonly != *facts.source_writable);
}

/// By what its own arrays show; no where they show none.
Answer speaks_before_streams(const Seen& seen) {
  const auto& version = seen.facts.interface_version;
  return answer(version && *version < 3);
}

/// Before version 3 it had no stream.
Answer has_streams(const Seen& seen) {
  const auto& version = seen.facts.interface_version;
  return version ? answer(*version >= 3) : Answer::kUnknown;
}

Answer stream_allowed(const Seen& seen) {
  static constexpr std::array<std::string_view, 6> kAllowed = {"1",     "2",      "None",
                                                               "other", "absent", "own"};
  const auto& stream = seen.facts.interface_stream;
  if (!stream) return Answer::kUnknown;
  return answer(std::ranges::find(kAllowed, *stream) != kAllowed.end());
}

Answer owner_not_held(const Seen& seen) {
  const auto& refs = seen.facts.life_refs;
  return refs ? answer(*refs <= 0) : Answer::kUnknown;
}

Answer device_kept(const Seen& seen) {
  const auto& source = seen.facts.source_device;
  const auto& result = seen.facts.result_device;
  return source && result ? answer(*source == *result) : Answer::kUnknown;
}

/// Does what is shown say the library's own shape, strides, address and word on writing? Strides
/// count on axes of extent above 1 of arrays with elements; none means row-major.
Answer interface_right(const Seen& seen) {
  const Facts& facts = seen.facts;
  if (!facts.interface_shape || !facts.source_shape || !facts.interface_item_bytes ||
      !facts.interface_address || !facts.interface_readonly || !facts.source_writable)
    return Answer::kUnknown;
  const Ints& shape = *facts.source_shape;
  if (*facts.interface_shape != shape) return Answer::kNo;
  if (*facts.interface_readonly == *facts.source_writable) return Answer::kNo;
  if (std::ranges::find(shape, 0) != shape.end()) return Answer::kYes;
  if (facts.source_address && *facts.interface_address != *facts.source_address) return Answer::kNo;
  if (!facts.source_strides) return Answer::kUnknown;
  std::int64_t compact = *facts.interface_item_bytes;
  for (std::size_t axis = shape.size(); axis-- > 0; compact *= shape[axis]) {
    const auto& strides = facts.interface_strides;
    if (strides && strides->size() != shape.size()) return Answer::kNo;
    const std::int64_t shown = strides ? (*strides)[axis] : compact;
    if (shape[axis] > 1 && shown != (*facts.source_strides)[axis] * *facts.interface_item_bytes)
      return Answer::kNo;
  }
  return Answer::kYes;
}

Answer struct_right(const Seen& seen) {
  const Facts& facts = seen.facts;
  if (!facts.interface_two) return Answer::kUnknown;
  if (*facts.interface_two != 2) return Answer::kNo;
  if (!facts.interface_rank || !facts.source_shape) return Answer::kUnknown;
  if (*facts.interface_rank != static_cast<std::int64_t>(facts.source_shape->size()))
    return Answer::kNo;
  return facts.source_shape->empty() ? answer(!facts.interface_address || !facts.source_address ||
                                              *facts.interface_address == *facts.source_address)
                                     : interface_right(seen);
}

/// Has the result the item size that the struct states?
Answer same_item_size(const Seen& seen) {
  const auto& stated = seen.facts.interface_item_bytes;
  const auto& came = seen.facts.buffer_item_bytes;
  return stated && came ? answer(*stated == *came) : Answer::kUnknown;
}

/// Len and item size against the shape, NULL members of a scalar, and the highest rank.
Answer buffer_right(const Seen& seen) {
  const Facts& facts = seen.facts;
  if (!facts.buffer_nbytes || !facts.buffer_item_bytes || !facts.buffer_ndim ||
      !facts.buffer_nulls || !facts.source_shape)
    return Answer::kUnknown;
  std::int64_t bytes = *facts.buffer_item_bytes;
  for (const std::int64_t extent : *facts.source_shape) bytes *= extent;
  if (*facts.buffer_nbytes != bytes || *facts.buffer_ndim > 64) return Answer::kNo;
  if (facts.buffer_shape && *facts.buffer_shape != *facts.source_shape) return Answer::kNo;
  if (*facts.buffer_ndim != 0) return Answer::kYes;
  return answer(has(*facts.buffer_nulls, "shape") && has(*facts.buffer_nulls, "strides") &&
                has(*facts.buffer_nulls, "suboffsets"));
}

/// A buffer to write, given over memory that may be written.
Answer may_write_buffer(const Seen& seen) {
  const auto& readonly = seen.facts.buffer_readonly;
  const auto& writable = seen.facts.source_writable;
  return readonly && writable ? answer(*writable && !*readonly) : Answer::kUnknown;
}

Answer balanced(const Seen& seen) {
  const auto& released = seen.facts.buffer_released;
  return released ? answer(*released == 0) : Answer::kYes;
}

/// Yes where the fact says so, or was not collected.
template <std::optional<Flag> Facts::*fact>
Answer not_denied(const Seen& seen) {
  return answer(seen.facts.*fact != Flag{false});
}
template <std::optional<Flag> Facts::*fact>
constexpr Ask<not_denied<fact>> undenied{};

/// Was it in a call of `__dlpack__`?
template <Word text>
Answer passed(const Seen& seen) {
  const auto& log = seen.facts.calls_log;
  if (!log) return Answer::kUnknown;
  return answer(std::ranges::any_of(*log, [](const Text& call) {
    return call.starts_with("__dlpack__(") && call.find(text.view()) != Text::npos;
  }));
}

Answer copy_passed_on(const Seen& seen) {
  if (variant_has<"copy-true">(seen) == Answer::kYes) return passed<"copy=True">(seen);
  if (variant_has<"copy-false">(seen) == Answer::kYes) return passed<"copy=False">(seen);
  return Answer::kYes;
}

constexpr auto answered = flag<&Facts::route_returned>;
constexpr Ask<probe_raised> was_refused{};
constexpr auto same_memory = flag<&Facts::answer_same_memory>;
constexpr auto same_object = flag<&Facts::answer_same_object>;
constexpr auto answer_right = flag<&Facts::answer_values>;
constexpr Ask<asked_dtype_came> asked_dtype_given{};
constexpr auto alive_and_let_go =
    undenied<&Facts::life_held> && undenied<&Facts::life_right> && undenied<&Facts::life_freed>;
constexpr auto survived = !lost;
constexpr auto of_piece = known<&Facts::taken_bytes>;
constexpr Ask<as_source> like_source{};
constexpr auto of_copy_true = variant<"copy-true">;
constexpr auto of_copy_false = variant<"copy-false">;
constexpr auto same_dtype = variant<"same"> || variant<"float32">;

constexpr auto kSizeReadings = std::to_array<Reading>({
    {"at-least", "a count that takes the whole buffer fits", survived&& Ask<sizes_checked<true>>{}},
    {"more-than", "a buffer has to be larger than what is taken",
     survived&& Ask<sizes_checked<false>>{}},
});

constexpr auto queued_work = flag<&Facts::stream_queued>;
constexpr auto kInterfaceOrder = std::to_array<Reading>({
    {"newest", "whoever takes an interface follows its newest text",
     survived&& flag<&Facts::stream_values>},
    {"own-version", "whoever shows an older version follows that one, which knows no streams",
     survived && (flag<&Facts::stream_values> || Ask<speaks_before_streams>{})},
});
constexpr std::string_view kNoPyarrow = "there is no library file for pyarrow yet";

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
    {.id = "R-05",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .judged_in = kProtocol,
     .source = pt("from_numpy, first paragraph"),
     .text = "a tensor of torch.from_numpy cannot be made larger",
     .holds = survived && was_refused,
     .reason = "resizable"},
    {.id = "R-06",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .source = pt("as_tensor"),
     .text = "torch.as_tensor shares with arrays of the same dtype and device, else copies",
     .when = own_array && not_raised,
     .holds = (other_dtype && copies_as_promised && result_dtype_right) ||
              (!other_dtype && shares_as_promised),
     .reason = "promise-shares",
     .probed = {.holds = survived && answered && answer_right && asked_dtype_given &&
                         ((same_dtype && variant<"ndarray"> && same_memory) ||
                          (same_dtype && variant<"tensor"> && same_object) ||
                          (!same_dtype && !same_memory))}},
    {.id = "R-07",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .judged_in = kProtocol,
     .source = pt("as_tensor, data"),
     .text = "torch.as_tensor of an array on a device stays on that device",
     .when = survived && answered,
     .holds = Ask<device_kept>{},
     .reason = "device-changed"},
    {.id = "R-08",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .source = pt("tensor"),
     .text = "torch.tensor always copies",
     .when = own_array || !lost,
     .holds = copies_as_promised,
     .reason = "promise-copies",
     .probed = {.holds = survived && answered && !same_memory && !flag<&Facts::answer_history> &&
                         asked_dtype_given && answer_right}},
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
     .when = own_array && copy_open && not_raised && !other_dtype,
     .holds = shares_as_promised || (!plain_row_major && !gone_wrong),
     .reason = "promise-shares",
     .probed = {.holds = survived && answered && same_memory && undenied<&Facts::answer_values>}},
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
     .reason = "promise-copy-keyword",
     .probed = {.holds = survived && (was_refused || (of_copy_true && !same_memory) ||
                                      (of_copy_false && same_memory))}},
    {.id = "R-12",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .source = pt("asarray"),
     .text = "torch.asarray reads a buffer's bytes as the dtype that was asked for",
     .holds = !gone_wrong && result_values_right && result_dtype_right,
     .reason = "promise-values",
     .probed = {.holds = survived && answered && answer_right && asked_dtype_given &&
                         (!variant<"scalar"> || !same_memory)}},
    {.id = "R-13",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .source = pt("frombuffer"),
     .text = "torch.frombuffer gives one axis over shared memory",
     .holds = shares_as_promised && Ask<one_axis>{},
     .reason = "promise-shares",
     .probed = {.holds = survived && ((variant<"no-dtype"> && was_refused) ||
                                      (!variant<"no-dtype"> && same_memory && Ask<rank_one>{} &&
                                       asked_dtype_given && answer_right))}},
    {.id = "R-14",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .judged_in = kProtocol,
     .source = pt("frombuffer, count"),
     .text = "torch.frombuffer takes what the buffer has, and no more",
     .ambiguity = "A-17",
     .readings = kSizeReadings,
     .reason = "sizes-unchecked"},
    {.id = "R-15",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .source = pt("frombuffer, note"),
     .text = "torch.frombuffer keeps the owner of the buffer alive",
     .when = returned && result_right,
     .holds = flag<&Facts::end_values>,
     .reason = "result-dies",
     .probed = {.holds = survived && flag<&Facts::life_held> && alive_and_let_go}},
    {.id = "R-16",
     .level = kDerived,
     .duty = kConsumer,
     .binds = kAnyone,
     .judged_in = kProtocol,
     .source = buf("PyObject_GetBuffer, PyBuffer_Release") | pt("frombuffer, note"),
     .text = "while a view of a buffer lives its exporter cannot move the memory",
     .when = lost || same_memory,
     .holds = survived && flag<&Facts::buffer_locked>,
     .reason = "buffer-moved",
     .lost_reason = "process-lost"},
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
     .reason = "promise-copy-keyword",
     .probed = {.holds = survived &&
                         ((of_copy_true && answered && !same_memory) ||
                          (of_copy_false && (was_refused || same_memory)) ||
                          (variant<"copy-none"> && answered && (!variant<"same"> || same_memory))),
                .error = !of_copy_false || route_raised<"ValueError">}},
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
     .duty = kProducer,
     .binds = listed,
     .about = kOutcome,
     .since = package("numpy", 2, 0),
     .source = issue("numpy/numpy#26208"),
     .text = "an __array__ method asked for copy=True gives fresh memory",
     .when = copy_true && has_elements && not_raised,
     .holds = copies_as_promised,
     .reason = "promise-copies"},
    {.id = "R-25",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .judged_in = kProtocol,
     .source = ni("Using arbitrary objects in NumPy"),
     .text = "NumPy tries buffer, __array_interface__, __array__ in that order, and never DLPack",
     .holds = survived && Ask<first_way_used>{} && !Ask<dlpack_asked>{},
     .reason = "protocol-order"},
    {.id = "R-26",
     .level = kMust,
     .duty = kLibrary,
     .binds = kAnyone,
     .judged_in = kProtocol,
     .source = ai("shape, typestr, version"),
     .text = "__array_interface__ has shape, typestr and version, and may lack any other key",
     .holds = survived && ((variant<"shown"> && Ask<required_keys>{} && Ask<version_is_number>{}) ||
                           (!variant<"shown"> && answered && like_source)),
     .reason = "interface-keys",
     .lost_reason = "process-lost"},
    {.id = "R-27",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .source = ai("data, strides"),
     .text = "address, byte strides and read-only flag of __array_interface__ are honoured",
     .holds = !gone_wrong && result_right && (source_writable || !shared || !result_writable),
     .reason = "promise-values",
     .probed = {.holds = survived && ((variant<"shown"> && Ask<interface_right>{}) ||
                                      (!variant<"shown"> && like_source &&
                                       (source_writable || !same_memory || !result_writable)))}},
    {.id = "R-28",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .source = ai("data"),
     .text = "the result keeps the object that shows its memory",
     .when = returned && result_right,
     .holds = flag<&Facts::end_values>,
     .reason = "result-dies",
     .probed = {.when = lost || same_memory,
                .holds = survived && flag<&Facts::life_held> && alive_and_let_go}},
    {.id = "R-29",
     .level = kMay,
     .duty = kConsumer,
     .binds = kAnyone,
     .judged_in = kProtocol,
     .source = ai("data, offset"),
     .text = "data of __array_interface__ may be a buffer, and offset counts its bytes",
     .holds = survived && answered && answer_right,
     .reason = "interface-refused",
     .lost_reason = "process-lost"},
    {.id = "R-30",
     .level = kShould,
     .duty = kConsumer,
     .binds = kAnyone,
     .judged_in = kProtocol,
     .source = ai("version"),
     .text = "a higher version of __array_interface__ is no reason to refuse",
     .holds = survived && answered && like_source,
     .reason = "interface-refused",
     .lost_reason = "process-lost"},
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
     .reason = "promise-values",
     .probed = {.holds = survived && ((variant<"taken"> && same_memory && Ask<same_item_size>{}) ||
                                      (!variant<"taken"> && Ask<struct_right>{} &&
                                       flag<&Facts::life_held> && alive_and_let_go))}},
    {.id = "R-32",
     .level = kMust,
     .duty = kLibrary,
     .binds = kAnyone,
     .judged_in = kProtocol,
     .source = ai("__array_struct__"),
     .text = "memory shown by __array_struct__ is not moved while others refer to it",
     .when = lost || flag<&Facts::buffer_unlocked> || !flag<&Facts::buffer_locked>,
     .holds = survived && flag<&Facts::buffer_locked>,
     .reason = "interface-moved",
     .lost_reason = "process-lost"},
    {.id = "R-33",
     .level = kMust,
     .duty = kLibrary,
     .binds = kAnyone,
     .judged_in = kProtocol,
     .source = buf("PyBUF_WRITABLE"),
     .text = "a request for a buffer to write fails where the memory may not be written",
     .holds = survived && (was_refused || Ask<may_write_buffer>{}),
     .error = route_raised<"BufferError">,
     .reason = "buffer-writable",
     .lost_reason = "process-lost"},
    {.id = "R-34",
     .level = kMust,
     .duty = kLibrary,
     .binds = kAnyone,
     .judged_in = kProtocol,
     .source = buf("len, ndim, shape, PyBUF_MAX_NDIM"),
     .text = "len is all elements' bytes, a scalar has NULL members, and axes are at most 64",
     .holds = survived && Ask<buffer_right>{},
     .reason = "buffer-members",
     .lost_reason = "process-lost"},
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
    {.id = "R-36",
     .level = kMust,
     .duty = kLibrary,
     .binds = kAnyone,
     .judged_in = kProtocol,
     .source = buf("PyObject_GetBuffer, PyBuffer_Release"),
     .text = "every buffer is released once, and its memory stays in place until then",
     .when = lost || !variant<"resize"> || flag<&Facts::buffer_unlocked> ||
             !flag<&Facts::buffer_locked>,
     .holds = survived && Ask<balanced>{} && alive_and_let_go && undenied<&Facts::buffer_locked>,
     .reason = "buffer-release",
     .lost_reason = "process-lost"},
    {.id = "R-37",
     .level = kMust,
     .duty = kLibrary,
     .binds = kAnyone,
     .judged_in = kProtocol,
     .source = buf("PyBUF_WRITABLE"),
     .text = "whether a buffer may be written is the same in every request that leaves it open",
     .holds = survived && flag<&Facts::buffer_agree>,
     .reason = "buffer-choice",
     .lost_reason = "process-lost"},
    {.id = "R-38",
     .level = kMust,
     .duty = kConsumer,
     .binds = kAnyone,
     .judged_in = kProtocol,
     .source = buf("PEP 688"),
     .text = "a class with __buffer__ is taken, and __release_buffer__ gets back what was given",
     .holds = survived && answered && answer_right && Ask<balanced>{} && same_object,
     .reason = "buffer-release",
     .lost_reason = "process-lost"},
    {.id = "R-39",
     .level = kMust,
     .duty = kRoute,
     .binds = listed,
     .about = kOutcome,
     .source = np("frombuffer"),
     .text = "numpy.frombuffer gives one axis, writable only if the buffer is",
     .holds = shares_as_promised && Ask<one_axis>{} && (source_writable || !result_writable),
     .reason = "promise-shares",
     .probed = {.holds =
                    survived &&
                    ((of_piece && Ask<sizes_checked<true>>{}) ||
                     (!of_piece && answered && same_memory && Ask<rank_one>{} && answer_right &&
                      (!flag<&Facts::buffer_readonly> || !flag<&Facts::answer_writable>)))}},
    {.id = "R-40",
     .level = kMust,
     .duty = kConsumer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = as("copy"),
     .text = "asarray of a buffer never copies with copy=False, and always with copy=True",
     .holds = survived &&
              ((of_copy_true && !same_memory) || (of_copy_false && (was_refused || same_memory))),
     .error = route_raised<"ValueError">,
     .reason = "promise-copy-keyword",
     .lost_reason = "process-lost"},
    {.id = "R-41",
     .level = kMust,
     .duty = kLibrary,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = astype("copy"),
     .text = "astype returns its input with copy=False and its dtype, else an array of its own",
     .holds = survived && answered && asked_dtype_given &&
              ((of_copy_false && variant<"float32"> && same_object) ||
               (!(of_copy_false && variant<"float32">)&&!same_object &&
                (!same_memory || variant<"empty-0">))),
     .reason = "astype-copies",
     .lost_reason = "process-lost"},
    {.id = "R-42",
     .level = kMust,
     .duty = kLibrary,
     .binds = kAnyone,
     .judged_in = kProtocol,
     .source = cai("shape, typestr, data, version"),
     .text = "__cuda_array_interface__ has shape, typestr, data and version",
     .holds = survived && Ask<cuda_keys>{},
     .reason = "interface-keys",
     .lost_reason = "process-lost"},
    {.id = "R-43",
     .level = kMust,
     .duty = kLibrary,
     .binds = kAnyone,
     .judged_in = kProtocol,
     .source = cai("strides"),
     .text = "strides of __cuda_array_interface__ are bytes; None or absent means row-major",
     .holds = survived && Ask<strides_in_bytes>{},
     .reason = "interface-keys",
     .lost_reason = "process-lost"},
    {.id = "R-44",
     .level = kMust,
     .duty = kLibrary,
     .binds = kAnyone,
     .judged_in = kProtocol,
     .source = cai("data"),
     .text = "its data is 0 where there are no elements, with the read-only flag beside it",
     .holds = survived && Ask<cuda_data>{},
     .reason = "interface-keys",
     .lost_reason = "process-lost"},
    {.id = "R-45",
     .level = kMust,
     .duty = kLibrary,
     .binds = kAnyone,
     .judged_in = kProtocol,
     .source = cai("stream"),
     .text =
         "its stream is never 0; 1 and 2 are the default streams, None leaves nothing to wait for",
     .when = (queued_work && Ask<has_streams>{}) || !survived,
     .holds = survived && Ask<stream_allowed>{} && flag<&Facts::stream_values>,
     .reason = "interface-stream",
     .lost_reason = "process-lost"},
    {.id = "R-46",
     .level = kMust,
     .duty = kConsumer,
     .binds = kAnyone,
     .judged_in = kProtocol,
     .source = cai("Synchronization"),
     .text = "a consumer synchronizes with its stream unless the user switched that off",
     .when = (queued_work && answered) || !survived,
     .ambiguity = "A-31",
     .readings = kInterfaceOrder,
     .reason = "unsynchronised",
     .lost_reason = "process-lost"},
    {.id = "R-47",
     .level = kMust,
     .duty = kLibrary,
     .binds = kAnyone,
     .judged_in = kProtocol,
     .source = cai("Lifetime management"),
     .text = "it does not extend its owner's life, and its stream lives as long as the object",
     .holds = survived && Ask<owner_not_held>{} && flag<&Facts::stream_alive>,
     .reason = "interface-life",
     .lost_reason = "process-lost"},
    {.id = "R-48",
     .level = kDerived,
     .duty = kLibrary,
     .binds = kAnyone,
     .judged_in = kProtocol,
     .source = pt("Tensor.__cuda_array_interface__, source"),
     .text = "an array outside CUDA has no attribute __cuda_array_interface__",
     .holds = survived && !flag<&Facts::interface_of_cuda>,
     .reason = "cuda-attribute",
     .lost_reason = "process-lost"},
    {.id = "R-49",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .source = pt("Tensor.__cuda_array_interface__, source"),
     .text = "version and keys of PyTorch's __cuda_array_interface__",
     .when = known<&Facts::interface_keys>,
     .reason = "interface-version-open"},
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
     .reason = "foreign-type",
     .probed = {.holds = survived && ((variant<"device-other"> && was_refused) ||
                                      (variant<"device-number"> && was_refused) ||
                                      (!variant<"device-other"> && !variant<"device-number"> &&
                                       answered && flag<&Facts::result_own_type> && like_source &&
                                       Ask<copy_passed_on>{}))}},
    {.id = "R-52",
     .level = kMust,
     .duty = kProducer,
     .binds = kAnyone,
     .source = pa("Array.__dlpack__") | issue("apache/arrow#50827"),
     .text = "pyarrow marks copies, never copies with copy=False, and refuses other devices",
     .untestable = kNoPyarrow},
    {.id = "R-53",
     .level = kMust,
     .duty = kConsumer,
     .binds = kAnyone,
     .source = pa("from_dlpack") | issue("apache/arrow#51122"),
     .text = "pyarrow imports one axis as Array, strides as Tensor, read-only data as immutable",
     .untestable = kNoPyarrow},
    {.id = "R-54",
     .level = kMay,
     .duty = kNobody,
     .source = pa("Arrow format, C device data interface"),
     .text = "Arrow's own device interface carries memory between libraries, with the same numbers",
     .untestable = "another interface than DLPack's, and left out of this suite on purpose"},
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
    {.id = "R-57",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .source = ai("mask") | cai("mask"),
     .text = "an interface has a mask that its consumer may not support",
     .reason = "interface-mask-open"},
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
