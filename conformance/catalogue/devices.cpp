#include "catalogue/devices.h"

#include <algorithm>
#include <array>

namespace dlpack_conformance {
namespace {

constexpr auto kRows = std::to_array<DeviceRow>({
    {.name = "cpu", .text = "host memory", .type = 1},
    {.name = "cuda-0", .text = "first CUDA device", .type = 2, .host_readable = false},
    {.name = "cuda-host", .text = "pinned host memory", .type = 3},
    {.name = "cuda-managed-0", .text = "managed memory", .type = 13},
    {.name = "simulated-0",
     .text = "an accelerator without hardware",
     .type = 12,
     .host_readable = false},
});

}  // namespace

std::span<const DeviceRow> devices() { return kRows; }

const DeviceRow* find_device(std::string_view name) {
  const auto* row = std::ranges::find(kRows, name, &DeviceRow::name);
  return row == kRows.end() ? nullptr : row;
}

}  // namespace dlpack_conformance
