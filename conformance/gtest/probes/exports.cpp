// Exports as valid tensors: address, strides, shape, dtype, flags, device and version.
#include <dlpack_impl/error.h>

#include <algorithm>
#include <string>
#include <vector>

#include "gtest/giving.h"
#include "gtest/numbers.h"
#include "gtest/proof.h"

namespace dlpack_conformance::kit {
namespace {

using Names = std::vector<std::string>;

struct Of {
  std::string dtype = "float32";
  std::string layout = "matrix";
  std::string source = "plain";
};

void add(Probes& probes, std::string rule, std::string variant, std::string text, bool versioned,
         const Of& of) {
  probes.push_back({std::move(rule), std::move(variant), std::move(text), need_of(versioned),
                    [of, versioned](Observer& observer) {
                      exported(observer, of.dtype, of.layout, of.source, versioned);
                    },
                    false, of.dtype, of.layout, of.source});
}

void add_each(Probes& probes, const std::string& rule, const std::string& variant,
              const std::string& text, const Of& of) {
  for (const auto& [asked, versioned] : kAskedFor) {
    add(probes, rule, variant + "-" + asked, text + ", " + asked, versioned, of);
  }
}

/// Element 0 is where the library says, and a write on either side is read on the other.
Probe written(const Of& of) {
  const auto run = [of](Observer& observer) {
    auto [array, managed] = exported(observer, of.dtype, of.layout, of.source, true);
    Facts& facts = observer.facts;
    const Asked& asked = observer.asked();
    const Subject& library = observer.library();
    if (managed.empty() || !library.describe || !library.read) return;
    if (facts.export_dtype != Ints{asked.type.code, asked.type.bits, asked.type.lanes}) return;
    if (facts.export_address == "elsewhere" || facts.export_address == "null") return;
    std::optional<dlpack_impl::Imported> taken;
    try {
      taken.emplace(std::move(managed.versioned));
    } catch (const dlpack_impl::Error&) {
      return;  // not to be taken: the facts of the export say why
    }
    const Side side = side_of(library, array, library.describe(array));
    const std::vector<std::int64_t> index = last_index(side.said.shape);
    const auto lanes = static_cast<std::ptrdiff_t>(asked.type.lanes);
    std::vector<Number> numbers(asked.numbers.end() - lanes, asked.numbers.end());
    const auto old = encoded(asked.type, numbers);
    for (Number& lane : numbers) lane = other_value(*asked.dtype, lane);
    const auto now = encoded(asked.type, numbers);
    const auto there = [&] {
      std::vector<std::byte> element(now->size());
      taken->view().get(index, element.data());
      return element;
    };
    observer.step(Step::kWrite);
    if (!facts.source_writable.value_or(false) || !side.set) return;
    side.set(*now);
    facts.proof_forward = there() == *now ? "seen" : "unseen";
    side.set(*old);
    if (taken->header().read_only()) return;
    taken->view().set(index, now->data());
    facts.proof_backward = side.get() == *now ? "seen" : "unseen";
    taken->view().set(index, old->data());
  };
  return {"T-01",
          of.layout + "-" + of.dtype + "-" + of.source,
          "where element 0 lies, and whether writes show",
          Need::kExportVersioned,
          run,
          false,
          of.dtype,
          of.layout,
          of.source};
}

/// Which part of a slice's offset stands where, and how data is aligned.
Probe placed(const std::string& layout, const std::string& asked, bool versioned) {
  const auto run = [=](Observer& observer) {
    const auto [array, managed] = exported(observer, "float32", layout, "plain", versioned);
    if (managed.empty() || !observer.facts.export_address) return;
    const auto data = reinterpret_cast<std::uintptr_t>(managed.reading().tensor->data);
    const auto alignment = static_cast<Int>(data & (~data + 1));
    observer.facts.export_alignment = data == 0 ? 0 : std::min<Int>(256, alignment);
  };
  return {"T-03",
          layout + "-" + asked,
          "data and byte_offset of a slice",
          need_of(versioned),
          run,
          false,
          "float32",
          layout,
          "plain"};
}

const Names kSlices = {"offset-one", "column-6x1", "reversed-columns", "offset-odd", "inner"};
const Names kIdle = {"one", "one-odd", "one-negative", "row-1x6", "middle-2x1x3", "column-6x1"};
const Names kEmpty = {"empty-0", "empty-0x3", "empty-3x0", "empty-2x0x3", "empty-reversed"};
const Names kShapes = {
    "scalar",     "one",     "one-odd",   "one-negative", "row-1x6",     "middle-2x1x3",
    "column-6x1", "empty-0", "empty-0x3", "empty-3x0",    "empty-2x0x3", "empty-reversed",
    "vector",     "cube",    "columns",   "rank-8",       "rank-32",     "rank-64"};

void add_addresses(Probes& probes) {
  Names layouts = kSlices;
  layouts.insert(layouts.end(), {"scalar", "matrix", "fortran", "columns", "reversed", "rank-8"});
  for (const std::string& layout : layouts) probes.push_back(written({.layout = layout}));
  for (const char* dtype : {"bool", "int8", "uint16", "int64", "complex128"})
    probes.push_back(written({.dtype = dtype, .layout = "offset-one"}));
  for (const char* source : {"owned", "odd-element"})
    probes.push_back(written({.dtype = "int32", .source = source}));
  for (const std::string& layout : kSlices) {
    for (const auto& [asked, versioned] : kAskedFor)
      probes.push_back(placed(layout, asked, versioned));
  }
}

void add_shapes(Probes& probes) {
  for (const char* layout :
       {"columns", "rows", "fortran", "permuted", "diagonal", "block", "reversed-rows"})
    add_each(probes, "T-04", layout, "strides", {.layout = layout});
  for (const char* dtype : {"bool", "int16", "float64", "complex128"})
    add_each(probes, "T-04", "columns-" + std::string(dtype), "strides of columns",
             {.dtype = dtype, .layout = "columns"});
  for (const char* layout : {"vector", "matrix", "cube", "fortran", "one", "empty-0x3", "rank-8"})
    add(probes, "T-05", std::string(layout) + "-1.3", "strides", true, {.layout = layout});
  for (const char* source : {"plain", "owned"}) {
    add_each(probes, "T-07", "export-" + std::string(source), "a scalar",
             {.layout = "scalar", .source = source});
    for (const std::string& layout : kEmpty)
      add_each(probes, "T-08", layout + "-" + source, "data", {.layout = layout, .source = source});
  }
  for (const char* dtype : {"bool", "int64", "complex128"})
    add_each(probes, "T-07", "export-" + std::string(dtype), "a scalar",
             {.dtype = dtype, .layout = "scalar"});
  for (const std::string& layout : kShapes)
    add_each(probes, "T-09", layout, "shape", {.layout = layout});
  for (const char* layout : {"reversed", "reversed-rows", "reversed-columns", "reversed-cube"})
    add_each(probes, "T-10", "export-" + std::string(layout), "strides", {.layout = layout});
  for (const char* layout :
       {"broadcast-vector", "broadcast", "broadcast-rows", "broadcast-columns"})
    add_each(probes, "T-11", "export-" + std::string(layout) + "-plain", "strides",
             {.layout = layout});
  for (const Names& layouts : {kIdle, kEmpty}) {
    for (const std::string& layout : layouts)
      add_each(probes, "T-12", "export-" + layout, "strides", {.layout = layout});
  }
  for (const char* layout : {"windows", "windows-step", "rank-33", "rank-64"})
    add_each(probes, "T-31", "export-" + std::string(layout), "layout", {.layout = layout});
  for (const char* dtype : {"int16", "float32", "float64", "complex128"})
    add_each(probes, "T-32", "export-" + std::string(dtype), "at an odd address",
             {.dtype = dtype, .source = "odd-byte"});
}

void add_dtypes(Probes& probes) {
  for (const DTypeRow& row : dtypes()) {
    if (!row.dlpack) continue;
    const std::string dtype(row.name);
    const Of vector{.dtype = dtype, .layout = "vector"};
    add_each(probes, "T-14", dtype, "code", vector);
    for (const auto& [asked, versioned] : kAskedFor) {
      if (row.padded && !versioned) continue;
      add(probes, "H-11", dtype + "-" + asked, "code", versioned, {.dtype = dtype});
    }
    if (row.padded) add(probes, "H-12", dtype, "flags of elements in a byte each", true, vector);
    if (row.bits >= 8) add_each(probes, "T-15", dtype, "bits and lanes", vector);
    if (row.lanes == 1 && !row.padded) add_each(probes, "T-16", dtype, "lanes", vector);
    if (row.code > 6) add(probes, "T-28", dtype, "version with a dtype of 1.1", true, vector);
    if (row.bits >= 8) continue;
    add(probes, "T-19", dtype, "bits", true, vector);
    add(probes, "T-21", dtype, "flags and memory", true, vector);
    if (row.padded) continue;
    add(probes, "T-19", dtype + "-legacy", "bits, legacy", false, vector);
    for (const char* layout : {"scalar", "vector", "matrix", "cube"})
      add_each(probes, "T-20", dtype + "-" + layout, "order", {.dtype = dtype, .layout = layout});
  }
  for (const char* source : {"plain", "owned"}) {
    for (const char* layout : {"scalar", "vector", "columns"})
      add_each(probes, "T-17", std::string(layout) + "-" + source, "booleans",
               {.dtype = "bool", .layout = layout, .source = source});
    for (const char* dtype : {"complex32", "complex64", "complex128"})
      add_each(probes, "T-33", std::string(dtype) + "-" + source, "parts",
               {.dtype = dtype, .layout = "vector", .source = source});
  }
  for (const char* dtype : {"complex32", "complex64", "complex128"})
    add_each(probes, "T-33", std::string(dtype) + "-scalar", "parts",
             {.dtype = dtype, .layout = "scalar"});
}

void add_marks(Probes& probes) {
  for (const auto& [asked, versioned] : kAskedFor)
    add(probes, "H-09", asked, "device type", versioned, {});
  for (const char* source : {"plain", "owned", "guard-after"})
    add(probes, "H-13", source, "flags", true, {.source = source});
  for (const char* layout :
       {"scalar", "vector", "empty-0x3", "fortran", "columns", "reversed", "rank-8"})
    add(probes, "H-13", layout, "flags", true, {.layout = layout});
  for (const char* dtype :
       {"bool", "int64", "complex128", "bfloat16", "float8_e5m2", "float4_e2m1fnx2"})
    add(probes, "H-13", dtype, "flags", true, {.dtype = dtype, .layout = "vector"});
  add(probes, "H-13", "asked-1.3", "flags", true, {});
  add(probes, "H-17", "asked-1.3", "version", true, {});
  add(probes, "T-28", "asked-1.3", "version", true, {.layout = "vector"});
  for (const char* source : {"plain", "owned"})
    add_each(probes, "T-23", source, "device id", {.layout = "vector", .source = source});
  for (const char* source : {"plain", "owned", "guard-before", "guard-after", "odd-element"})
    add_each(probes, "T-24", source, "elements", {.layout = "vector", .source = source});
}

}  // namespace

void add_exports(Probes& probes) {
  add_addresses(probes);
  add_shapes(probes);
  add_dtypes(probes);
  add_marks(probes);
}

}  // namespace dlpack_conformance::kit
