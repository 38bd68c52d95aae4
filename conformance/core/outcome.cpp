#include "core/outcome.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "catalogue/devices.h"
#include "catalogue/dtypes.h"
#include "catalogue/layouts.h"
#include "catalogue/sources.h"

namespace dlpack_conformance {
namespace {

constexpr std::int64_t kFlagReadonly = 1;
constexpr std::int64_t kFlagCopied = 2;

/// The same as a comparison with `asked_shape`, which would have to be made first.
bool is_asked_shape(const Case& subject, const Ints& shape) {
  const LayoutRow& layout = *subject.layout;
  if (subject.promise && subject.promise->flat)
    return shape.size() == 1 && shape.front() == layout.elements();
  return std::ranges::equal(shape, layout.shape);
}

bool is(const std::optional<Flag>& flag, bool value) { return flag && *flag == value; }

/// Yes: memory is shared; no: it is not; none: not shown. Where the consumer's API cannot say where
/// the result lies, its own export can.
std::optional<bool> shared_by_address(const Facts& facts) {
  if (facts.proof_address) return *facts.proof_address != "apart";
  if (facts.result_address || !facts.result_read_address || *facts.result_read_address == "null")
    return std::nullopt;
  return *facts.result_read_address != "elsewhere";
}

std::optional<bool> seen_across(const std::optional<Text>& proof) {
  if (!proof) return std::nullopt;
  if (*proof == "seen") return true;
  if (*proof == "unseen") return false;
  return std::nullopt;  // says why it was not tried
}

/// Do two answers that are both known differ?
bool disagree(std::optional<bool> a, std::optional<bool> b) { return a && b && *a != *b; }

bool corrupted(const Case& subject, const Facts& facts) {
  if (is(facts.memory_outside, false) || is(facts.memory_outside_after, false) ||
      is(facts.export_outside, false))
    return true;
  if (facts.result_shape && !is_asked_shape(subject, *facts.result_shape)) return true;
  if (facts.result_device && !is_asked_device(subject, facts, *facts.result_device)) return true;
  if (facts.result_values) return !*facts.result_values;
  return is(facts.result_read_values, false);
}

/// Outcome of a call that returned.
Happening of_result(const Case& subject, const Facts& facts) {
  Happening seen;
  if (corrupted(subject, facts)) {
    seen.outcome = Outcome::kCorrupted;
    return seen;
  }
  if (subject.layout->elements() == 0) {
    seen.outcome = Outcome::kEmpty;
    return seen;
  }
  const std::optional<bool> address = shared_by_address(facts);
  const std::optional<bool> forward = seen_across(facts.proof_forward);
  const std::optional<bool> backward = seen_across(facts.proof_backward);
  std::optional<bool> write = forward;
  if (!write || (backward && *backward)) write = backward ? backward : forward;
  if (!address && !write) {
    if (is(facts.route_identity, true)) {
      seen.outcome = Outcome::kShared;
      seen.proof = "identity";
    } else if (!subject.source->has_memory) {
      seen.outcome = Outcome::kEmpty;
    } else {
      seen.not_run = "result-unread";
    }
    return seen;
  }
  const bool is_shared = write.value_or(address.value_or(false));
  seen.outcome = is_shared ? Outcome::kShared : Outcome::kCopied;
  if (disagree(address, write) || disagree(forward, backward))
    seen.modifiers.add(Modifier::kProofsDisagree);
  seen.proof = address ? (write ? "address+write" : "address") : "write";
  return seen;
}

bool flag_wrong(const Case& subject, const Facts& facts) {
  if (!facts.export_flags || !facts.export_address || subject.layout->elements() == 0) return false;
  if (!facts.source_address || *facts.source_address == "elsewhere" ||
      *facts.source_address == "null")
    return false;
  if (*facts.export_address == "null") return false;
  const bool says_copied = (*facts.export_flags & kFlagCopied) != 0;
  const bool says_readonly = (*facts.export_flags & kFlagReadonly) != 0;
  if (*facts.export_address == "elsewhere") return !says_copied;
  return says_copied || (is(facts.source_writable, false) && !says_readonly);
}

/// Memory that the library allocated was seen before the route only through an export.
bool source_changed(const Case& subject, const Facts& facts) {
  if (!is(facts.memory_source, false)) return false;
  return subject.source->memory != SourceMemory::kLibrary || is(facts.export_values, true);
}

void add_life(const Facts& facts, Outcome outcome, Modifiers& modifiers) {
  if (facts.end_deleter_calls && facts.end_exports) {
    if (*facts.end_deleter_calls < *facts.end_exports) modifiers.add(Modifier::kLeak);
    if (*facts.end_deleter_calls > *facts.end_exports) modifiers.add(Modifier::kDoubleFree);
  }
  if (is(facts.end_alive_after_collect, true)) {
    modifiers.add(Modifier::kLeak);
  } else if (is(facts.end_alive, true)) {
    modifiers.add(Modifier::kLateFree);
  }
  const bool has_result = outcome == Outcome::kShared || outcome == Outcome::kCopied;
  if (is(facts.end_early, true) || (has_result && is(facts.end_values, false)))
    modifiers.add(Modifier::kEarlyFree);
}

void add_modifiers(const Case& subject, const Facts& facts, Happening& seen) {
  Modifiers& modifiers = seen.modifiers;
  add_life(facts, seen.outcome, modifiers);
  if (is(facts.stream_old, true)) modifiers.add(Modifier::kUnsynchronised);
  if (subject.route->dlpack && flag_wrong(subject, facts)) modifiers.add(Modifier::kFlagWrong);
  if (source_changed(subject, facts)) modifiers.add(Modifier::kSourceChanged);
  const bool has_result = seen.outcome == Outcome::kShared || seen.outcome == Outcome::kCopied ||
                          seen.outcome == Outcome::kEmpty;
  if (has_result && facts.result_dtype && !is_asked_dtype(subject, *facts.result_dtype))
    modifiers.add(Modifier::kDtypeChanged);
  if (seen.outcome == Outcome::kShared && is(facts.source_writable, false) &&
      is(facts.result_writable, true))
    modifiers.add(Modifier::kReadonlyLost);
}

}  // namespace

std::string_view asked_device(const Case& subject, const Facts& facts) {
  if (subject.request && subject.request->device == Passed::kHost) return "cpu";
  if (subject.promise && !subject.promise->device.empty()) return subject.promise->device;
  return facts.source_device ? std::string_view(*facts.source_device) : subject.device->name;
}

bool is_asked_device(const Case& subject, const Facts& facts, std::string_view device) {
  const std::string_view asked = asked_device(subject, facts);
  if (device == asked) return true;
  constexpr std::int32_t kHost = 1, kCuda = 2, kPinned = 3, kManaged = 13;
  const DeviceRow* const from = find_device(asked);
  const DeviceRow* const to = find_device(device);
  if (from == nullptr || to == nullptr) return false;
  if (from->type != kPinned && from->type != kManaged) return false;
  return to->type == kHost || to->type == kCuda || to->type == kPinned || to->type == kManaged;
}

Ints asked_shape(const Case& subject) {
  const LayoutRow& layout = *subject.layout;
  if (subject.promise && subject.promise->flat) return {layout.elements()};
  return {layout.shape.begin(), layout.shape.end()};
}

std::string_view asked_dtype(const Case& subject) {
  if (subject.request && !subject.request->dtype.empty()) return subject.request->dtype;
  if (subject.promise && subject.promise->kind == PromiseKind::kConverts)
    return subject.promise->dtype;
  return subject.dtype->name;
}

bool is_asked_dtype(const Case& subject, std::string_view dtype) {
  const std::string_view asked = asked_dtype(subject);
  if (dtype == asked) return true;
  return asked == subject.dtype->name && subject.dtype->swapped && dtype == subject.dtype->base;
}

bool copy_asked(const Case& subject) {
  if (subject.request && subject.request->copy == Passed::kTrue) return true;
  if (subject.request && subject.request->copy == Passed::kFalse) return false;
  return subject.promise && subject.promise->kind == PromiseKind::kCopies;
}

Happening happening(const Case& subject, const Facts& facts) {
  Happening seen;
  const bool is_exchange = subject.kind == CaseKind::kExchange;
  if (facts.suite_not_run) {
    seen.not_run = *facts.suite_not_run;
    return seen;
  }
  if (facts.crash_how) {
    seen.outcome = *facts.crash_how == "hung" ? Outcome::kHung : Outcome::kCrashed;
    const bool reproduced =
        is(facts.crash_confirmed, true) || (facts.crash_needs && !facts.crash_needs->empty());
    if (!reproduced) seen.modifiers.add(Modifier::kUnconfirmed);
  } else if (facts.route_absent) {
    seen.not_run = "route-absent";
    return seen;
  } else if (!is_exchange) {
    seen.outcome = Outcome::kAnswered;
    if (is(facts.stream_old, true)) seen.modifiers.add(Modifier::kUnsynchronised);
    return seen;
  } else if (facts.source_error) {
    seen.not_run = "source-not-made";
    return seen;
  } else if (facts.route_error) {
    seen.outcome = Outcome::kRefused;
  } else if (is(facts.route_returned, true)) {
    seen = of_result(subject, facts);
  } else {
    seen.not_run = "result-unread";
  }
  if (is_exchange) add_modifiers(subject, facts, seen);
  return seen;
}

std::string_view spell(Outcome outcome) {
  static constexpr std::array<std::string_view, 9> kNames = {"shared",    "copied", "refused",
                                                             "corrupted", "empty",  "answered",
                                                             "crashed",   "hung",   "not-run"};
  return kNames[static_cast<std::size_t>(outcome)];
}

std::string_view spell(Modifier modifier) {
  static constexpr std::array<std::string_view, static_cast<std::size_t>(Modifier::kCount)> kNames =
      {"double-free",    "dtype-changed", "early-free",      "flag-wrong",
       "late-free",      "leak",          "proofs-disagree", "readonly-lost",
       "source-changed", "unconfirmed",   "unsynchronised",  "wrong-error"};
  static_assert(std::ranges::is_sorted(kNames));
  return kNames[static_cast<std::size_t>(modifier)];
}

std::vector<std::string_view> Modifiers::names() const {
  std::vector<std::string_view> names;
  for (unsigned at = 0; at < static_cast<unsigned>(Modifier::kCount); ++at) {
    if (has(static_cast<Modifier>(at))) names.push_back(spell(static_cast<Modifier>(at)));
  }
  return names;
}

}  // namespace dlpack_conformance
