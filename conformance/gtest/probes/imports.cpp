// Imports of valid tensors that some libraries stumble over: alignment, size, strides.
#include <string>

#include "gtest/taking.h"

namespace dlpack_conformance::kit {
namespace {

void add(Probes& probes, std::string rule, std::string variant, std::string text, Crafted crafted) {
  probes.push_back({std::move(rule), std::move(variant), std::move(text), Need::kImport,
                    importing(std::move(crafted))});
}

Crafted guarded(std::string dtype, std::string layout, dlpack_impl::MemoryKind kind) {
  return {.dtype = std::move(dtype), .layout = std::move(layout), .place = {.kind = kind}};
}

}  // namespace

void add_imports(Probes& probes) {
  using dlpack_impl::MemoryKind;
  for (const auto& [dtype, least] :
       {std::pair("uint8", 1), std::pair("int16", 2), std::pair("float32", 4),
        std::pair("float64", 8), std::pair("complex128", 16)}) {
    for (std::int64_t alignment = 128; alignment >= least; alignment /= 2) {
      for (const char* layout : {"vector", "columns"}) {
        add(probes, "T-02", std::string(dtype) + "-" + std::to_string(alignment) + "-" + layout,
            "aligned to this many bytes and no more",
            {.dtype = dtype,
             .layout = layout,
             .place = {.alignment = 2 * alignment, .skew = alignment}});
      }
    }
  }
  for (const DTypeRow& row : dtypes()) {
    if (!row.dlpack || row.bits < 8 || row.lanes != 1) continue;
    for (const char* layout : {"vector", "matrix"}) {
      add(probes, "T-22", std::string(row.name) + "-" + layout, "it ends where its page does",
          guarded(std::string(row.name), layout, MemoryKind::kGuardAfter));
    }
  }
  for (const char* layout : {"scalar", "one", "cube", "rank-8"}) {
    add(probes, "T-22", "float64-" + std::string(layout), "it ends where its page does",
        guarded("float64", layout, MemoryKind::kGuardAfter));
  }
  for (const char* dtype : {"uint8", "float32", "float64"}) {
    add(probes, "T-22", std::string(dtype) + "-before", "it begins where its page does",
        guarded(dtype, "matrix", MemoryKind::kGuardBefore));
  }
  const auto strides = [&](const char* rule, std::initializer_list<const char*> layouts) {
    for (const char* layout : layouts) {
      add(probes, rule, "import-" + std::string(layout), "strides that move as they say",
          {.layout = layout});
    }
  };
  strides("T-10", {"reversed", "reversed-rows", "reversed-columns", "reversed-cube"});
  strides("T-11", {"broadcast-vector", "broadcast", "broadcast-rows", "broadcast-columns"});
  strides("T-12", {"one-odd", "row-1x6", "middle-2x1x3", "column-6x1", "empty-3x0"});
}

}  // namespace dlpack_conformance::kit
