// Examples of protocol cases for the rules C.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/protocol_example.h"

namespace dlpack_conformance {
namespace {

using Edit = std::function<void(ProtocolExample&)>;

/// What crossed: six elements of float32, versioned.
void given(ProtocolExample& e) {
  Facts& facts = e.facts;
  facts.accepts_twin = true;
  facts.source_shape = Ints{6};
  facts.source_dtype = "float32";
  facts.source_device = "cpu";
  facts.source_writable = true;
  facts.export_capsule = "dltensor_versioned";
  facts.export_version = Ints{1, 3};
  facts.calls_log = Texts{"__dlpack_device__()", "__dlpack__(max_version=(1, 3))"};
  facts.capsule_first_name = "dltensor_versioned";
  facts.capsule_given = 1;
  facts.memory_source = facts.memory_outside = true;
  facts.end_exports = facts.end_deleter_calls = 1;
}

/// It was taken in place, right, and freed once.
void taken(ProtocolExample& e) {
  given(e);
  e.returned();
  Facts& facts = e.facts;
  facts.capsule_name = "used_dltensor_versioned";
  facts.capsule_consumed = 1;
  facts.result_own_type = facts.result_writable = facts.result_values = true;
  facts.result_shape = Ints{6};
  facts.result_dtype = "float32";
  facts.result_device = "cpu";
  facts.proof_address = "same";
}

void refused_as(ProtocolExample& e, const std::string& error) {
  given(e);
  e.raised(error);
  e.facts.capsule_name = "dltensor_versioned";
  e.facts.capsule_consumed = 0;
}

void refused(ProtocolExample& e) { refused_as(e, "BufferError"); }

void lost(ProtocolExample& e) {
  given(e);
  e.crashes();
}

void is_copy(Facts& facts) {
  facts.proof_address = "apart";
  facts.proof_forward = facts.proof_backward = "unseen";
}

/// `edit` of the facts after `base`.
Edit with(const Edit& base, const std::function<void(Facts&)>& edit) {
  return [base, edit](ProtocolExample& e) {
    base(e);
    edit(e.facts);
  };
}

Edit without_twin(const Edit& base) {
  return with(base, [](Facts& facts) { facts.accepts_twin = false; });
}

Edit wrong(const Edit& base) {
  return with(base, [](Facts& facts) { facts.result_values = false; });
}

/// The library declares an edition from before the array API had exchange.
Edit declared_before(const Edit& base) {
  return [base](ProtocolExample& e) {
    base(e);
    if (e.library.declares) e.library.declares = std::pair(2020, 12);
  };
}

Edit of_version(const Edit& base, std::int64_t minor) {
  return with(base, [minor](Facts& facts) { facts.export_version = Ints{1, minor}; });
}

ProtocolRow follows(std::string rule, std::string what, Edit edit, Probed probed = {}) {
  return {std::move(rule), std::move(what),  std::move(edit), Verdict::kConforms, {},
          Blame::kNone,    std::move(probed)};
}

ProtocolRow breaks(std::string rule, std::string what, Edit edit, std::string reason,
                   Probed probed = {}, Blame blame = Blame::kConsumer) {
  return {std::move(rule),   std::move(what), std::move(edit),  Verdict::kDeviates,
          std::move(reason), blame,           std::move(probed)};
}

ProtocolRow departs(std::string rule, std::string what, Edit edit, std::string reason,
                    Probed probed = {}, Blame blame = Blame::kConsumer) {
  ProtocolRow row = breaks(std::move(rule), std::move(what), std::move(edit), std::move(reason),
                           std::move(probed), blame);
  row.verdict = Verdict::kPermitted;
  return row;
}

ProtocolRow silent(std::string rule, std::string reason) {
  return {std::move(rule), "whatever it does", taken, Verdict::kUndecided, std::move(reason)};
}

ProtocolRow left_out(std::string rule, std::string what, Edit edit, Probed probed = {}) {
  ProtocolRow row = follows(std::move(rule), std::move(what), std::move(edit), std::move(probed));
  row.verdict = Verdict::kNotJudged;
  return row;
}

std::vector<ProtocolRow> call_rows() {
  const Edit other_none = with(taken, [](Facts& facts) { facts.accepts_none_is_absent = false; });
  const Edit no_version = with(taken, [](Facts& facts) {
    facts.calls_log = Texts{"__dlpack__()"};
    facts.capsule_first_name = "dltensor";
  });
  const Edit not_called =
      with(taken, [](Facts& facts) { facts.calls_log = Texts{"__dlpack_device__()"}; });
  const Edit copied = with(taken, is_copy);
  const Edit passed_on =
      with(refused, [](Facts& facts) { facts.calls_raised = facts.route_same_error = true; });
  const Edit changed = with(refused, [](Facts& facts) {
    facts.calls_raised = true;
    facts.route_same_error = false;
  });
  const Edit swallowed = with(taken, [](Facts& facts) {
    facts.calls_raised = true;
    facts.route_same_error = true;
  });
  const Edit uncalled = with(refused, [](Facts& facts) {
    facts.calls_raised = false;
    facts.route_same_error = false;
  });
  return {
      follows("C-01", "taken", taken),
      breaks("C-01", "refused", refused, "methods-not-enough"),
      breaks("C-01", "taken wrong", wrong(taken), "methods-not-enough"),
      left_out("C-01", "refused like its own arrays", without_twin(refused)),
      departs("C-01", "refused, and it declares an edition before", declared_before(refused),
              "methods-not-enough"),
      follows("C-02", "taken", taken),
      breaks("C-02", "refused", refused, "signature-refused"),
      breaks("C-02", "None is not as absent", other_none, "signature-refused"),
      left_out("C-02", "refused like an ordinary tensor", without_twin(refused)),
      follows("C-03", "asked for a version", taken),
      departs("C-03", "asked for none", no_version, "version-not-asked"),
      left_out("C-03", "did not ask for a capsule", not_called),
      follows("C-04", "asked again", taken),
      departs("C-04", "gave up", refused, "no-fallback"),
      left_out("C-04", "takes no ordinary tensor", without_twin(refused)),
      silent("C-05", "type-error-open"),
      follows("C-06", "copied", copied, {.variant = "copy-true-stream"}),
      follows("C-06", "raised", refused, {.variant = "copy-true-stream"}),
      breaks("C-06", "shares", taken, "fallback-weakens", {.variant = "copy-true-stream"}),
      follows("C-06", "shares as asked", taken, {.variant = "copy-false-stream"}),
      breaks("C-06", "copied unasked", copied, "fallback-weakens",
             {.variant = "copy-false-stream"}),
      follows("C-38", "passed on", passed_on),
      breaks("C-38", "raised another", changed, "error-changed"),
      breaks("C-38", "swallowed it", swallowed, "error-changed"),
      left_out("C-38", "the method was not called", uncalled),
      follows("C-39", "AttributeError",
              [](ProtocolExample& e) { refused_as(e, "AttributeError"); }),
      departs("C-39", "another class", refused, "wrong-error"),
      departs("C-39", "taken", taken, "no-methods-taken"),
      departs("C-39", "lost", lost, "no-methods-taken"),
      follows("C-46", "taken", taken),
      departs("C-46", "refused", refused, "capsule-refused"),
      left_out("C-46", "takes no ordinary tensor", without_twin(refused)),
      follows("C-53", "keywords of the protocol", taken),
      breaks("C-53", "another keyword",
             with(taken,
                  [](Facts& facts) {
                    facts.calls_log = Texts{"__dlpack__(max_version=(1, 3), fast=True)"};
                  }),
             "keywords-wrong"),
      follows("C-57", "its own type", taken),
      breaks("C-57", "another type",
             with(taken, [](Facts& facts) { facts.result_own_type = false; }), "foreign-type"),
      departs("C-57", "another type, and it declares an edition before",
              declared_before(with(taken, [](Facts& facts) { facts.result_own_type = false; })),
              "foreign-type"),
      left_out("C-57", "refused",
               with(refused, [](Facts& facts) { facts.result_own_type = false; })),
  };
}

std::vector<ProtocolRow> version_rows() {
  const Edit legacy = with(taken, [](Facts& facts) {
    facts.export_capsule = "dltensor";
    facts.export_version.reset();
  });
  return {
      follows("C-07", "refused", refused),
      breaks("C-07", "taken", taken, "version-unchecked"),
      breaks("C-07", "lost", lost, "version-unchecked"),
      follows("C-08", "refused, freed once", refused),
      breaks("C-08", "taken", taken, "major-misread"),
      breaks("C-08", "not freed", with(refused, [](Facts& facts) { facts.end_deleter_calls = 0; }),
             "major-misread"),
      breaks("C-08", "lost", lost, "major-misread"),
      follows("C-09", "taken", taken),
      departs("C-09", "refused", refused, "minor-refused"),
      left_out("C-09", "takes no ordinary tensor", without_twin(refused)),
      follows("C-17", "legacy, right", legacy),
      follows("C-17", "1.1, right", of_version(taken, 1)),
      breaks("C-17", "1.1, wrong", of_version(wrong(taken), 1), "null-strides-misread"),
      left_out("C-17", "1.1, refused", of_version(wrong(refused), 1)),
      left_out("C-17", "1.2, wrong", of_version(wrong(taken), 2)),
      follows("C-18", "1.2, refused", of_version(refused, 2)),
      follows("C-18", "1.2, right", of_version(taken, 2)),
      departs("C-18", "1.2, wrong", of_version(wrong(taken), 2), "null-strides-misread"),
      departs("C-18", "1.2, lost", of_version(lost, 2), "null-strides-misread"),
      left_out("C-18", "1.1, wrong", of_version(wrong(taken), 1)),
      follows("C-54", "1.1, taken", of_version(taken, 1)),
      departs("C-54", "1.1, refused", of_version(refused, 1), "null-strides-refused"),
      left_out("C-54", "1.1, takes no ordinary tensor", of_version(without_twin(refused), 1)),
      left_out("C-54", "1.2, refused", of_version(refused, 2)),
      follows("C-19", "1.2, taken", of_version(taken, 2)),
      breaks("C-19", "1.2, refused", of_version(refused, 2), "scalar-refused"),
      left_out("C-19", "1.2, takes no scalar", of_version(without_twin(refused), 2)),
      left_out("C-19", "1.1, refused", of_version(refused, 1)),
      follows("C-21", "1.1, refused", of_version(refused, 1)),
      breaks("C-21", "1.1, taken", of_version(taken, 1), "sub-byte-width"),
      breaks("C-21", "1.1, lost", of_version(lost, 1), "sub-byte-width"),
      left_out("C-21", "1.0, taken", of_version(taken, 0)),
      silent("C-47", "unknown-flags-open"),
      follows("C-48", "1.1, right", of_version(taken, 1)),
      follows("C-48", "1.1, refused", of_version(refused, 1)),
      breaks("C-48", "1.1, wrong", of_version(wrong(taken), 1), "padding-misread"),
      left_out("C-48", "1.0, wrong", of_version(wrong(taken), 0)),
      follows("C-55", "right", legacy),
      follows("C-55", "refused", refused),
      breaks("C-55", "wrong", wrong(taken), "struct-mistaken"),
      breaks("C-55", "lost", lost, "struct-mistaken"),
  };
}

std::vector<ProtocolRow> life_rows() {
  const auto not_freed = [](Facts& facts) { facts.end_deleter_calls = 0; };
  const auto not_renamed = [](Facts& facts) {
    facts.capsule_name = "dltensor_versioned";
    facts.capsule_consumed = 0;
  };
  const Edit twice = with(refused, [](Facts& facts) { facts.end_deleter_calls = 2; });
  const Edit again = with(refused, [](Facts& facts) { facts.capsule_double_deletes = 1; });
  return {
      follows("C-10", "renamed", taken),
      breaks("C-10", "not renamed", with(taken, not_renamed), "not-renamed"),
      left_out("C-10", "a copy", with(with(taken, not_renamed), is_copy)),
      left_out("C-10", "refused",
               with(refused, [](Facts& facts) { facts.proof_address = "same"; })),
      follows("C-11", "freed once", taken),
      breaks("C-11", "not freed", with(taken, not_freed), "deleter-count"),
      breaks("C-11", "freed early", with(taken, [](Facts& facts) { facts.end_early = true; }),
             "deleter-count"),
      breaks("C-11", "a view is wrong afterwards",
             with(taken, [](Facts& facts) { facts.life_right = false; }), "deleter-count"),
      left_out("C-11", "refused", with(refused, not_freed)),
      follows("C-12", "freed once", refused),
      breaks("C-12", "not freed", with(refused, not_freed), "deleter-count-refused"),
      left_out("C-12", "taken", with(taken, not_freed)),
      follows("C-13", "taken", taken),
      breaks("C-13", "refused", refused, "null-deleter"),
      breaks("C-13", "lost", lost, "null-deleter"),
      left_out("C-13", "takes no ordinary tensor", without_twin(refused)),
      follows("C-14", "refused", refused),
      breaks("C-14", "taken", taken, "consumed-twice"),
      breaks("C-14", "freed twice", twice, "consumed-twice"),
      breaks("C-14", "freed again", again, "consumed-twice"),
      breaks("C-14", "lost", lost, "consumed-twice"),
      follows("C-44", "consumed", taken),
      follows("C-44", "a copy, and the producer frees", with(with(taken, not_renamed), is_copy)),
      breaks("C-44", "not consumed", with(taken, not_renamed), "capsule-kept"),
      breaks("C-44", "freed twice", with(taken, [](Facts& facts) { facts.end_deleter_calls = 2; }),
             "capsule-kept"),
      left_out("C-44", "refused", twice),
      follows("C-51", "freed once", taken),
      breaks("C-51", "not freed", with(taken, not_freed), "deleter-thread"),
      breaks(
          "C-51", "lost when released",
          [](ProtocolExample& e) {
            taken(e);
            e.crashes("release");
          },
          "deleter-thread"),
      left_out("C-51", "refused", with(refused, not_freed)),
  };
}

std::vector<ProtocolRow> field_rows() {
  const Edit other_shape = with(taken, [](Facts& facts) { facts.result_shape = Ints{3, 2}; });
  const Edit elsewhere = with(taken, [](Facts& facts) { facts.result_device = "cuda-0"; });
  const Edit no_buffer = [](ProtocolExample& e) { refused_as(e, "RuntimeError"); };
  const auto changed = [](Facts& facts) { facts.memory_source = facts.memory_outside = false; };
  return {
      follows("C-15", "right", taken),
      breaks("C-15", "wrong", wrong(taken), "byte-offset-ignored"),
      left_out("C-15", "refused", wrong(refused)),
      follows("C-16", "right", taken),
      follows("C-16", "refused", refused),
      breaks("C-16", "wrong", wrong(taken), "strides-misread"),
      breaks("C-16", "another shape", other_shape, "strides-misread"),
      follows("C-20", "taken", taken),
      breaks("C-20", "refused", refused, "empty-refused"),
      breaks("C-20", "another shape", other_shape, "empty-refused"),
      left_out("C-20", "takes no such shape", without_twin(refused)),
      follows("C-22", "refused", refused),
      follows("C-22", "right, lanes as an axis", other_shape),
      breaks("C-22", "wrong", wrong(taken), "dtype-guessed"),
      silent("C-23", "refusal-open"),
      follows("C-24", "BufferError", refused),
      departs("C-24", "another class", no_buffer, "wrong-error"),
      departs("C-24", "taken as if the CPU's", taken, "device-refused"),
      left_out("C-24", "it knows the device", elsewhere),
      left_out("C-24", "takes no ordinary tensor", without_twin(no_buffer)),
      follows("C-28", "unchanged", taken),
      breaks("C-28", "written", with(taken, changed), "source-written", {}, Blame::kLibrary),
      breaks("C-28", "wrote to a page that cannot be written", lost, "source-written", {},
             Blame::kLibrary),
      left_out("C-28", "lost otherwise", without_twin(lost)),
      follows("C-29", "unchanged", refused),
      breaks("C-29", "written", with(refused, changed), "outside-written", {}, Blame::kLibrary),
      breaks("C-29", "touched a page beside the elements", lost, "outside-written", {},
             Blame::kLibrary),
      left_out("C-29", "lost otherwise", without_twin(lost)),
      left_out("C-29", "lost later",
               [](ProtocolExample& e) {
                 given(e);
                 e.crashes("release");
               }),
      left_out("C-29", "lost by another signal",
               with(lost, [](Facts& facts) { facts.crash_signal = "SIGABRT"; })),
      follows("C-30", "on the source's device", taken),
      breaks("C-30", "elsewhere", elsewhere, "device-changed"),
      left_out("C-30", "refused",
               with(refused, [](Facts& facts) { facts.result_device = "cuda-0"; })),
      follows("C-42", "right", taken),
      departs("C-42", "right, of another dtype",
              with(taken, [](Facts& facts) { facts.result_dtype = "float64"; }), "A-13:other-dtype",
              {}, Blame::kLibrary),
      breaks("C-42", "wrong", wrong(taken), "result-differs", {}, Blame::kLibrary),
      left_out("C-42", "refused",
               with(wrong(refused),
                    [](Facts& facts) {
                      facts.result_shape = Ints{6};
                      facts.result_dtype = "float32";
                    })),
      silent("C-49", "misaligned-import-open"),
      silent("C-52", "device-lie-open"),
  };
}

std::vector<ProtocolRow> copy_rows() {
  const Edit copied = with(taken, is_copy);
  const auto readonly = [](Facts& facts) { facts.result_writable = false; };
  const Edit no_cpu = with(taken, [](Facts& facts) { facts.result_device = "cuda-0"; });
  const Edit other_dtype = with(copied, [](Facts& facts) { facts.result_dtype = "float64"; });
  const Edit by_write = with(copied, [](Facts& facts) { facts.proof_forward = "seen"; });
  const Edit unshown = with(taken, [](Facts& facts) { facts.proof_address.reset(); });
  const Probed has_readonly{.readonly_arrays = true};
  const Probed immutable{.immutable_arrays = true};
  return {
      follows("C-25", "taken", taken),
      departs("C-25", "refused", refused, "readonly-refused"),
      left_out("C-25", "has read-only arrays", refused, has_readonly),
      left_out("C-25", "has no others", refused, immutable),
      left_out("C-25", "takes no ordinary tensor", without_twin(refused)),
      follows("C-26", "read-only", with(taken, readonly), has_readonly),
      departs("C-26", "writable", taken, "readonly-lost", has_readonly),
      left_out("C-26", "has no read-only arrays", taken),
      left_out("C-26", "a writable copy", copied, has_readonly),
      silent("C-27", "legacy-writable-open"),
      follows("C-31", "on the CPU", taken),
      departs("C-31", "refused", refused, "cpu-not-given"),
      departs("C-31", "on another device", no_cpu, "cpu-not-given"),
      left_out("C-31", "does not take the keyword", without_twin(refused)),
      follows("C-33", "BufferError", refused),
      follows("C-33", "ValueError", [](ProtocolExample& e) { refused_as(e, "ValueError"); }),
      departs(
          "C-33", "another class", [](ProtocolExample& e) { refused_as(e, "RuntimeError"); },
          "wrong-error"),
      breaks("C-33", "taken", taken, "copy-false-copies"),
      left_out("C-33", "does not take the keyword", without_twin(taken)),
      follows("C-34", "a copy", copied),
      breaks("C-34", "shares", taken, "copy-true-shares", {}, Blame::kLibrary),
      breaks("C-34", "a write shows", by_write, "copy-true-shares", {}, Blame::kLibrary),
      left_out("C-34", "refused",
               with(refused, [](Facts& facts) { facts.proof_address = "same"; })),
      left_out("C-34", "nothing shows it", unshown),
      left_out("C-34", "the values are wrong", wrong(taken)),
      follows("C-35", "shares", taken),
      follows("C-35", "refused", refused),
      breaks("C-35", "a copy", copied, "copy-false-copies", {}, Blame::kLibrary),
      follows("C-36", "shares", taken),
      breaks("C-36", "a copy", copied, "import-copies", {}, Blame::kLibrary),
      left_out("C-36", "lacks the dtype", other_dtype),
      left_out("C-36", "refused", with(refused, is_copy)),
      follows("C-37", "writable", copied),
      departs("C-37", "not writable", with(copied, readonly), "copy-not-writable"),
      left_out("C-37", "shares", with(taken, readonly)),
      left_out("C-37", "has no writable arrays", with(copied, readonly), immutable),
      follows("C-40", "in place, writable", taken),
      departs("C-40", "copied again", copied, "copied-flag-unused"),
      departs("C-40", "not writable", with(taken, readonly), "copied-flag-unused"),
      left_out("C-40", "has no writable arrays", with(taken, readonly), immutable),
      left_out("C-40", "a legacy struct has no flag",
               with(copied,
                    [](Facts& facts) {
                      facts.export_capsule = "dltensor";
                      facts.export_version.reset();
                    })),
      silent("C-41", "copy-ignored-open"),
      silent("C-56", "copied-answer-open"),
  };
}

std::vector<ProtocolRow> survival_rows() {
  const Edit crash = [](ProtocolExample& e) { e.crashes(); };
  const Edit crash_unasked = [](ProtocolExample& e) {
    e.crashes();
    e.facts.calls_log = Texts{"__dlpack__(max_version=(0, 8))", "__dlpack__()"};
    e.facts.capsule_first_name = "dltensor_versioned";
  };
  const Edit crash_asked = [](ProtocolExample& e) {
    e.crashes();
    e.facts.calls_log = Texts{"__dlpack__(max_version=(1, 0))"};
    e.facts.capsule_first_name = "dltensor_versioned";
  };
  return {
      left_out("C-45", "lost over a versioned capsule that nobody asked for", crash_unasked),
      breaks("C-45", "lost over a versioned capsule that was asked for", crash_asked,
             "process-lost", {}, Blame::kLibrary),
      follows("C-45", "survived, taken", taken),
      follows("C-45", "survived, refused", refused),
      breaks("C-45", "lost", crash, "process-lost", {}, Blame::kLibrary),
      breaks("C-45", "the process is lost in another rule's case", crash, "process-lost",
             {.of_rule = "C-57"}, Blame::kLibrary),
      left_out("C-45", "nothing is lost in another rule's case", taken, {.of_rule = "C-57"}),
      left_out("C-45", "what was handed over is malformed", crash,
               {.malformed = true, .of_rule = "C-57"}),
      left_out("C-45", "a consumed capsule was handed over", crash, {.of_rule = "C-14"}),
      left_out("C-45", "strides were NULL against the rules", crash, {.of_rule = "C-18"}),
      left_out("C-45", "fp4 had another width", crash, {.of_rule = "C-21"}),
      left_out("C-45", "the process is lost in a producer's case", crash, {.of_rule = "P-46"}),
      left_out("C-45", "the process is lost on another route", crash, {.of_rule = "R-18"}),
  };
}

}  // namespace

std::vector<ProtocolRow> consumer_protocol_rows() {
  std::vector<ProtocolRow> rows;
  for (const auto& group :
       {call_rows(), version_rows(), life_rows(), field_rows(), copy_rows(), survival_rows()}) {
    rows.insert(rows.end(), group.begin(), group.end());
  }
  return rows;
}

}  // namespace dlpack_conformance
