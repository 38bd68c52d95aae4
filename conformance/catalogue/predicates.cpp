#include "catalogue/predicates.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

namespace dlpack_conformance::question {
namespace {

constexpr std::int64_t kFlagReadonly = 1;
constexpr std::int64_t kFlagCopied = 2;

/// Does the text of the keywords that an export was asked with hold `part`? Unknown where the text
/// is missing.
Answer keywords_hold(const Seen& seen, std::string_view part) {
  const auto& keywords = seen.facts.export_keywords;
  return keywords ? answer(keywords->find(part) != std::string::npos) : Answer::kUnknown;
}

Answer flag_bit(const Seen& seen, std::int64_t bit) {
  const auto& flags = seen.facts.export_flags;
  return flags ? answer((*flags & bit) != 0) : Answer::kUnknown;
}

/// Memory that the library allocated does not read as asked even by its own reader: it may never
/// have done. No protocol case knows its source.
bool source_read_wrong(const Seen& seen) {
  return seen.subject.source != nullptr && seen.subject.source->memory == SourceMemory::kLibrary &&
         seen.facts.memory_source == Flag{false};
}

bool unusual(const SourceRow& source) {
  return source.readonly || !source.may_write || source.lazy || !source.strided ||
         !source.has_memory || source.autograd || source.misaligned || source.byte_strides ||
         source.masked || source.subclass || source.restated;
}

}  // namespace

Answer over_dlpack(const Seen& seen) { return answer(seen.subject.route->dlpack); }

Answer by_from_dlpack(const Seen& seen) {
  return answer(seen.subject.route->name == "from_dlpack" ||
                seen.subject.route->name == "methods-only");
}

Answer by_exchange_api(const Seen& seen) {
  return answer(seen.subject.route->name == "exchange-api");
}

Answer by_method(const Seen& seen) {
  return both(over_dlpack(seen),
              both(opposite(by_exchange_api(seen)), answer(seen.subject.route->owner.empty())));
}

Answer describable(const Seen& seen) {
  return answer(seen.subject.dtype->dlpack && !seen.subject.source->byte_strides);
}

Answer has_elements(const Seen& seen) {
  return answer(seen.subject.layout->elements() != 0 && seen.subject.source->has_memory);
}

Answer ordinary(const Seen& seen) {
  const SourceRow& source = *seen.subject.source;
  if (unusual(source)) return Answer::kNo;
  if (source.name == "owned") return Answer::kYes;
  return answer(source.memory == SourceMemory::kOrdinary && source.alignment >= 256 &&
                source.skew_bytes == 0 && source.skew_elems == 0);
}

Answer backward_stride(const Seen& seen) {
  return answer(std::ranges::any_of(seen.subject.layout->strides,
                                    [](std::int64_t stride) { return stride < 0; }));
}

Answer copy_needed(const Seen& seen) {
  const SourceRow& source = *seen.subject.source;
  return answer(source.lazy || source.byte_strides || !source.strided ||
                seen.subject.dtype->swapped);
}

Answer plain_request(const Seen& seen) { return answer(seen.subject.request->text == "plain"); }
Answer copy_true(const Seen& seen) { return answer(seen.subject.request->copy == Passed::kTrue); }
Answer copy_false(const Seen& seen) { return answer(seen.subject.request->copy == Passed::kFalse); }
Answer copy_open(const Seen& seen) {
  const Passed copy = seen.subject.request->copy;
  return answer(copy == Passed::kAbsent || copy == Passed::kNone);
}
Answer own_device(const Seen& seen) {
  const Passed device = seen.subject.request->device;
  return answer(device == Passed::kAbsent || device == Passed::kNone || device == Passed::kOwn);
}

Answer consumer_has_dtype(const Seen& seen) {
  const auto& names = seen.subject.consumer->dtypes;
  if (names.empty()) return Answer::kUnknown;
  return answer(
      std::ranges::binary_search(names, seen.subject.dtype->name, {},
                                 [](const std::string& name) { return std::string_view(name); }));
}
Answer consumer_has_device(const Seen& seen) {
  const DeviceRow& device = *seen.subject.device;
  return answer(
      device.type == 1 ||
      std::ranges::binary_search(seen.subject.consumer->devices, device.name, {},
                                 [](const std::string& name) { return std::string_view(name); }));
}
Answer consumer_has_readonly(const Seen& seen) {
  return answer(seen.subject.consumer->readonly_arrays);
}
Answer consumer_immutable(const Seen& seen) {
  return answer(seen.subject.consumer->immutable_arrays);
}

Answer export_read(const Seen& seen) {
  if (seen.facts.export_capsule) return Answer::kYes;
  return seen.facts.export_error ? Answer::kNo : Answer::kUnknown;
}

Answer export_versioned(const Seen& seen) {
  const auto& capsule = seen.facts.export_capsule;
  return capsule ? answer(*capsule == "dltensor_versioned") : Answer::kUnknown;
}

Answer export_in_place(const Seen& seen) {
  const auto& address = seen.facts.export_address;
  const auto& source = seen.facts.source_address;
  if (!address || !source || *address == "null" || *source == "elsewhere" || *source == "null")
    return Answer::kUnknown;
  return answer(*address != "elsewhere");
}

Answer export_shape_right(const Seen& seen) {
  const auto& shape = seen.facts.export_shape;
  return shape ? answer(std::ranges::equal(*shape, seen.subject.layout->shape)) : Answer::kUnknown;
}

Answer export_dtype_right(const Seen& seen) {
  const auto& dtype = seen.facts.export_dtype;
  const DTypeRow& row = *seen.subject.dtype;
  if (!dtype || !row.dlpack) return Answer::kUnknown;
  return answer(*dtype == Ints{row.code, row.bits, row.lanes});
}

Answer export_lawful(const Seen& seen) {
  const auto& version = seen.facts.export_version;
  const auto& shape = seen.facts.export_shape;
  const bool needs_strides = version && *version >= Ints{1, 2} && shape && !shape->empty();
  if (needs_strides && seen.facts.export_strides_null == Flag{true}) return Answer::kNo;
  return answer(export_dtype_right(seen) != Answer::kNo);
}

Answer export_values(const Seen& seen) {
  const Facts& facts = seen.facts;
  if (!facts.export_values) return Answer::kUnknown;
  if (!*facts.export_values && source_read_wrong(seen)) return Answer::kUnknown;
  return answer(*facts.export_values);
}

Answer source_unchanged(const Seen& seen) {
  const auto& unchanged = seen.facts.memory_source;
  if (!unchanged) return Answer::kUnknown;
  if (!*unchanged && seen.subject.source->memory == SourceMemory::kLibrary &&
      seen.facts.export_values != Flag{true})
    return Answer::kUnknown;
  return answer(*unchanged);
}

Answer export_asked_max_version(const Seen& seen) { return keywords_hold(seen, "max_version"); }
Answer export_asked_device(const Seen& seen) { return keywords_hold(seen, "dl_device=("); }
Answer export_asked_copy_true(const Seen& seen) { return keywords_hold(seen, "copy=True"); }
Answer export_asked_copy_false(const Seen& seen) { return keywords_hold(seen, "copy=False"); }
Answer flag_readonly(const Seen& seen) { return flag_bit(seen, kFlagReadonly); }
Answer flag_copied(const Seen& seen) { return flag_bit(seen, kFlagCopied); }

Answer returned(const Seen& seen) {
  switch (seen.outcome) {
    case Outcome::kShared:
    case Outcome::kCopied:
    case Outcome::kCorrupted:
    case Outcome::kEmpty:
      return Answer::kYes;
    case Outcome::kRefused:
      return Answer::kNo;
    default:
      return Answer::kUnknown;
  }
}

Answer refused(const Seen& seen) { return opposite(returned(seen)); }

Answer shared(const Seen& seen) {
  switch (seen.outcome) {
    case Outcome::kShared:
      return Answer::kYes;
    case Outcome::kCopied:
    case Outcome::kRefused:
      return Answer::kNo;
    default:
      return Answer::kUnknown;
  }
}

Answer copied(const Seen& seen) {
  switch (seen.outcome) {
    case Outcome::kCopied:
      return Answer::kYes;
    case Outcome::kShared:
    case Outcome::kRefused:
      return Answer::kNo;
    default:
      return Answer::kUnknown;
  }
}

Answer lost(const Seen& seen) {
  return answer(seen.outcome == Outcome::kCrashed || seen.outcome == Outcome::kHung);
}

Answer result_shape_right(const Seen& seen) {
  const auto& shape = seen.facts.result_shape;
  return shape ? answer(*shape == asked_shape(seen.subject)) : Answer::kUnknown;
}

Answer result_dtype_right(const Seen& seen) {
  const auto& dtype = seen.facts.result_dtype;
  return dtype ? answer(is_asked_dtype(seen.subject, *dtype)) : Answer::kUnknown;
}

Answer result_values_right(const Seen& seen) {
  if (source_read_wrong(seen) && seen.facts.export_values != Flag{true}) return Answer::kUnknown;
  const auto& own = seen.facts.result_values;
  const auto& by_reference = seen.facts.result_read_values;
  if (own) return answer(*own);
  return by_reference ? answer(*by_reference) : Answer::kUnknown;
}

}  // namespace dlpack_conformance::question
