#include "gtest/observer.h"

#include <dlpack_impl/consumer.h>
#include <dlpack_impl/error.h>

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include "catalogue/error.h"
#include "gtest/numbers.h"
#include "gtest/proof.h"
#include "gtest/thrown.h"
#include "gtest/traits_error.h"
#include "observe/read_export.h"

namespace dlpack_conformance::kit {
namespace {

using dlpack_impl::Buffer;

Ints ints(const std::vector<std::int64_t>& values) { return values; }

std::string spelled(const std::vector<std::int64_t>& values) {
  std::string text = "[";
  for (const std::int64_t value : values) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(value);
  }
  return text + "]";
}

/// A count that can be read, or none: extents may be anything that a library says.
std::optional<std::int64_t> readable_count(const std::vector<std::int64_t>& shape) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) {
    if (extent < 0) return std::nullopt;
    if (extent == 0) return 0;
  }
  for (const std::int64_t extent : shape) {
    if (extent > kMaxElements) return std::nullopt;
    count *= extent;
    if (count > kMaxElements) return std::nullopt;
  }
  return count;
}

std::span<const std::byte> bytes_of(const std::vector<std::byte>& bytes) { return bytes; }

std::shared_ptr<Buffer> make_memory(const Asked& asked, const Placing& place) {
  const dlpack_impl::Layout layout{{asked.layout->shape.begin(), asked.layout->shape.end()},
                                   {asked.layout->strides.begin(), asked.layout->strides.end()},
                                   asked.layout->offset + place.offset};
  const dlpack_impl::Template image(
      asked.type, layout, asked.raw.data(), asked.raw.size(),
      {.kind = place.kind, .alignment_bytes = place.alignment, .skew_bytes = place.skew});
  return std::make_shared<Buffer>(image.make());
}

}  // namespace

Placing place_of(const SourceRow& source) {
  return {.kind = dlpack_impl::find_memory_kind(template_kind(source.memory))
                      .value_or(dlpack_impl::MemoryKind::kOrdinary),
          .alignment = source.alignment,
          .skew = source.skew_bytes,
          .offset = source.skew_elems};
}

Asked asked_elements(std::string_view dtype, std::string_view layout) {
  Asked asked;
  asked.dtype = find_dtype(dtype);
  asked.layout = find_layout(layout);
  if (asked.dtype == nullptr) throw CatalogueError("source", "dtype", dtype, "a dtype of DLPack");
  if (asked.layout == nullptr) throw CatalogueError("source", "layout", layout, "a layout");
  asked.type = dlpack_impl::dtype_from_name(dtype);
  asked.numbers = element_values(*asked.dtype, *asked.layout);
  asked.raw = dlpack_impl::encode_elements(asked.type, asked.numbers);
  return asked;
}

std::string dtype_word(const Description& said) {
  const dlpack_impl::DType type = type_of(said);
  const DTypeRow* const row = find_dtype(type.code, type.bits, type.lanes, type.padded);
  return row != nullptr ? std::string(row->name) : dlpack_impl::dtype_name(type);
}

std::string device_word(const DLDevice& device) {
  return dlpack_impl::device_name(
      {static_cast<std::int32_t>(device.device_type), device.device_id});
}

// ---- making ----

void Observer::place(const std::shared_ptr<Buffer>& memory) {
  memory_ = memory;
  const std::int64_t front = memory->first_offset_bytes();
  origin_ = {.first = reinterpret_cast<std::uintptr_t>(memory->first()),
             .begin = -front,
             .end = static_cast<std::int64_t>(memory->size_bytes()) - front};
}

