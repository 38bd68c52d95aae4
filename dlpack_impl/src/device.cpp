#include "dlpack_impl/device.h"

#include <charconv>
#include <cstdlib>
#include <cstring>

#include "dlpack_impl/accelerator.h"
#include "dlpack_impl/dlpack.h"
#include "dlpack_impl/error.h"

namespace dlpack_impl {
namespace {

struct DeviceRow {
  std::int32_t type;
  std::string_view name;
  bool bare;  ///< the name alone says id 0
};

constexpr DeviceRow kDevices[] = {
    {kDLCPU, "cpu", true},
    {kDLCUDA, "cuda", false},
    {kDLCUDAHost, "cuda-host", true},
    {kDLOpenCL, "opencl", false},
    {kDLVulkan, "vulkan", false},
    {kDLMetal, "metal", false},
    {kDLVPI, "vpi", false},
    {kDLROCM, "rocm", false},
    {kDLROCMHost, "rocm-host", true},
    {kDLExtDev, "ext-dev", false},
    {kDLCUDAManaged, "cuda-managed", false},
    {kDLOneAPI, "oneapi", false},
    {kDLWebGPU, "webgpu", false},
    {kDLHexagon, "hexagon", false},
    {kDLMAIA, "maia", false},
    {kDLTrn, "trn", false},
};

class CpuMemory final : public DeviceMemory {
 public:
  [[nodiscard]] Device device() const noexcept override { return kCpu; }

  [[nodiscard]] void* allocate(std::size_t size_bytes, std::size_t alignment_bytes) const override {
    // Far above what the suite uses: a wrong size is our error, not the allocator's.
    constexpr std::size_t kLimit = std::size_t{1} << 40;
    if (size_bytes > kLimit) {
      throw DeviceError(detail::field_message("size_bytes", size_bytes, std::to_string(kLimit)));
    }
    void* memory = nullptr;
    const std::size_t alignment = alignment_bytes < sizeof(void*) ? sizeof(void*) : alignment_bytes;
    const int failure = posix_memalign(&memory, alignment, size_bytes == 0 ? 1 : size_bytes);
    if (failure != 0) {
      throw DeviceError(detail::field_message("size_bytes", size_bytes,
                                              "what the host has at an alignment of " +
                                                  std::to_string(alignment_bytes)),
                        failure);
    }
    return memory;
  }

  void release(void* memory) const noexcept override { std::free(memory); }

  void write(void* device_bytes, const void* host_bytes, std::size_t size_bytes) const override {
    if (size_bytes != 0) std::memcpy(device_bytes, host_bytes, size_bytes);
  }

  void read(void* host_bytes, const void* device_bytes, std::size_t size_bytes) const override {
    if (size_bytes != 0) std::memcpy(host_bytes, device_bytes, size_bytes);
  }
};

std::optional<std::int32_t> parse_id(std::string_view text) {
  std::int32_t id = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

}  // namespace

std::string device_name(Device device) {
  for (const DeviceRow& row : kDevices) {
    if (row.type != device.type) continue;
    if (row.bare && device.id == 0) return std::string(row.name);
    return std::string(row.name) + "-" + std::to_string(device.id);
  }
  return "type" + std::to_string(device.type) + "-" + std::to_string(device.id);
}

std::optional<Device> find_device(std::string_view name) {
  for (const DeviceRow& row : kDevices) {
    if (name.substr(0, row.name.size()) != row.name) continue;
    std::string_view rest = name.substr(row.name.size());
    if (rest.empty() && row.bare) return Device{row.type, 0};
    if (rest.size() < 2 || rest.front() != '-') continue;
    rest.remove_prefix(1);
    const std::optional<std::int32_t> id = parse_id(rest);
    if (id && device_name({row.type, *id}) == name) return Device{row.type, *id};
  }
  constexpr std::string_view kUnlisted = "type";
  const std::size_t dash = name.find('-');
  if (name.substr(0, kUnlisted.size()) != kUnlisted || dash == std::string_view::npos) {
    return std::nullopt;
  }
  const auto type = parse_id(name.substr(kUnlisted.size(), dash - kUnlisted.size()));
  const auto id = parse_id(name.substr(dash + 1));
  if (!type || !id || device_name({*type, *id}) != name) return std::nullopt;
  return Device{*type, *id};
}

DevicePool pool_of(Device device) noexcept {
  switch (device.type) {
    case kDLCUDAHost:
      return DevicePool::kPinned;
    case kDLCUDAManaged:
      return DevicePool::kManaged;
    default:
      return DevicePool::kDevice;
  }
}

const DeviceMemory& cpu_memory() noexcept {
  static const CpuMemory memory;
  return memory;
}

}  // namespace dlpack_impl
