#include "core/default_facts.h"

#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

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

constexpr std::string_view kMain[] = {"main"};

using Extents = std::span<const std::int64_t>;

Extents compact_strides(Extents shape, std::span<std::int64_t> strides) {
  std::int64_t step = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = step;
    step *= shape[axis] > 0 ? shape[axis] : 1;
  }
  return strides.first(shape.size());
}

template <class T>
void copy_fact(const std::optional<FactView<T>>& from, std::optional<T>& into) {
  if (!from) return;
  if constexpr (std::is_same_v<FactView<T>, T>) {
    into = *from;
  } else {
    into.emplace(from->begin(), from->end());
  }
}

}  // namespace

/// What follows from the case's rows, said once.
struct UsualFacts::Expected {
  Expected(const Case& subject, std::int64_t& flat_extent)
      : is_copy(copy_asked(subject)),
        is_empty(subject.layout->elements() == 0),
        is_flat(subject.promise != nullptr && subject.promise->flat),
        ours(subject.source->memory != SourceMemory::kLibrary),
        source_writable(!subject.source->readonly && !subject.producer->immutable_arrays),
        result_writable(!subject.consumer->immutable_arrays &&
                        (is_copy || source_writable || !subject.consumer->readonly_arrays)),
        by_reference(subject.producer->name == kReference && subject.route->dlpack),
        dtype(asked_dtype(subject)),
        shape(subject.layout->shape) {
    if (!is_flat) return;
    flat_extent = subject.layout->elements();
    shape = {&flat_extent, 1};
  }

  bool is_copy;  // of the whole route
  bool is_empty;
  bool is_flat;
  bool ours;  // the suite placed canaries
  bool source_writable;
  bool result_writable;
  bool by_reference;       // the reference's call log and counts are there
  std::string_view dtype;  // of the result
  Extents shape;           // of the result
};

void UsualFacts::expect_source(const Case& subject, const Expected& expected) {
  views_.source_shape = subject.layout->shape;
  views_.source_strides = subject.layout->strides;
  views_.source_dtype = subject.dtype->name;
  views_.source_device = subject.device->name;
  views_.source_address = "0";
  views_.source_writable = expected.source_writable;
  views_.source_canary = expected.ours ? "placed" : "none";
}

void UsualFacts::expect_export(const Case& subject, const Expected& expected, bool failed) {
  const bool is_copy = subject.request->copy == Passed::kTrue;
  device_ = {subject.device->type, subject.device->id};
  views_.export_dlpack_device = device_;
  if (expected.ours) views_.export_outside = true;
  if (failed) return;
  views_.export_capsule = "dltensor_versioned";
  views_.export_flags = is_copy ? kCopied : (expected.source_writable ? 0 : kReadonly);
  views_.export_device = views_.export_dlpack_device;
  if (subject.dtype->dlpack) {
    export_dtype_ = {subject.dtype->code, subject.dtype->bits, subject.dtype->lanes};
    views_.export_dtype = export_dtype_;
  }
  views_.export_shape = subject.layout->shape;
  views_.export_strides = is_copy ? compact_strides(*views_.export_shape, export_strides_)
                                  : Extents(subject.layout->strides);
  views_.export_strides_null = false;
  views_.export_address = is_copy ? "elsewhere" : "0";
  views_.export_byte_offset = 0;
  views_.export_values = true;
}

void UsualFacts::expect_calls(const Expected& expected) {
  views_.route_warnings.emplace();
  views_.memory_source = true;
  if (expected.ours) views_.memory_outside = true;
  if (!expected.by_reference) return;
  views_.calls_threads = kMain;
  views_.calls_gil = true;
}

void UsualFacts::expect_result(const Case& subject, const Expected& expected, bool unread) {
  const bool own_strides = expected.is_copy || expected.is_flat;
  views_.route_returned = true;
  views_.route_identity = false;
  views_.result_own_type = true;
  views_.result_shape = expected.shape;
  views_.result_strides = own_strides ? compact_strides(expected.shape, result_strides_)
                                      : Extents(subject.layout->strides);
  views_.result_dtype = expected.dtype;
  views_.result_device = subject.device->name;
  views_.result_address = expected.is_copy ? "elsewhere" : "0";
  views_.result_writable = expected.result_writable;
  if (!unread) views_.result_values = true;
}

void UsualFacts::expect_reading(const Case& subject, const Expected& expected) {
  const DTypeRow* row =
      expected.dtype == subject.dtype->name ? subject.dtype : find_dtype(expected.dtype);
  views_.result_read_capsule = "dltensor_versioned";
  views_.result_read_flags = expected.result_writable ? 0 : kReadonly;
  views_.result_read_device = device_;
  if (row != nullptr && row->dlpack) {
    result_dtype_ = {row->code, row->bits, row->lanes};
    views_.result_read_dtype = result_dtype_;
  }
  views_.result_read_shape = views_.result_shape;
  views_.result_read_strides = views_.result_strides;
  views_.result_read_strides_null = false;
  views_.result_read_address = views_.result_address;
  views_.result_read_byte_offset = 0;
  views_.result_read_values = true;
}

void UsualFacts::expect_proof(const Case& subject, const Expected& expected) {
  if (expected.is_empty) {
    views_.proof_forward = "empty";
    views_.proof_backward = "empty";
    return;
  }
  const bool may_write = subject.source->may_write;
  const std::string_view write = expected.is_copy ? "unseen" : "seen";
  views_.proof_address = expected.is_copy ? "apart" : "same";
  views_.proof_forward = !expected.source_writable ? "not-writable"
                         : may_write               ? write
                                                   : "protected";
  views_.proof_backward = !expected.result_writable       ? "not-writable"
                          : may_write || expected.is_copy ? write
                                                          : "protected";
  views_.proof_restored = true;
  if (expected.ours) views_.memory_outside_after = true;
}

void UsualFacts::expect_end(const Expected& expected, bool returned) {
  views_.end_alive = false;
  if (returned) views_.end_values = true;
  if (!expected.by_reference) return;
  views_.end_exports = returned ? 2 : 1;
  views_.end_deleter_calls = views_.end_exports;
  views_.end_deleter_thread = "main";
  if (returned && !expected.is_copy && !expected.is_empty) views_.end_early = false;
}

UsualFacts::UsualFacts(const Case& subject, const Course& course) {
  const Ending ending = course.ending;
  if (ending == Ending::kNothing) return;
  const Expected expected(subject, flat_extent_);
  expect_source(subject, expected);
  expect_export(subject, expected, course.export_failed);
  if (ending == Ending::kLost) return;
  expect_calls(expected);
  if (ending == Ending::kRefused) {
    views_.route_returned = false;
  } else {
    expect_result(subject, expected, course.result_unread);
    if (!course.reread_failed) expect_reading(subject, expected);
    if (!course.result_unread) expect_proof(subject, expected);
  }
  expect_end(expected, ending == Ending::kReturned && !course.result_unread);
}

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
  const UsualFacts usual(subject, course);
  Facts facts;
#define DLCONFORM_FACT(group, name, type, unit, collector, text) \
  copy_fact<type>(usual.views().group##_##name, facts.group##_##name);
#include "catalogue/facts.def"
#undef DLCONFORM_FACT
  return facts;
}

}  // namespace dlpack_conformance
