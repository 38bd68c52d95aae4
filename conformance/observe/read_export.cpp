#include "observe/read_export.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

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

/// The same tensor over a copy of its bytes that the host can read.
class HostTensor {
 public:
  /// @throws dlpack_impl::Error  a field is wrong, or the device has no such memory.
  HostTensor(const dlpack_impl::Reading& reading, const dlpack_impl::DeviceMemory& memory)
      : tensor_(*reading.tensor), reading_(reading) {
    tensor_.device = {kDLCPU, 0};
    reading_.tensor = &tensor_;
    const dlpack_impl::TensorView there(reading_, dlpack_impl::Rules::kReadable);
    if (there.element_count() == 0) return;
    const auto [low, high] = there.span_bytes();
    bytes_.resize(static_cast<std::size_t>(high - low));
    memory.read(bytes_.data(), static_cast<std::byte*>(there.first()) + low, bytes_.size());
    tensor_.data = bytes_.data() - low;
    tensor_.byte_offset = 0;
  }
  HostTensor(const HostTensor&) = delete;  // `reading_` points at `tensor_`
  HostTensor& operator=(const HostTensor&) = delete;
  ~HostTensor() = default;

  [[nodiscard]] const dlpack_impl::Reading& reading() const { return reading_; }

 private:
  DLTensor tensor_;
  dlpack_impl::Reading reading_;
  std::vector<std::byte> bytes_;
};

std::optional<bool> values_match(const dlpack_impl::Reading& reading,
                                 std::span<const std::byte> raw,
                                 const dlpack_impl::DeviceMemory* memory) {
  std::optional<HostTensor> copy;
  std::optional<dlpack_impl::TensorView> view;
  try {
    const DLDevice& device = reading.tensor->device;
    const dlpack_impl::Device stated{device.device_type, device.device_id};
    if (memory != nullptr && !stated.is_host_readable()) {
      copy.emplace(reading, *memory);
    } else if (memory != nullptr && stated != dlpack_impl::kCpu) {
      memory->read(nullptr, nullptr, 0);  // waits: work on pinned and managed memory has streams
    }
    view.emplace(copy ? copy->reading() : reading, dlpack_impl::Rules::kReadable);
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
                 std::string_view capsule, const Origin& origin, std::span<const std::byte> raw,
                 const dlpack_impl::DeviceMemory* memory) {
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
  fields.values = values_match(reading, raw, memory);
}

}  // namespace dlpack_conformance
