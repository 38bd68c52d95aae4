#include "core/default_facts.h"

#include <string>

#include "catalogue/devices.h"
#include "catalogue/dtypes.h"
#include "catalogue/layouts.h"
#include "catalogue/sources.h"
#include "core/outcome.h"

namespace dlpack_conformance {
namespace {

constexpr std::int64_t kReadonly = 1;
constexpr std::int64_t kCopied = 2;
constexpr std::string_view kReference = "reference";

Ints ints(const Dims& dims) { return {dims.begin(), dims.end()}; }

Ints compact_strides(const Ints& shape) {
  Ints strides(shape.size());
  std::int64_t step = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = step;
    step *= shape[axis] > 0 ? shape[axis] : 1;
  }
  return strides;
}

/// What follows from the case's rows, said once.
struct Expected {
  explicit Expected(const Case& subject)
      : is_copy(copy_asked(subject)),
        is_empty(subject.layout->elements() == 0),
        is_flat(subject.promise != nullptr && subject.promise->flat),
        ours(subject.source->memory != SourceMemory::kLibrary),
        source_writable(!subject.source->readonly && !subject.producer->immutable_arrays),
        result_writable(!subject.consumer->immutable_arrays &&
                        (is_copy || source_writable || !subject.consumer->readonly_arrays)),
        by_reference(subject.producer->name == kReference && subject.route->dlpack),
        dtype(asked_dtype(subject)),
        shape(asked_shape(subject)) {}

  bool is_copy;  // of the whole route
  bool is_empty;
  bool is_flat;
  bool ours;  // the suite placed canaries
  bool source_writable;
  bool result_writable;
  bool by_reference;  // the reference's call log and counts are there
  std::string dtype;  // of the result
  Ints shape;         // of the result
};

void expect_source(const Case& subject, const Expected& expected, Facts& facts) {
  facts.source_shape = ints(subject.layout->shape);
  facts.source_strides = ints(subject.layout->strides);
  facts.source_dtype = subject.dtype->name;
  facts.source_device = subject.device->name;
  facts.source_address = "0";
  facts.source_writable = expected.source_writable;
  facts.source_canary = expected.ours ? "placed" : "none";
}

void expect_export(const Case& subject, const Expected& expected, bool failed, Facts& facts) {
  const bool is_copy = subject.request->copy == Passed::kTrue;
  facts.export_dlpack_device = Ints{subject.device->type, subject.device->id};
  if (expected.ours) facts.export_outside = true;
  if (failed) return;
  facts.export_capsule = "dltensor_versioned";
  facts.export_flags = is_copy ? kCopied : (expected.source_writable ? 0 : kReadonly);
  facts.export_device = facts.export_dlpack_device;
  if (subject.dtype->dlpack)
    facts.export_dtype = Ints{subject.dtype->code, subject.dtype->bits, subject.dtype->lanes};
  facts.export_shape = ints(subject.layout->shape);
  facts.export_strides =
      is_copy ? compact_strides(*facts.export_shape) : ints(subject.layout->strides);
  facts.export_strides_null = false;
  facts.export_address = is_copy ? "elsewhere" : "0";
  facts.export_byte_offset = 0;
  facts.export_values = true;
}

void expect_calls(const Expected& expected, Facts& facts) {
  facts.route_warnings = Texts{};
  facts.memory_source = true;
  if (expected.ours) facts.memory_outside = true;
  if (!expected.by_reference) return;
  facts.calls_threads = Texts{"main"};
  facts.calls_gil = true;
}

void expect_result(const Case& subject, const Expected& expected, bool unread, Facts& facts) {
  const bool own_strides = expected.is_copy || expected.is_flat;
  facts.route_returned = true;
  facts.route_identity = false;
  facts.result_own_type = true;
  facts.result_shape = expected.shape;
  facts.result_strides =
      own_strides ? compact_strides(expected.shape) : ints(subject.layout->strides);
  facts.result_dtype = expected.dtype;
  facts.result_device = subject.device->name;
  facts.result_address = expected.is_copy ? "elsewhere" : "0";
  facts.result_writable = expected.result_writable;
  if (!unread) facts.result_values = true;
}

void expect_reading(const Case& subject, const Expected& expected, Facts& facts) {
  const DTypeRow* row = find_dtype(expected.dtype);
  facts.result_read_capsule = "dltensor_versioned";
  facts.result_read_flags = expected.result_writable ? 0 : kReadonly;
  facts.result_read_device = Ints{subject.device->type, subject.device->id};
  if (row != nullptr && row->dlpack)
    facts.result_read_dtype = Ints{row->code, row->bits, row->lanes};
  facts.result_read_shape = facts.result_shape;
  facts.result_read_strides = facts.result_strides;
  facts.result_read_strides_null = false;
  facts.result_read_address = facts.result_address;
  facts.result_read_byte_offset = 0;
  facts.result_read_values = true;
}

void expect_proof(const Case& subject, const Expected& expected, Facts& facts) {
  if (expected.is_empty) {
    facts.proof_forward = "empty";
    facts.proof_backward = "empty";
    return;
  }
  const bool may_write = subject.source->may_write;
  const std::string write = expected.is_copy ? "unseen" : "seen";
  facts.proof_address = expected.is_copy ? "apart" : "same";
  facts.proof_forward = !expected.source_writable ? "not-writable"
                        : may_write               ? write
                                                  : "protected";
  facts.proof_backward = !expected.result_writable       ? "not-writable"
                         : may_write || expected.is_copy ? write
                                                         : "protected";
  facts.proof_restored = true;
  if (expected.ours) facts.memory_outside_after = true;
}

void expect_end(const Expected& expected, bool returned, Facts& facts) {
  facts.end_alive = false;
  if (returned) facts.end_values = true;
  if (!expected.by_reference) return;
  facts.end_exports = returned ? 2 : 1;
  facts.end_deleter_calls = facts.end_exports;
  facts.end_deleter_thread = "main";
  if (returned && !expected.is_copy && !expected.is_empty) facts.end_early = false;
}

}  // namespace

Course course_of(const Case& subject, const Facts& facts) {
  Course course{.export_failed = facts.export_error.has_value(),
                .result_unread = facts.result_error.has_value(),
                .reread_failed = facts.result_read_error.has_value()};
  if (subject.kind != CaseKind::kExchange || facts.suite_not_run || facts.route_absent ||
      facts.source_error) {
    course.ending = Ending::kNothing;
  } else if (facts.crash_how) {
    course.ending = Ending::kLost;
  } else if (facts.route_error) {
    course.ending = Ending::kRefused;
  }
  return course;
}

Facts default_facts(const Case& subject, const Course& course) {
  Facts facts;
  const Ending ending = course.ending;
  if (ending == Ending::kNothing) return facts;
  const Expected expected(subject);
  expect_source(subject, expected, facts);
  expect_export(subject, expected, course.export_failed, facts);
  if (ending == Ending::kLost) return facts;
  expect_calls(expected, facts);
  if (ending == Ending::kRefused) {
    facts.route_returned = false;
  } else {
    expect_result(subject, expected, course.result_unread, facts);
    if (!course.reread_failed) expect_reading(subject, expected, facts);
    if (!course.result_unread) expect_proof(subject, expected, facts);
  }
  expect_end(expected, ending == Ending::kReturned && !course.result_unread, facts);
  return facts;
}

}  // namespace dlpack_conformance
