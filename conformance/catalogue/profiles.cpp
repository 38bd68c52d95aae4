#include "catalogue/profiles.h"

#include <algorithm>
#include <array>

namespace dlpack_conformance {
namespace {

// A few of everything: one layout of each kind, one dtype of each kind that every library with
// arrays has.
#define DLCONFORM_FEW_DTYPES "int32 float32 complex64 qint8"
#define DLCONFORM_DEVICES "* !cpu"
#define DLCONFORM_FEW_LAYOUTS "scalar empty-3x0 matrix columns reversed broadcast-rows offset-one"

constexpr auto kQuick = std::to_array<ProductRow>({
    {.sources = "plain",
     .dtypes = "bool int8 int32 float32 bfloat16 complex64",
     .layouts = "scalar empty-3x0 matrix fortran columns broadcast-rows offset-one",
     .requests = "plain",
     .text = "every route on few dtypes and layouts"},
    {.sources = "plain owned",
     .dtypes = "int32 float32",
     .layouts = "matrix",
     .requests = "*",
     .text = "every request"},
    {.sources = "plain",
     .dtypes = "float32",
     .layouts = "reversed",
     .requests = "*",
     .text = "what some importers cannot hold"},
    {.sources = "*",
     .dtypes = "float32",
     .layouts = "matrix broadcast-rows",
     .requests = "plain",
     .text = "every source"},
    {.sources = "owned readonly conj neg quantised",
     .dtypes = "complex64 qint8 swapped-int32 record object",
     .layouts = "matrix reversed",
     .requests = "plain",
     .text = "dtypes that one library has"},
    {.sources = "plain owned",
     .dtypes = "int32 float32",
     .layouts = "matrix columns",
     .requests = "plain",
     .text = "devices",
     .devices = DLCONFORM_DEVICES},
    {.sources = "plain owned",
     .dtypes = "float32",
     .layouts = "scalar empty-3x0 matrix",
     .requests = "*",
     .text = "every request on devices",
     .devices = DLCONFORM_DEVICES},
});

constexpr auto kDefault = std::to_array<ProductRow>({
    {.sources = "plain owned",
     .dtypes = ":dlpack",
     .layouts = "* !:huge",
     .requests = "plain",
     .text = "all dtypes of DLPack x all layouts"},
    {.sources = "plain owned",
     .dtypes = "* !:dlpack",
     .layouts = DLCONFORM_FEW_LAYOUTS " empty-0 one-odd vector",
     .requests = "plain",
     .text = "all other dtypes x a layout of each kind"},
    {.sources = "plain",
     .dtypes = "int8 float32",
     .layouts = ":huge",
     .requests = "plain",
     .text = "more elements than 32 bits count"},
    {.sources = "*",
     .dtypes = DLCONFORM_FEW_DTYPES,
     .layouts = DLCONFORM_FEW_LAYOUTS,
     .requests = "plain",
     .text = "every source on a few dtypes and layouts"},
    {.sources = "plain",
     .dtypes = "bool int32 float32 bfloat16 complex64",
     .layouts = DLCONFORM_FEW_LAYOUTS " vector fortran permuted inner windows rank-5",
     .requests = "*",
     .text = "keywords on a few dtypes and layouts"},
    {.sources = "readonly owned",
     .dtypes = DLCONFORM_FEW_DTYPES,
     .layouts = "empty-3x0 matrix columns reversed",
     .requests = "*",
     .text = "keywords on other sources"},
    {.sources = "plain owned",
     .dtypes = "bool uint8 int16 int32 int64 float16 float32 complex128",
     .layouts = "scalar empty-3x0 vector matrix fortran columns reversed broadcast-rows offset-one",
     .requests = "plain",
     .text = "devices",
     .devices = DLCONFORM_DEVICES},
    {.sources = "plain owned",
     .dtypes = "int32 float32",
     .layouts = "scalar empty-3x0 matrix columns offset-one",
     .requests = "*",
     .text = "every request on devices",
     .devices = DLCONFORM_DEVICES},
});

constexpr auto kFull = std::to_array<ProductRow>({
    {.sources = "*",
     .dtypes = "*",
     .layouts = "*",
     .requests = "*",
     .text = "everything",
     .devices = "*"},
});

#undef DLCONFORM_FEW_DTYPES
#undef DLCONFORM_FEW_LAYOUTS
#undef DLCONFORM_DEVICES

constexpr auto kRows = std::to_array<ProfileRow>({
    {.name = "quick",
     .text = "a few thousand cases that touch every route, request and source",
     .products = kQuick},
    {.name = "default",
     .text = "all dtypes x all layouts, each other axis on a few of both",
     .products = kDefault},
    {.name = "full", .text = "every product of the axes", .products = kFull},
});

}  // namespace

std::span<const ProfileRow> profiles() { return kRows; }

const ProfileRow* find_profile(std::string_view name) {
  const auto* row = std::ranges::find(kRows, name, &ProfileRow::name);
  return row == kRows.end() ? nullptr : row;
}

}  // namespace dlpack_conformance
