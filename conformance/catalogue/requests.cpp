#include "catalogue/requests.h"

#include <array>

namespace dlpack_conformance {
namespace {

constexpr auto kRows = std::to_array<RequestTokenRow>({
    {.key = "copy", .value = "false", .python = "copy=False", .text = "never copy: share or raise"},
    {.key = "copy",
     .value = "none",
     .python = "copy=None",
     .text = "copy only if needed, said aloud"},
    {.key = "copy", .value = "true", .python = "copy=True", .text = "always copy"},
    {.key = "device",
     .value = "cpu",
     .python = "device=\"cpu\"",
     .text = "the host, for a source on another device"},
    {.key = "device",
     .value = "none",
     .python = "device=None",
     .text = "stay where the source is, said aloud"},
    {.key = "device",
     .value = "own",
     .python = "device={device}",
     .text = "the source's own device by name"},
    {.key = "force", .value = "false", .python = "force=False", .text = "no conversion before"},
    {.key = "force",
     .value = "true",
     .python = "force=True",
     .text = "detach, move, resolve and convert as needed"},
});

}  // namespace

std::span<const RequestTokenRow> request_tokens() { return kRows; }

}  // namespace dlpack_conformance