Array Observer::make(std::string_view dtype, std::string_view layout, std::string_view source) {
  const SourceRow* const row = find_source(source);
  if (row == nullptr) throw CatalogueError("source", "source", source, "a source");
  asked_ = asked_elements(dtype, layout);
  const bool ours = row->memory != SourceMemory::kLibrary;
  memory_.reset();
  Source made{.dtype = {asked_.type.code, asked_.type.bits, asked_.type.lanes},
              .dtype_name = std::string(dtype),
              .shape = {asked_.layout->shape.begin(), asked_.layout->shape.end()},
              .strides = {asked_.layout->strides.begin(), asked_.layout->strides.end()},
              .elements = asked_.raw};
  if (ours) {
    place(make_memory(asked_, place_of(*row)));
    made.first = memory_->first();
    made.memory = memory_;
  }
  return ours ? subject_.over(made) : subject_.own(made);
}

Array Observer::source(std::string_view dtype, std::string_view layout, std::string_view source) {
  const Array array = make(dtype, layout, source);
  const bool ours = memory_ != nullptr;
  if (!subject_.describe) {
    facts.source_shape = Ints(asked_.layout->shape.begin(), asked_.layout->shape.end());
    facts.source_dtype = std::string(dtype);
    return array;
  }
  try {
    before_ = subject_.describe(array);
  } catch (...) {
    throw TraitsError(subject_.name, "describe",
                      "threw over an array that " + std::string(ours ? "over" : "own") +
                          "() had made: " + thrown_text());
  }
  if (!ours) {
    const Extent extent = extent_elems(asked_.layout->shape, asked_.layout->strides);
    const auto item = static_cast<std::int64_t>(asked_.dtype->item_bytes());
    origin_ = {.first = reinterpret_cast<std::uintptr_t>(before_->first),
               .begin = extent.begin * item,
               .end = extent.end * item};
  }
  check_made(*before_, array);
  facts.source_shape = ints(before_->shape);
  facts.source_strides = ints(before_->strides);
  // What is said of elements that DLPack's triple cannot tell apart is what was asked for.
  facts.source_dtype = std::string(dtype);
  facts.source_device = device_word(before_->device);
  facts.source_address = before_->first == nullptr
                             ? "null"
                             : address_text(reinterpret_cast<std::uintptr_t>(before_->first),
                                            origin_, asked_.layout->has(kEmpty));
  facts.source_writable = before_->writable;
  return array;
}

void Observer::check_made(const Description& said, const Array& array) const {
  const bool ours = memory_ != nullptr;
  const std::string maker = ours ? "over()" : "own()";
  const auto fail = [&](const std::string& what, const std::string& got, const std::string& right) {
    throw TraitsError(subject_.name, "describe",
                      "says " + what + (got.empty() ? "" : " " + got) + " of an array that " +
                          maker + " was to make with " + right);
  };
  const std::vector<std::int64_t> shape(asked_.layout->shape.begin(), asked_.layout->shape.end());
  const std::vector<std::int64_t> strides(asked_.layout->strides.begin(),
                                          asked_.layout->strides.end());
  if (said.shape != shape) fail("shape", spelled(said.shape), spelled(shape));
  if (said.strides.size() != shape.size())
    fail(std::to_string(said.strides.size()) + " strides", "", std::to_string(shape.size()));
  if (said.dtype.code != asked_.type.code || said.dtype.bits != asked_.type.bits ||
      said.dtype.lanes != asked_.type.lanes)
    fail("dtype", dtype_word(said), std::string(asked_.dtype->name));
  const bool has_elements = asked_.layout->elements() > 0;
  if (ours && has_elements) {
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      if (shape[axis] > 1 && said.strides[axis] != strides[axis])
        fail("strides", spelled(said.strides), spelled(strides));
    }
    if (reinterpret_cast<std::uintptr_t>(said.first) != origin_.first)
      fail("another address of element 0", "", "the one it was given");
  }
  if (!subject_.read || !has_elements) return;
  std::vector<std::byte> got(asked_.raw.size());
  try {
    subject_.read(array, got.data());
  } catch (...) {
    if (asked_.type.is_sub_byte()) return;  // a library may have no reader for such elements
    throw TraitsError(subject_.name, "read",
                      "threw over an array that " + maker + " had made: " + thrown_text());
  }
  if (got != asked_.raw) {
    throw TraitsError(subject_.name, "read",
                      "gives other elements than " + maker + " was asked for: element " +
                          first_difference(asked_.type, asked_.raw, asked_.type, got));
  }
}

