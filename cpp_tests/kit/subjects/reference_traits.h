// Traits of the instrument itself: the library whose records the Python engine writes as
// `reference`. Faults are derived from it.
#pragma once

#include <dlpack_conformance/kit.h>
#include <dlpack_impl/consumer.h>
#include <dlpack_impl/exchange_api.h>
#include <dlpack_impl/producer.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace dlpack_conformance::test {

/// Elements of the reference, and what keeps them.
struct ReferenceArray {
  dlpack_impl::SourceTensor tensor;
  std::shared_ptr<void> memory;

  [[nodiscard]] dlpack_impl::TensorView view() const {
    return {tensor.dtype, tensor.origin, tensor.shape, tensor.strides, tensor.device};
  }
};

inline ReferenceArray taken_over(std::shared_ptr<dlpack_impl::Imported> imported) {
  const dlpack_impl::TensorView& view = imported->view();
  return {.tensor = {.dtype = view.dtype(),
                     .shape = view.shape().to_vector(),
                     .strides = view.strides().to_vector(),
                     .origin = view.first(),
                     .device = view.device(),
                     .readonly = imported->header().read_only()},
          .memory = std::move(imported)};
}

struct ReferenceTraits {
  using Array = ReferenceArray;
  static constexpr const char* name = "reference";

  static std::string version() { return "1"; }

  static Array over(const kit::Source& source) {
    return {.tensor = {.dtype = dlpack_impl::dtype_from_name(source.dtype_name),
                       .shape = source.shape,
                       .strides = source.strides,
                       .origin = source.first},
            .memory = source.memory};
  }

  static kit::Description describe(const Array& array) {
    const dlpack_impl::SourceTensor& tensor = array.tensor;
    return {.shape = tensor.shape,
            .strides = tensor.strides,
            .dtype = {tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes},
            // There is one CPU, whatever number it was given.
            .device = {static_cast<DLDeviceType>(tensor.device.type),
                       tensor.device.type == kDLCPU ? 0 : tensor.device.id},
            .first = tensor.origin,
            .writable = !tensor.readonly,
            .padded = tensor.dtype.padded};
  }

  static void read(const Array& array, void* out) {
    const std::vector<std::byte> raw = array.view().read_raw();
    std::memcpy(out, raw.data(), raw.size());
  }

  static void write(Array& array, const std::int64_t* index, const void* element) {
    array.view().set({index, array.tensor.shape.size()}, element);
  }

  static DLManagedTensor* to_dlpack(const Array& array) {
    return producer(array).export_legacy({}, dlpack_impl::keep(array.memory)).release();
  }
  static DLManagedTensorVersioned* to_dlpack_versioned(const Array& array) {
    return producer(array).export_versioned({}, dlpack_impl::keep(array.memory)).release();
  }
  static Array from_dlpack(DLManagedTensor* tensor) {
    return taken_over(std::make_shared<dlpack_impl::Imported>(dlpack_impl::LegacyPtr(tensor)));
  }
  static Array from_dlpack_versioned(DLManagedTensorVersioned* tensor) {
    return taken_over(std::make_shared<dlpack_impl::Imported>(dlpack_impl::VersionedPtr(tensor)));
  }

  static const DLPackExchangeAPI* exchange_table() {
    static const DLPackExchangeAPI table =
        dlpack_impl::make_table(table_export, table_import, table_borrow);
    return &table;
  }
  static void* to_object(const Array& array) { return const_cast<Array*>(&array); }
  static Array from_object(void* object) {
    const std::unique_ptr<Array> array(static_cast<Array*>(object));
    return *array;
  }

 private:
  static dlpack_impl::Producer producer(const Array& array) {
    return {array.tensor, std::make_shared<dlpack_impl::ExportLog>()};
  }

  static int table_export(void* object, DLManagedTensorVersioned** out) noexcept {
    try {
      *out = to_dlpack_versioned(*static_cast<const Array*>(object));
      return 0;
    } catch (...) {
      return -1;
    }
  }
  static int table_import(DLManagedTensorVersioned* tensor, void** out) noexcept {
    try {
      *out = new Array(from_dlpack_versioned(tensor));
      return 0;
    } catch (...) {
      return -1;
    }
  }
  static int table_borrow(void* object, DLTensor* out) noexcept {
    const dlpack_impl::SourceTensor& tensor = static_cast<const Array*>(object)->tensor;
    *out = {.data = tensor.origin,
            .device = {static_cast<DLDeviceType>(tensor.device.type), tensor.device.id},
            .ndim = static_cast<std::int32_t>(tensor.shape.size()),
            .dtype = {tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes},
            .shape = const_cast<std::int64_t*>(tensor.shape.data()),
            .strides = const_cast<std::int64_t*>(tensor.strides.data()),
            .byte_offset = 0};
    return 0;
  }
};

}  // namespace dlpack_conformance::test
