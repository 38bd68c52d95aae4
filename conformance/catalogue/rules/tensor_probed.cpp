#include "catalogue/rules/tensor_probed.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace dlpack_conformance::question {
namespace {

constexpr std::int64_t kLastCode = 17, kLastCodeOf10 = 6, kPaddedBit = 4;

const DTypeRow* source_dtype(const Seen& seen) {
  const auto& name = seen.facts.source_dtype;
  const DTypeRow* row = name ? find_dtype(*name) : nullptr;
  return row != nullptr && row->dlpack ? row : nullptr;
}

const Ints* whole_dtype(const Seen& seen) {
  const auto& dtype = seen.facts.export_dtype;
  return dtype && dtype->size() == 3 ? &*dtype : nullptr;
}

Answer flag_of(const std::optional<Flag>& flag) { return flag ? answer(*flag) : Answer::kUnknown; }

}  // namespace

Answer source_has_elements(const Seen& seen) {
  const auto& shape = seen.facts.source_shape;
  return shape ? answer(std::ranges::find(*shape, 0) == shape->end()) : Answer::kUnknown;
}

Answer exported_in_place(const Seen& seen) {
  const auto& address = seen.facts.export_address;
  return address ? answer(*address != "elsewhere" && *address != "null") : Answer::kUnknown;
}

Answer exported_where_asked(const Seen& seen) {
  const auto& address = seen.facts.export_address;
  const auto& asked = seen.facts.source_address;
  return address && asked ? answer(*address == *asked) : Answer::kUnknown;
}

Answer strides_as_source(const Seen& seen) {
  const auto& strides = seen.facts.export_strides;
  const auto& asked = seen.facts.source_strides;
  const auto& shape = seen.facts.source_shape;
  if (!strides || !asked || !shape || asked->size() != shape->size()) return Answer::kUnknown;
  if (strides->size() != shape->size()) return Answer::kNo;
  for (std::size_t axis = 0; axis < shape->size(); ++axis) {
    if ((*shape)[axis] > 1 && (*strides)[axis] != (*asked)[axis]) return Answer::kNo;
  }
  return Answer::kYes;
}

Answer written_through(const Seen& seen) {
  return answer(seen.facts.proof_forward != Text("unseen") &&
                seen.facts.proof_backward != Text("unseen"));
}

Answer exported_shape_valid(const Seen& seen) {
  const auto& ndim = seen.facts.export_ndim;
  if (!ndim) return Answer::kUnknown;
  if (*ndim < 0 || (*ndim > 0 && seen.facts.export_shape_null == Flag{true})) return Answer::kNo;
  const auto& shape = seen.facts.export_shape;
  if (!shape) return Answer::kUnknown;
  return answer(std::ranges::none_of(*shape, [](std::int64_t extent) { return extent < 0; }));
}

Answer exported_dtype(const Seen& seen) {
  const Ints* dtype = whole_dtype(seen);
  const DTypeRow* row = source_dtype(seen);
  if (dtype == nullptr || row == nullptr) return Answer::kUnknown;
  return answer(*dtype == Ints{row->code, row->bits, row->lanes});
}

Answer exported_code(const Seen& seen) {
  const Ints* dtype = whole_dtype(seen);
  const DTypeRow* row = source_dtype(seen);
  if (dtype == nullptr || row == nullptr) return Answer::kUnknown;
  return answer(dtype->front() == row->code);
}

Answer exported_shape(const Seen& seen) {
  const auto& shape = seen.facts.export_shape;
  const auto& asked = seen.facts.source_shape;
  return shape && asked ? answer(*shape == *asked) : Answer::kUnknown;
}

Answer code_listed(const Seen& seen) {
  const Ints* dtype = whole_dtype(seen);
  return dtype != nullptr ? answer(dtype->front() <= kLastCode) : Answer::kUnknown;
}

Answer code_of_version(const Seen& seen) {
  const Ints* dtype = whole_dtype(seen);
  const auto& version = seen.facts.export_version;
  if (dtype == nullptr || !version || version->size() != 2) return Answer::kUnknown;
  return answer((*version)[1] >= 1 || dtype->front() <= kLastCodeOf10);
}

Answer whole_byte_lanes(const Seen& seen) {
  const DTypeRow* row = source_dtype(seen);
  return row != nullptr ? answer(row->bits >= 8) : Answer::kUnknown;
}

Answer one_lane_source(const Seen& seen) {
  const DTypeRow* row = source_dtype(seen);
  return row != nullptr ? answer(row->lanes == 1) : Answer::kUnknown;
}

Answer item_size_as_source(const Seen& seen) {
  const Ints* dtype = whole_dtype(seen);
  const DTypeRow* row = source_dtype(seen);
  if (dtype == nullptr || row == nullptr) return Answer::kUnknown;
  return answer((*dtype)[1] * (*dtype)[2] == row->item_bits);
}

Answer sub_byte(const Seen& seen) {
  const DTypeRow* row = source_dtype(seen);
  return row != nullptr ? answer(row->bits < 8) : Answer::kUnknown;
}

Answer sub_byte_bits(const Seen& seen) {
  const Ints* dtype = whole_dtype(seen);
  const DTypeRow* row = source_dtype(seen);
  if (dtype == nullptr || row == nullptr) return Answer::kUnknown;
  return answer((*dtype)[1] == row->bits);
}

Answer sub_byte_packed(const Seen& seen) {
  const DTypeRow* row = source_dtype(seen);
  return row != nullptr ? answer(row->bits < 8 && !row->padded) : Answer::kUnknown;
}

Answer padding_told(const Seen& seen) {
  const DTypeRow* row = source_dtype(seen);
  const auto& flags = seen.facts.export_flags;
  if (row == nullptr || !flags) return Answer::kUnknown;
  return answer(((*flags & kPaddedBit) != 0) == row->padded);
}

Answer ids_zero(const Seen& seen) {
  const auto& device = seen.facts.export_device;
  if (!device || device->size() != 2) return Answer::kUnknown;
  const auto& told = seen.facts.export_dlpack_device;
  return answer(device->back() == 0 && (!told || told->size() != 2 || told->back() == 0));
}

Answer long_double_ieee(const Seen& seen) {
  const auto& digits = seen.facts.source_digits;
  return digits ? answer(*digits == 53 || *digits == 113) : Answer::kUnknown;
}

Answer taken_right(const Seen& seen) {
  const Facts& facts = seen.facts;
  if (!facts.route_returned) return Answer::kUnknown;
  if (!*facts.route_returned) return Answer::kNo;
  const auto& shape = facts.result_shape;
  if (shape && facts.source_shape && *shape != *facts.source_shape) return Answer::kNo;
  return flag_of(facts.result_values);
}

Answer read_or_taken_right(const Seen& seen) {
  if (seen.facts.route_returned) return taken_right(seen);
  if (seen.facts.export_error) return Answer::kNo;
  return flag_of(seen.facts.export_values);
}

Answer lost_reading(const Seen& seen) {
  return answer(seen.facts.crash_how.has_value() && seen.facts.crash_step == Text("read"));
}

Answer stays_right(const Seen& seen) {
  const Answer stays = flag_of(seen.facts.life_stays);
  return both(stays, flag_of(seen.facts.life_right));
}

}  // namespace dlpack_conformance::question
