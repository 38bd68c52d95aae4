// Imports and the fields of a valid tensor: offset, strides, shape, data, version, flags, device.
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "gtest/taking.h"

namespace dlpack_conformance::kit {
namespace {

using dlpack_impl::Device;
using dlpack_impl::MemoryKind;
using dlpack_impl::OffsetIn;
using dlpack_impl::Stated;
using dlpack_impl::Version;
using Names = std::vector<std::string>;

const Names kStrided = {"fortran",
                        "fortran-cube",
                        "permuted",
                        "swapped-axes",
                        "channels-last",
                        "step",
                        "rows",
                        "columns",
                        "inner",
                        "diagonal",
                        "block",
                        "fortran-columns",
                        "broadcast-vector",
                        "broadcast",
                        "broadcast-rows",
                        "broadcast-columns",
                        "one-odd",
                        "row-1x6",
                        "middle-2x1x3",
                        "rank-8-permuted"};
const Names kNegative = {"one-negative",     "column-6x1",    "empty-reversed",
                         "reversed",         "reversed-step", "reversed-rows",
                         "reversed-columns", "reversed-both", "reversed-cube"};
const Names kRanks = {"rank-5", "rank-8", "rank-16", "rank-32", "rank-33", "rank-64"};
const Names kStandard = {"bool",    "int8",      "int16",     "int32",  "int64",
                         "uint8",   "uint16",    "uint32",    "uint64", "float32",
                         "float64", "complex64", "complex128"};

void add(Probes& probes, std::string rule, std::string variant, std::string text, Taking how) {
  const Need need = need_of(how);
  probes.push_back(
      {std::move(rule), std::move(variant), std::move(text), need, taking(std::move(how))});
}

Crafted tensor(std::string dtype, std::string layout, Struct which = Struct::kEither) {
  return {.dtype = std::move(dtype), .layout = std::move(layout), .which = which};
}

Crafted version_of(Crafted crafted, std::uint32_t major, std::uint32_t minor) {
  crafted.options.version = {major, minor};
  crafted.which = Struct::kVersioned;
  return crafted;
}

Crafted unknown_dtype(Crafted crafted) {
  crafted.stated = Stated{.dtype = dlpack_impl::DType{200, 32, 1}};
  return crafted;
}

void add_offsets(Probes& probes) {
  for (const auto& [kind, which] : kKinds) {
    for (const char* dtype : {"float32", "float64", "int8", "uint16", "complex128", "bool"}) {
      for (const char* layout : {"offset-one", "offset-odd", "inner", "reversed"}) {
        Crafted crafted = tensor(dtype, layout, which);
        crafted.options.offset_in = OffsetIn::kByteOffset;
        add(probes, "C-15", std::string(dtype) + "-" + layout + "-" + kind,
            "byte_offset carries the whole offset", {.crafted = crafted});
      }
    }
    using Split = std::tuple<const char*, const char*, std::int64_t>;
    for (const auto& [dtype, layout, offset] :
         {Split{"float32", "vector", 8}, Split{"float32", "vector", 64},
          Split{"uint8", "matrix", 3}, Split{"float64", "scalar", 16}, Split{"int16", "columns", 2},
          Split{"complex64", "matrix", 8}}) {
      Crafted crafted = tensor(dtype, layout, which);
      crafted.stated =
          Stated{.data_offset = -offset, .byte_offset = static_cast<std::uint64_t>(offset)};
      add(probes, "C-15",
          "split-" + std::string(dtype) + "-" + layout + "-" + std::to_string(offset) + "-" + kind,
          "data lies before element 0, byte_offset says how far", {.crafted = crafted});
    }
  }
}

void add_strides(Probes& probes) {
  for (const auto& [kind, which] : kKinds) {
    for (const Names& layouts : {kStrided, kNegative}) {
      for (const std::string& layout : layouts) {
        add(probes, "C-16", layout + "-" + kind, "strides other than row-major",
            {.crafted = tensor("float32", layout, which)});
      }
    }
  }
  for (const char* dtype : {"int8", "int16", "float64", "complex128"}) {
    for (const char* layout : {"columns", "fortran", "broadcast-columns"}) {
      add(probes, "C-16", std::string(dtype) + "-" + layout, "strides in elements",
          {.crafted = tensor(dtype, layout)});
    }
  }
}

/// NULL strides, where the version allows them and where it does not.
void add_null_strides(Probes& probes) {
  const std::vector<std::pair<std::string, std::string>> row_major = {
      {"float32", "one"},    {"float32", "vector"}, {"float32", "matrix"},    {"float32", "cube"},
      {"float32", "images"}, {"float32", "rank-5"}, {"float32", "empty-0x3"}, {"int16", "rank-8"}};
  for (const Generation& generation : kGenerations) {
    if (generation.name == "1.2" || generation.name == "1.3") continue;
    for (const char* rule : {"C-17", "C-54"}) {
      for (const auto& [dtype, layout] : row_major) {
        Crafted crafted = of(generation, dtype, layout);
        crafted.options.null_strides = true;
        add(probes, rule, layout + "-" + generation.name,
            "NULL strides where the version allows them",
            {.crafted = crafted, .twin_layout = std::string(rule) == "C-54" ? "same" : ""});
      }
    }
    Crafted crafted = of(generation, "float32", "offset-odd");
    crafted.options.null_strides = true;
    crafted.options.offset_in = OffsetIn::kByteOffset;
    add(probes, "C-17", "offset-odd-" + generation.name, "NULL strides, and an offset",
        {.crafted = crafted});
    for (const char* layout : {"vector", "matrix", "cube"}) {
      Crafted plain = of(generation, "float32", layout);
      plain.options.null_strides = true;
      add(probes, "T-06", std::string(layout) + "-" + generation.name, "NULL strides",
          {.crafted = plain, .twin_layout = "same"});
    }
  }
  for (const std::uint32_t minor : {2u, 3u, 99u}) {
    for (const char* layout : {"vector", "matrix", "cube"}) {
      Crafted crafted = version_of(tensor("float32", layout), 1, minor);
      crafted.options.null_strides = true;
      crafted.options.break_rules = true;
      add(probes, "C-18", std::string(layout) + "-1." + std::to_string(minor),
          "NULL strides where the version forbids them", {.crafted = crafted});
    }
  }
}

void add_scalars_and_empty(Probes& probes) {
  for (const std::uint32_t minor : {2u, 3u}) {
    for (const char* dtype : {"float32", "float64", "int8", "uint64", "complex128", "bool"}) {
      Crafted crafted = version_of(tensor(dtype, "scalar"), 1, minor);
      crafted.options.null_shape = crafted.options.null_strides = true;
      add(probes, "C-19", std::string(dtype) + "-1." + std::to_string(minor),
          "a scalar whose shape and strides are NULL", {.crafted = crafted, .twin_layout = "same"});
    }
  }
  for (const bool shape : {true, false}) {
    Crafted crafted = version_of(tensor("float32", "scalar"), 1, 3);
    (shape ? crafted.options.null_shape : crafted.options.null_strides) = true;
    add(probes, "C-19", shape ? "null_shape-alone" : "null_strides-alone",
        "a scalar of which one pointer is NULL", {.crafted = crafted, .twin_layout = "same"});
  }
  for (const Generation& generation : kGenerations) {
    for (const bool null : {true, false}) {
      Crafted crafted = of(generation, "float32", "scalar");
      crafted.options.null_shape = crafted.options.null_strides = null;
      add(probes, "T-07", (null ? "null-" : "address-") + generation.name,
          "a scalar whose shape and strides are NULL, or are not",
          {.crafted = crafted, .twin_layout = "same"});
      if (generation.name == "1.1" || generation.name == "1.2") continue;
      for (const auto& [layout, full] :
           {std::pair("empty-0", "vector"), std::pair("empty-0x3", "matrix"),
            std::pair("empty-3x0", "matrix"), std::pair("empty-2x0x3", "cube")}) {
        Crafted empty = of(generation, "float32", layout);
        empty.options.null_data = null;
        add(probes, "C-20", std::string(layout) + (null ? "-null-" : "-address-") + generation.name,
            "no elements, and data that is NULL or not", {.crafted = empty, .twin_layout = full});
      }
    }
  }
  for (const std::string& dtype : kStandard) {
    Crafted crafted = tensor(dtype, "empty-0");
    crafted.options.null_data = true;
    add(probes, "C-20", dtype + "-null", "no elements of this dtype",
        {.crafted = crafted, .twin_layout = "vector"});
  }
}

/// Tensors that have to be survived.
void add_survived(Probes& probes) {
  for (const auto& [kind, which] : kKinds) {
    for (const Names& layouts : {kNegative, kRanks}) {
      for (const std::string& layout : layouts) {
        add(probes, "C-45", layout + "-" + kind, "a tensor to be survived",
            {.crafted = tensor("float32", layout, which)});
      }
    }
  }
  for (const char* dtype : {"int8", "float64", "complex128", "bool"}) {
    for (const char* layout : {"reversed", "reversed-both"}) {
      add(probes, "C-45", std::string(dtype) + "-" + layout, "a tensor to be survived",
          {.crafted = tensor(dtype, layout)});
    }
  }
  for (const std::size_t rank : {65u, 100u, 129u, 1000u}) {
    Crafted crafted = tensor("float32", "vector");
    const std::vector<std::int64_t> ones(rank, 1);
    crafted.stated = Stated{.shape = ones, .strides = ones};
    add(probes, "C-45", "rank-" + std::to_string(rank), "extents of 1 on many axes",
        {.crafted = crafted});
  }
  Crafted undeletable = tensor("float32", "vector");
  undeletable.options.null_deleter = true;
  add(probes, "C-45", "null-deleter", "a NULL deleter", {.crafted = undeletable, .counts = false});
  add(probes, "C-45", "null-deleter-refused", "a NULL deleter, and a dtype that is not taken",
      {.crafted = unknown_dtype(undeletable), .counts = false});
  Crafted without_context = unknown_dtype(tensor("float32", "vector"));
  without_context.stated->null_context = true;
  add(probes, "C-45", "null-context-refused", "a NULL context, and a dtype that is not taken",
      {.crafted = without_context});
  add(probes, "C-45", "reversed-refused", "negative strides, and a dtype that is not taken",
      {.crafted = unknown_dtype(tensor("float32", "reversed"))});
}

void add_memory(Probes& probes) {
  for (const auto& [kind, which] : kKinds) {
    for (const bool in_data : {true, false}) {
      for (const auto& [dtype, layout] :
           {std::pair("int16", "vector"), std::pair("float32", "matrix"),
            std::pair("float64", "columns"), std::pair("complex128", "vector")}) {
        Crafted crafted = tensor(dtype, layout, which);
        crafted.place.skew = 1;
        crafted.options.offset_in = in_data ? OffsetIn::kData : OffsetIn::kByteOffset;
        add(probes, "C-49", std::string(dtype) + (in_data ? "-data-" : "-byte_offset-") + kind,
            "data that is not aligned to the element", {.crafted = crafted});
      }
    }
  }
  for (const Generation& generation : kGenerations) {
    if (generation.name == "1.1" || generation.name == "1.2") continue;
    for (const auto& [dtype, layout] :
         {std::pair("float32", "matrix"), std::pair("float64", "columns"),
          std::pair("uint8", "vector"), std::pair("bool", "vector"),
          std::pair("complex64", "scalar")}) {
      Crafted crafted = of(generation, dtype, layout);
      crafted.place.kind = MemoryKind::kMappedReadonly;
      crafted.readonly = true;
      add(probes, "C-28", "mapped-" + std::string(dtype) + "-" + layout + "-" + generation.name,
          "pages that cannot be written", {.crafted = crafted, .twin_layout = "same"});
    }
  }
  for (const char* dtype : {"bool", "float16", "bfloat16", "complex64"}) {
    add(probes, "C-28", "ordinary-" + std::string(dtype), "the elements afterwards",
        {.crafted = tensor(dtype, "matrix")});
  }
  using Guarded = std::tuple<const char*, MemoryKind, const char*, const char*>;
  for (const auto& [name, kind, dtype, layout] :
       {Guarded{"after-vector", MemoryKind::kGuardAfter, "uint8", "vector"},
        Guarded{"after-matrix", MemoryKind::kGuardAfter, "float64", "matrix"},
        Guarded{"after-columns", MemoryKind::kGuardAfter, "float32", "columns"},
        Guarded{"after-inner", MemoryKind::kGuardAfter, "int16", "inner"},
        Guarded{"after-scalar", MemoryKind::kGuardAfter, "complex128", "scalar"},
        Guarded{"after-one-odd", MemoryKind::kGuardAfter, "float32", "one-odd"},
        Guarded{"after-broadcast", MemoryKind::kGuardAfter, "float32", "broadcast-columns"},
        Guarded{"after-reversed", MemoryKind::kGuardAfter, "float32", "reversed"},
        Guarded{"before-vector", MemoryKind::kGuardBefore, "uint8", "vector"},
        Guarded{"before-cube", MemoryKind::kGuardBefore, "float64", "cube"},
        Guarded{"before-columns", MemoryKind::kGuardBefore, "float32", "columns"},
        Guarded{"before-reversed", MemoryKind::kGuardBefore, "float32", "reversed-step"},
        Guarded{"gaps-block", MemoryKind::kOrdinary, "int16", "block"},
        Guarded{"gaps-step", MemoryKind::kOrdinary, "uint8", "step"}}) {
    Crafted crafted = tensor(dtype, layout);
    crafted.place.kind = kind;
    add(probes, "C-29", name, "memory around and between the elements",
        {.crafted = crafted, .twin_layout = "same", .proves = true});
  }
}

void add_versions(Probes& probes) {
  using Numbered = std::tuple<const char*, std::uint32_t, std::uint32_t>;
  for (const auto& [name, major, minor] : {Numbered{"2.0", 2, 0}, Numbered{"2.7", 2, 7},
                                           Numbered{"3.0", 3, 0}, Numbered{"255.255", 255, 255}}) {
    add(probes, "C-07", name, "a tensor of another major version with the fields of version 1",
        {.crafted = version_of(tensor("float32", "matrix"), major, minor)});
    for (const bool poisoned : {true, false}) {
      Crafted crafted = version_of(tensor("float32", "matrix"), major, minor);
      crafted.stated =
          Stated{.tail = poisoned ? dlpack_impl::Tail::kPoisoned : dlpack_impl::Tail::kUnreadable};
      const Ints version{static_cast<Int>(major), static_cast<Int>(minor)};
      probes.push_back(
          {"C-08", std::string(name) + (poisoned ? "-poisoned" : "-unreadable"),
           "a tensor of another major version; what follows the deleter is not to be touched",
           Need::kImportVersioned, [crafted, version](Observer& observer) {
             const Giver giver = observer.crafted(crafted);
             {
               const Array result = observer.take(giver);
               observer.facts.export_version = version;
               observer.step(Step::kRelease);
             }
             close(observer, giver.log());
           }});
    }
  }
  for (const auto& [name, major, minor] :
       {Numbered{"1.4", 1, 4}, Numbered{"1.99", 1, 99}, Numbered{"1.65536", 1, 65536}}) {
    for (const char* layout : {"vector", "matrix", "columns"}) {
      add(probes, "C-09", std::string(name) + "-" + layout, "a tensor of a newer minor version",
          {.crafted = version_of(tensor("float32", layout), major, minor), .twin_layout = "same"});
    }
    add(probes, "C-45", "version-" + std::string(name), "a tensor of a newer minor version",
        {.crafted = version_of(tensor("float32", "cube"), major, minor)});
  }
  using Flags = std::pair<const char*, std::uint64_t>;
  for (const auto& [name, flags] :
       {Flags{"bit-3", 1u << 3}, Flags{"bit-7", 1u << 7}, Flags{"bit-31", 1ull << 31},
        Flags{"bit-40", 1ull << 40}, Flags{"bit-63", 1ull << 63},
        Flags{"all-unknown", ~std::uint64_t{7}}}) {
    for (const std::uint32_t minor : {0u, 3u}) {
      Crafted crafted = version_of(tensor("float32", "vector"), 1, minor);
      crafted.options.flags = flags;
      add(probes, "C-47", std::string(name) + "-" + std::to_string(minor),
          "flag bits that no version defines", {.crafted = crafted, .proves = true});
    }
  }
}

void add_devices(Probes& probes) {
  using Other = std::pair<const char*, Device>;
  for (const auto& [name, device] :
       {Other{"cuda", {2, 0}}, Other{"opencl", {4, 0}}, Other{"vulkan", {7, 0}},
        Other{"metal", {8, 0}}, Other{"vpi", {9, 0}}, Other{"rocm", {10, 0}},
        Other{"ext-dev", {12, 0}}, Other{"oneapi", {14, 0}}, Other{"webgpu", {15, 0}},
        Other{"hexagon", {16, 0}}, Other{"maia", {17, 0}}, Other{"trainium", {18, 0}},
        Other{"type-5", {5, 0}}, Other{"type-99", {99, 0}}, Other{"type-4096", {4096, 0}}}) {
    Crafted crafted = tensor("float32", "vector");
    crafted.options.device = device;
    add(probes, "C-24", name, "a device that the consumer may not know",
        {.crafted = crafted, .twin_layout = "same"});
  }
}

}  // namespace

void add_consumer_fields(Probes& probes) {
  add_offsets(probes);
  add_strides(probes);
  add_null_strides(probes);
  add_scalars_and_empty(probes);
  add_survived(probes);
  add_memory(probes);
  add_versions(probes);
  add_devices(probes);
}

}  // namespace dlpack_conformance::kit
