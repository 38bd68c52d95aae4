// Imports and dtypes: codes, widths and lanes that few libraries have, and ends of each range.
#include <bit>
#include <cfloat>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "gtest/numbers.h"
#include "gtest/taking.h"
#include "gtest/thrown.h"

namespace dlpack_conformance::kit {
namespace {

using dlpack_impl::DType;
using Bytes = std::vector<std::byte>;
using Shape = std::vector<std::int64_t>;

/// Bytes that go out as some dtype. `has_reading`: a dtype of this code and width has numbers; of
/// others no reading is right.
struct Raw {
  Bytes bytes;
  DType dtype;
  Shape shape;
  bool has_reading = false;
};

Shape row_major(const Shape& shape) {
  Shape strides(shape.size(), 1);
  for (std::size_t axis = shape.size(); axis-- > 1;)
    strides[axis - 1] = strides[axis] * shape[axis];
  return strides;
}

/// What the library reads, where its dtype is the one that was handed over.
void compare(Observer& observer, const Array& result, const Raw& raw) {
  Facts& facts = observer.facts;
  const Subject& library = observer.library();
  observer.step(Step::kRead);
  if (!library.describe) return;
  try {
    const Description said = library.describe(result);
    facts.result_shape = said.shape;
    facts.result_dtype = dtype_word(said);
    const DType type = type_of(said);
    const bool is_kept = type == raw.dtype;
    if (!raw.has_reading && !is_kept) {
      facts.result_values = false;
      facts.result_wrong = "no dtype has this code and width";
    }
    // A library that keeps what was stated has read nothing yet.
    if (!raw.has_reading || !is_kept || said.shape != raw.shape || !library.read) return;
    Bytes got(raw.bytes.size());
    library.read(result, got.data());
    facts.result_values = got == raw.bytes;
    if (got != raw.bytes) facts.result_wrong = "other bytes";
  } catch (...) {
    facts.result_error = thrown_class();
  }
}

/// `name`: the dtype in the catalogue's words, where it has one. `flags`: exactly these.
Run raw_offer(Raw raw, Struct which, std::string name = {}, dlpack_impl::Version version = {1, 3},
              std::optional<std::uint64_t> flags = {}) {
  return [=](Observer& observer) {
    Crafted crafted{.which = which};
    crafted.options.version = version;
    crafted.options.flags = flags;
    crafted.stated = dlpack_impl::Stated{
        .shape = raw.shape, .strides = row_major(raw.shape), .dtype = raw.dtype};
    const Giver giver = observer.crafted_bytes(crafted, raw.bytes);
    Facts& facts = observer.facts;
    facts.source_shape = raw.shape;
    facts.source_device = "cpu";
    facts.export_dtype = Ints{raw.dtype.code, raw.dtype.bits, raw.dtype.lanes};
    if (!name.empty()) facts.source_dtype = name;
    {
      const Array result = observer.take(giver);
      facts.export_capsule = giver.is_legacy() ? "dltensor" : "dltensor_versioned";
      if (!giver.is_legacy()) facts.export_version = Ints{version.major, version.minor};
      if (result != nullptr) compare(observer, result, raw);
      observer.step(Step::kRelease);
    }
    close(observer, giver.log());
  };
}

template <class T>
void put(Bytes& bytes, T value) {
  const auto begin = bytes.size();
  bytes.resize(begin + sizeof(T));
  std::memcpy(bytes.data() + begin, &value, sizeof(T));
}

template <class T>
Bytes packed(std::initializer_list<T> values) {
  Bytes bytes;
  for (const T value : values) put(bytes, value);
  return bytes;
}

/// 0, 1, 2 ... as little-endian integers of `size` bytes.
Bytes counted(std::size_t count, std::size_t size) {
  Bytes bytes(count * size);
  for (std::size_t at = 0; at < count; ++at) bytes[at * size] = static_cast<std::byte>(at);
  return bytes;
}

Bytes floats(std::size_t count) {
  Bytes bytes;
  for (std::size_t at = 0; at < count; ++at) put(bytes, static_cast<float>(at));
  return bytes;
}

/// 16, 17 ... 23.
Bytes eight() {
  Bytes bytes;
  for (int value = 16; value < 24; ++value) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

/// 1, 2, 4 and 8 as IEEE binary128.
Bytes quads() {
  Bytes bytes(64);
  for (std::size_t at = 0; at < 4; ++at) {
    bytes[16 * at + 14] = static_cast<std::byte>(0xFF + at);
    bytes[16 * at + 15] = static_cast<std::byte>((0x3FFF + at) >> 8);
  }
  return bytes;
}

std::vector<std::pair<std::string, Raw>> foreign() {
  const Bytes eight_bytes = eight();
  const Bytes f32 = floats(8);
  return {
      {"code-200", {f32, {200, 32, 1}, {8}}},
      {"code-18", {eight_bytes, {18, 8, 1}, {8}}},
      {"code-19", {f32, {19, 32, 1}, {8}}},
      {"code-255", {eight_bytes, {255, 8, 1}, {8}}},
      {"int-bits-1", {eight_bytes, {0, 1, 1}, {64}, true}},
      {"int-bits-4", {eight_bytes, {0, 4, 1}, {16}, true}},
      {"uint-bits-4", {eight_bytes, {1, 4, 1}, {16}, true}},
      {"uint-bits-1", {eight_bytes, {1, 1, 1}, {64}, true}},
      {"int-bits-24", {counted(8, 3), {0, 24, 1}, {8}, true}},
      {"int-bits-128", {counted(4, 16), {0, 128, 1}, {4}, true}},
      {"uint-bits-128", {counted(4, 16), {1, 128, 1}, {4}, true}},
      {"uint-bits-7", {eight_bytes, {1, 7, 1}, {8}}},
      {"float-bits-8", {eight_bytes, {2, 8, 1}, {8}}},
      {"float-bits-24", {counted(8, 3), {2, 24, 1}, {8}}},
      {"float-bits-80", {Bytes(80), {2, 80, 1}, {8}, true}},
      {"float-bits-128", {quads(), {2, 128, 1}, {4}, true}},
      {"bfloat-bits-32", {f32, {4, 32, 1}, {8}}},
      {"bfloat-bits-8", {eight_bytes, {4, 8, 1}, {8}}},
      {"complex-bits-16", {Bytes(16), {5, 16, 1}, {8}}},
      {"complex-bits-96", {Bytes(96), {5, 96, 1}, {8}}},
      {"bool-bits-1", {eight_bytes, {6, 1, 1}, {64}, true}},
      {"bool-bits-16", {counted(8, 2), {6, 16, 1}, {8}, true}},
      {"bool-bits-32", {counted(8, 4), {6, 32, 1}, {8}, true}},
      {"fp8-bits-16", {counted(8, 2), {10, 16, 1}, {8}}},
      {"float32-lanes-2", {f32, {2, 32, 2}, {4}, true}},
      {"float32-lanes-4", {f32, {2, 32, 4}, {2}, true}},
      {"float32-lanes-3", {floats(6), {2, 32, 3}, {2}, true}},
      {"int8-lanes-4", {eight_bytes, {0, 8, 4}, {2}, true}},
      {"uint8-lanes-256", {Bytes(512), {1, 8, 256}, {2}, true}},
      {"bool-lanes-8", {packed<std::uint8_t>({0, 1, 0, 1, 0, 1, 0, 1}), {6, 8, 8}, {1}, true}},
      {"opaque-bits-32", {f32, {3, 32, 1}, {8}}},
  };
}

template <class T>
void add_integer(std::vector<std::pair<std::string, Raw>>& found) {
  using Unsigned = std::make_unsigned_t<T>;
  constexpr auto kBits = static_cast<std::uint8_t>(8 * sizeof(T));
  using Signed = std::numeric_limits<T>;
  const auto most = std::numeric_limits<Unsigned>::max();
  const auto top = static_cast<Unsigned>(most / 2 + 1);
  found.emplace_back(
      "int" + std::to_string(kBits),
      Raw{packed<T>({Signed::min(), Signed::max(), T{-1}, T{0}}), {0, kBits, 1}, {4}, true});
  found.emplace_back("uint" + std::to_string(kBits),
                     Raw{packed<Unsigned>({Unsigned{0}, most, top, static_cast<Unsigned>(top - 1)}),
                         {1, kBits, 1},
                         {4},
                         true});
}

template <class T>
void add_floating(std::vector<std::pair<std::string, Raw>>& found) {
  constexpr auto kBits = static_cast<std::uint8_t>(8 * sizeof(T));
  using Limits = std::numeric_limits<T>;
  const T least = Limits::denorm_min();
  const Bytes bytes = packed<T>({least, -least, Limits::max(), Limits::lowest(), Limits::infinity(),
                                 -Limits::infinity(), T{-0.0}, 3 * least});
  found.emplace_back("float" + std::to_string(kBits), Raw{bytes, {2, kBits, 1}, {8}, true});
  found.emplace_back("complex" + std::to_string(2 * kBits),
                     Raw{bytes, {5, static_cast<std::uint8_t>(2 * kBits), 1}, {4}, true});
}

/// Elements at the ends of each dtype's range, by its name.
std::vector<std::pair<std::string, Raw>> extremes() {
  std::vector<std::pair<std::string, Raw>> found;
  add_integer<std::int8_t>(found);
  add_integer<std::int16_t>(found);
  add_integer<std::int32_t>(found);
  add_integer<std::int64_t>(found);
  found.emplace_back(
      "float16",
      Raw{packed<std::uint16_t>({0x0001, 0x8001, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x8000, 0x0003}),
          {2, 16, 1},
          {8},
          true});
  add_floating<float>(found);
  add_floating<double>(found);
  return found;
}

void add_widths(Probes& probes) {
  Bytes bytes;
  for (int repeat = 0; repeat < 4; ++repeat) {
    const Bytes more = eight();
    bytes.insert(bytes.end(), more.begin(), more.end());
  }
  for (const auto& [name, dtype] :
       {std::pair("fp6-e2m3-bits-8", DType{15, 8, 1}),
        std::pair("fp6-e2m3-bits-4", DType{15, 4, 1}),
        std::pair("fp6-e3m2-bits-8", DType{16, 8, 1}),
        std::pair("fp6-e3m2-bits-16", DType{16, 16, 1}), std::pair("fp4-bits-8", DType{17, 8, 1}),
        std::pair("fp4-bits-6", DType{17, 6, 1}), std::pair("fp4-bits-2", DType{17, 2, 1}),
        std::pair("fp4-bits-8-lanes-2", DType{17, 8, 2})}) {
    for (const std::uint32_t minor : {1u, 3u}) {
      probes.push_back({"C-21", std::string(name) + "-1." + std::to_string(minor),
                        "fp6 or fp4 with another width", Need::kImportVersioned,
                        raw_offer({bytes, dtype, {8}}, Struct::kVersioned, {}, {1, minor})});
    }
  }
}

void add_padded(Probes& probes) {
  for (const char* name :
       {"float6_e2m3fn-padded", "float6_e3m2fn-padded", "float4_e2m1fn-padded"}) {
    probes.push_back(
        {"C-48", name, "padded elements", Need::kImportVersioned,
         taking({.crafted = {.dtype = name, .layout = "vector", .which = Struct::kVersioned}})});
  }
  const Bytes six = packed<std::uint8_t>({1, 2, 3, 4, 5, 6});
  const std::vector<std::pair<std::string, Raw>> flagged = {
      {"int4", {six, {0, 4, 1}, {6}, true}},
      {"uint4", {six, {1, 4, 1}, {6}, true}},
      {"bool-bits-1", {packed<std::uint8_t>({0, 1, 1, 0, 1, 0}), {6, 1, 1}, {6}, true}},
      {"int8", {packed<std::uint8_t>({1, 2, 3}), {0, 8, 1}, {3}, true}}};
  for (const auto& [name, raw] : flagged) {
    probes.push_back({"C-48", name + "-flagged", "padded elements", Need::kImportVersioned,
                      raw_offer(raw, Struct::kVersioned, {}, {1, 3}, 4)});
  }
}

}  // namespace

void add_consumer_dtypes(Probes& probes) {
  add_widths(probes);
  add_padded(probes);
  for (const auto& [kind, which] : kKinds) {
    for (const auto& [name, raw] : foreign()) {
      probes.push_back({"C-22", name + "-" + kind, "a dtype that few or none have", need_of(which),
                        raw_offer(raw, which)});
    }
    for (const auto& [name, raw] : extremes()) {
      probes.push_back({"C-42", "extremes-" + name + (which == Struct::kLegacy ? "-legacy" : ""),
                        "elements at the ends of the range", need_of(which),
                        raw_offer(raw, which, name)});
    }
    for (const auto& [name, dtype] :
         {std::pair("bits-64", DType{3, 64, 1}), std::pair("bits-32", DType{3, 32, 1})}) {
      probes.push_back({"T-26", std::string(name) + "-" + kind, "opaque handles", need_of(which),
                        raw_offer({Bytes(64), dtype, {8}}, which)});
    }
  }
  for (const Generation& generation : kGenerations) {
    for (const char* dtype : {"float64", "int8", "uint16", "int64", "complex64", "bool"}) {
      probes.push_back({"C-42", std::string(dtype) + "-" + generation.name,
                        "the same elements in each version", need_of(generation.which),
                        taking({.crafted = of(generation, dtype, "matrix")})});
    }
  }
}

}  // namespace dlpack_conformance::kit