Giver Observer::crafted(const Crafted& crafted) {
  asked_ = asked_elements(crafted.dtype, crafted.layout);
  place(make_memory(asked_, crafted.place));
  before_ = Description{.shape = {asked_.layout->shape.begin(), asked_.layout->shape.end()},
                        .strides = {asked_.layout->strides.begin(), asked_.layout->strides.end()},
                        .dtype = {asked_.type.code, asked_.type.bits, asked_.type.lanes},
                        .first = memory_->first(),
                        .writable = !crafted.readonly,
                        .padded = asked_.type.padded};
  facts.source_shape = ints(before_->shape);
  facts.source_strides = ints(before_->strides);
  facts.source_dtype = crafted.dtype;
  facts.source_device = "cpu";
  facts.source_address = "0";
  facts.source_writable = before_->writable;
  return {asked_, crafted, takes_legacy(crafted.which), memory_};
}

Giver Observer::crafted_bytes(const Crafted& crafted, const std::vector<std::byte>& bytes) {
  LayoutRow line{.name = "bytes", .text = "any bytes"};
  line.shape.push_back(static_cast<std::int64_t>(bytes.size()));
  line.strides.push_back(1);
  Asked asked;
  asked.dtype = find_dtype("uint8");
  asked.type = dlpack_impl::dtype_from_name("uint8");
  asked.raw = bytes;
  asked.layout = &line;
  place(make_memory(asked, crafted.place));
  return {asked, crafted, takes_legacy(crafted.which), memory_};
}

bool Observer::takes_legacy(Struct which) const {
  return which == Struct::kLegacy || (which == Struct::kEither && !subject_.from_dlpack_versioned);
}

// ---- trying ----

Array Observer::take_quietly(const Giver& giver) {
  Managed managed = giver.give();
  const std::int64_t live = giver.log().live();
  step(Step::kExchange);
  try {
    Array result = managed.legacy != nullptr
                       ? subject_.from_dlpack(managed.legacy.get())
                       : subject_.from_dlpack_versioned(managed.versioned.get());
    managed.release();
    return result;
  } catch (...) {
    // Who frees a refused tensor is nobody's rule in C: where the library did, it is done.
    if (giver.log().live() < live) {
      managed.release();
    } else {
      refused_.push_back(std::move(managed));
    }
    throw;
  }
}

Array Observer::take(const Giver& giver) {
  facts.route_error.reset();
  facts.route_message.reset();
  try {
    Array result = take_quietly(giver);
    facts.route_returned = true;
    return result;
  } catch (...) {
    facts.route_returned = false;
    facts.route_error = thrown_class();
    facts.route_message = thrown_text();
  }
  return nullptr;
}

Managed Observer::give(const Array& array, bool versioned) const {
  Managed managed;
  if (versioned) {
    managed.versioned.reset(subject_.to_dlpack_versioned(array));
  } else {
    managed.legacy.reset(subject_.to_dlpack(array));
  }
  if (managed.empty()) {
    throw TraitsError(subject_.name, versioned ? "to_dlpack_versioned" : "to_dlpack",
                      "returned NULL; an export that is refused is an exception");
  }
  return managed;
}

Managed Observer::ask(const Array& array, bool versioned, std::string_view words) {
  facts.export_keywords = std::string(words);
  return ask(array, versioned);
}

Managed Observer::ask(const Array& array, bool versioned) {
  facts.export_error.reset();
  facts.export_message.reset();
  try {
    return give(array, versioned);
  } catch (const TraitsError&) {
    throw;
  } catch (...) {
    facts.export_error = thrown_class();
    facts.export_message = thrown_text();
  }
  return {};
}

