/// @file
/// Questions that the rules C ask of protocol cases: the library as consumer, the reference as
/// producer, and no axes but the facts.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "catalogue/predicate.h"
#include "catalogue/predicates.h"

namespace dlpack_conformance::probed {

inline Answer is_deleted_once(const Seen& seen) {
  const auto& calls = seen.facts.end_deleter_calls;
  const auto& exports = seen.facts.end_exports;
  return calls && exports ? answer(*calls == *exports) : Answer::kUnknown;
}

inline Answer is_deleted_at_most_once(const Seen& seen) {
  const auto& calls = seen.facts.end_deleter_calls;
  const auto& exports = seen.facts.end_exports;
  if (!calls || !exports) return Answer::kUnknown;
  return answer(*calls <= *exports && seen.facts.capsule_double_deletes.value_or(0) == 0);
}

inline Answer has_source_shape(const Seen& seen) {
  const auto& asked = seen.facts.source_shape;
  const auto& got = seen.facts.result_shape;
  return asked && got ? answer(*asked == *got) : Answer::kUnknown;
}

inline Answer has_source_dtype(const Seen& seen) {
  const auto& asked = seen.facts.source_dtype;
  const auto& got = seen.facts.result_dtype;
  return asked && got ? answer(*asked == *got) : Answer::kUnknown;
}

inline Answer has_source_device(const Seen& seen) {
  const auto& asked = seen.facts.source_device;
  const auto& got = seen.facts.result_device;
  return asked && got ? answer(*asked == *got) : Answer::kUnknown;
}

/// A write that showed decides, then one that did not, then the addresses. Of wrong values it is
/// unknown: what was compared is not the same element.
inline Answer is_shared(const Seen& seen) {
  const Facts& facts = seen.facts;
  if (facts.result_values == Flag{false}) return Answer::kUnknown;
  for (const auto& [word, shared] : {std::pair("seen", true), std::pair("unseen", false)}) {
    if (facts.proof_forward == Text(word) || facts.proof_backward == Text(word))
      return answer(shared);
  }
  if (!facts.proof_address) return Answer::kUnknown;
  return answer(*facts.proof_address != "apart");
}

inline Answer is_renamed(const Seen& seen) {
  const auto& before = seen.facts.capsule_first_name;
  const auto& after = seen.facts.capsule_name;
  return before && after ? answer(*after == "used_" + *before) : Answer::kUnknown;
}

inline Answer is_consumed(const Seen& seen) {
  const auto& consumed = seen.facts.capsule_consumed;
  return consumed ? answer(*consumed > 0) : Answer::kUnknown;
}

/// Some `__dlpack__` call had a version; unknown where there was no such call.
inline Answer asks_version(const Seen& seen) {
  const auto& log = seen.facts.calls_log;
  if (!log) return Answer::kUnknown;
  Answer asked = Answer::kUnknown;
  for (const Text& call : *log) {
    if (!call.starts_with("__dlpack__(")) continue;
    if (call.find("max_version=(") != Text::npos) return Answer::kYes;
    asked = Answer::kNo;
  }
  return asked;
}

/// Variants of copy=True are named so.
inline Answer is_copy_true(const Seen& seen) {
  return answer(std::string_view(seen.subject.variant).starts_with("copy-true"));
}

inline constexpr auto taken = flag<&Facts::route_returned>;
inline constexpr auto raised = !taken;
inline constexpr auto twin_taken = flag<&Facts::accepts_twin>;
inline constexpr Ask<is_deleted_once> deleted_once{};
inline constexpr Ask<is_deleted_at_most_once> deleted_at_most_once{};
inline constexpr Ask<has_source_shape> shape_kept{};
inline constexpr Ask<has_source_dtype> dtype_kept{};
inline constexpr Ask<has_source_device> device_kept{};
inline constexpr auto right = flag<&Facts::result_values> && shape_kept;
inline constexpr Ask<is_shared> shares{};
inline constexpr Ask<is_renamed> renamed{};
inline constexpr Ask<is_consumed> consumed{};
inline constexpr Ask<asks_version> version_asked{};
inline constexpr Ask<is_copy_true> copy_true_asked{};
inline constexpr auto right_or_raised = raised || right;

/// The process was lost in the call, by touching a page, where it takes an ordinary tensor of this
/// dtype and layout: what makes the difference is the page. Unknown of any other loss.
inline Answer touched_page(const Seen& seen) {
  if (lost.ask(seen) == Answer::kNo) return Answer::kNo;
  const auto& signal = seen.facts.crash_signal;
  const bool by_page = signal && (*signal == "SIGSEGV" || *signal == "SIGBUS");
  const bool in_call = seen.facts.crash_step == Text("exchange");
  return by_page && in_call && seen.facts.accepts_twin == Flag{true} ? Answer::kYes
                                                                     : Answer::kUnknown;
}
inline constexpr Ask<touched_page> page_touched{};

/// Still right after what it came from was gone; nothing was looked at: yes.
inline Answer stays_right(const Seen& seen) { return answer(seen.facts.life_right != Flag{false}); }
inline constexpr Ask<stays_right> still_right{};

/// None of a keyword gave something else than its absence; not tried: no.
inline Answer none_is_as_absent(const Seen& seen) {
  return answer(seen.facts.accepts_none_is_absent != Flag{false});
}
inline constexpr Ask<none_is_as_absent> none_as_absent{};

}  // namespace dlpack_conformance::probed
