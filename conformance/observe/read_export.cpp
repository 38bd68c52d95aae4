#include "observe/read_export.h"

#include <algorithm>
#include <optional>
#include <string>

#include "catalogue/error.h"
#include "core/values.h"
#include "dlpack_impl/error.h"

namespace dlpack_conformance {
namespace {

/// The fields of one group; both groups have the same.
struct Fields {
  std::optional<Text>& capsule;
  std::optional<Ints>& version;
  std::optional<Int>& flags;
  std::optional<Ints>& device;
  std::optional<Ints>& dtype;
  std::optional<Ints>& shape;
  std::optional<Ints>& strides;
  std::optional<Flag>& strides_null;
  std::optional<Text>& address;
  std::optional<Int>& byte_offset;
  std::optional<Flag>& values;
};

Fields fields_of(Facts& f, ReadGroup group) {
  if (group == ReadGroup::kExport) {
    return {f.export_capsule, f.export_version,     f.export_flags,   f.export_device,
            f.export_dtype,   f.export_shape,       f.export_strides, f.export_strides_null,
            f.export_address, f.export_byte_offset, f.export_values};
  }
  return {f.result_read_capsule,     f.result_read_version,      f.result_read_flags,
          f.result_read_device,      f.result_read_dtype,        f.result_read_shape,
          f.result_read_strides,     f.result_read_strides_null, f.result_read_address,
          f.result_read_byte_offset, f.result_read_values};
}

std::optional<bool> values_match(const dlpack_impl::Reading& reading,
                                 std::span<const std::byte> raw) {
  std::optional<dlpack_impl::TensorView> view;
  try {
    view.emplace(reading, dlpack_impl::Rules::kReadable);
  } catch (const dlpack_impl::Error&) {
    return std::nullopt;  // unreadable for us, too; the fields that say why are facts of their own
  }
  if (view->element_count() == 0) return true;
  if (raw.empty()) return std::nullopt;
  if (view->element_count() > kMaxElements) {
    return std::ranges::equal(view->read_distinct(), raw);
  }
  return static_cast<std::int64_t>(raw.size()) == view->raw_bytes() &&
         view->equals_raw(raw.data(), raw.size());
}

}  // namespace

ReadGroup parse_read_group(std::string_view text) {
  if (text == "export") return ReadGroup::kExport;
  if (text == "result_read") return ReadGroup::kResultRead;
  throw CatalogueError("read_export", "group", text, "export, result_read");
}

void read_export(Facts& facts, ReadGroup group, const dlpack_impl::Reading& reading,
                 std::string_view capsule, const Origin& origin, std::span<const std::byte> raw) {
  Fields fields = fields_of(facts, group);
  fields.capsule = capsule;
  if (reading.version) fields.version = Ints{reading.version->major, reading.version->minor};
  if (reading.flags) fields.flags = static_cast<Int>(*reading.flags);
  if (reading.tensor == nullptr) return;  // another major version: nothing else may be read
  const DLTensor& tensor = *reading.tensor;
  fields.device = Ints{tensor.device.device_type, tensor.device.device_id};
  fields.dtype = Ints{tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes};
  const bool has_axes =
      tensor.ndim > 0 && tensor.ndim <= dlpack_impl::kMaxRank && tensor.shape != nullptr;
  const auto rank = has_axes ? static_cast<std::size_t>(tensor.ndim) : 0;
  if (has_axes || tensor.ndim == 0) fields.shape = Ints(tensor.shape, tensor.shape + rank);
  fields.strides_null = tensor.strides == nullptr;
  if (tensor.strides != nullptr && (has_axes || tensor.ndim == 0)) {
    fields.strides = Ints(tensor.strides, tensor.strides + rank);
  }
  fields.byte_offset = static_cast<Int>(tensor.byte_offset);
  const bool empty = fields.shape && std::ranges::find(*fields.shape, 0) != fields.shape->end();
  const auto data = reinterpret_cast<std::uintptr_t>(tensor.data);
  fields.address = data == 0 ? "null" : address_text(data + tensor.byte_offset, origin, empty);
  fields.values = values_match(reading, raw);
}

}  // namespace dlpack_conformance