void Observer::read_export(const Managed& managed) {
  const dlpack_impl::Reading reading = managed.reading();
  dlpack_conformance::read_export(facts, ReadGroup::kExport, reading, managed.kind(), origin_,
                                  bytes_of(asked_.raw));
  facts.capsule_has_deleter = reading.has_deleter;
}

// ---- looking ----

std::optional<std::vector<std::byte>> Observer::read(const Array& array) const {
  if (!subject_.read || !subject_.describe) return std::nullopt;
  try {
    const Description said = subject_.describe(array);
    const dlpack_impl::DType type = type_of(said);
    const std::optional<std::int64_t> count = readable_count(said.shape);
    if (!count || !dlpack_impl::is_known_dtype(type)) return std::nullopt;
    std::vector<std::byte> out(static_cast<std::size_t>(dlpack_impl::storage_bytes(type, *count)));
    if (*count > 0) subject_.read(array, out.data());
    return out;
  } catch (...) {
    return std::nullopt;
  }
}

void Observer::look(const Array& result) {
  step(Step::kRead);
  facts.result_own_type = true;
  if (!subject_.describe) return;
  std::vector<std::byte> got;
  try {
    after_ = subject_.describe(result);
    if (after_->strides.size() != after_->shape.size()) {
      throw TraitsError(subject_.name, "describe",
                        "gives " + std::to_string(after_->strides.size()) + " strides and " +
                            std::to_string(after_->shape.size()) + " extents");
    }
    facts.result_shape = ints(after_->shape);
    facts.result_strides = ints(after_->strides);
    facts.result_dtype = dtype_word(*after_);
    facts.result_device = device_word(after_->device);
    facts.result_address =
        after_->first == nullptr
            ? "null"
            : address_text(reinterpret_cast<std::uintptr_t>(after_->first), origin_, false);
    facts.result_writable = after_->writable;
    const std::optional<std::int64_t> count = readable_count(after_->shape);
    const dlpack_impl::DType type = type_of(*after_);
    if (!subject_.read || !count || !dlpack_impl::is_known_dtype(type)) return;
    got.resize(static_cast<std::size_t>(dlpack_impl::storage_bytes(type, *count)));
    if (*count > 0) subject_.read(result, got.data());
  } catch (const TraitsError&) {
    throw;
  } catch (...) {
    facts.result_error = thrown_class();
    facts.result_message = thrown_text();
    return;
  }
  if (asked_.numbers.empty() && asked_.layout == nullptr) return;
  const dlpack_impl::DType type = type_of(*after_);
  const std::optional<std::vector<std::byte>> asked = encoded(type, asked_);
  if (!asked) return;
  facts.result_values = got == *asked;
  if (got != *asked) facts.result_wrong = first_difference(type, *asked, type, got);
  if (before_ && !asked_.raw.empty()) {
    if (const auto where = relation(*before_, *after_)) facts.proof_address = *where;
  }
}

void Observer::compare_memory() {
  if (memory_ == nullptr) return;
  facts.memory_source = memory_->elements_changed() == 0;
  facts.memory_outside = memory_->outside_changed() == 0;
}

void Observer::prove(const Giver& giver, const Array& result) {
  step(Step::kWrite);
  const std::vector<std::int64_t> index = last_index(before_->shape);
  const auto& producer = giver.producer();
  const auto item = static_cast<std::size_t>(asked_.type.element_bytes());
  const Side ours{
      .said = *before_,
      .type = asked_.type,
      .get =
          [&] {
            std::vector<std::byte> element(item);
            producer.get(index, element.data());
            return element;
          },
      .set = [&](const std::vector<std::byte>& element) { producer.set(index, element.data()); }};
  dlpack_conformance::kit::prove(facts, ours, side_of(subject_, result, *after_), asked_,
                                 memory_.get(), true);
}

}  // namespace dlpack_conformance::kit
