#include "gtest/giving.h"

#include <cstring>

#include "gtest/census.h"

namespace dlpack_conformance::kit {

std::uintptr_t address_of(const Managed& managed) {
  const DLTensor& tensor = *managed.reading().tensor;
  return reinterpret_cast<std::uintptr_t>(tensor.data) + tensor.byte_offset;
}

std::vector<std::byte> raw_of(const Managed& managed) {
  return dlpack_impl::TensorView(managed.reading(), dlpack_impl::Rules::kReadable).read_raw();
}

bool in_place(const Observer& observer, const Managed& managed) {
  const auto offset = static_cast<std::int64_t>(address_of(managed) - observer.origin().first);
  return observer.origin().begin <= offset && offset < observer.origin().end;
}

void churn() {
  constexpr unsigned char kOther = 0xA5;
  std::vector<std::unique_ptr<unsigned char[]>> kept;
  for (std::size_t size = 16; size < 2048; size += 16) {
    kept.push_back(std::make_unique<unsigned char[]>(size));
    std::memset(kept.back().get(), kOther, size);
  }
}

void read(Observer& observer, const Managed& managed) {
  const dlpack_impl::Reading reading = managed.reading();
  if (reading.tensor != nullptr) {
    const DLTensor& tensor = *reading.tensor;
    observer.facts.export_device = Ints{tensor.device.device_type, tensor.device.device_id};
    observer.facts.export_ndim = tensor.ndim;
    observer.facts.export_shape_null = tensor.shape == nullptr;
    // Python has no pointer to nothing: a scalar's shape is there for it, whatever the pointer is.
    if (tensor.ndim == 0) observer.facts.export_shape_null = false;
  }
  observer.step(Step::kRead);
  observer.read_export(managed);
}

std::pair<Array, Managed> exported(Observer& observer, std::string_view dtype,
                                   std::string_view layout, std::string_view source,
                                   bool versioned) {
  Array array = observer.source(dtype, layout, source);
  observer.step(Step::kExport);
  Managed managed = observer.ask(array, versioned, words_of(versioned));
  if (!managed.empty()) read(observer, managed);
  return {std::move(array), std::move(managed)};
}

Array any_source(Observer& observer, std::string_view dtype, std::string_view layout) {
  const Census& census = census_of(observer.library());
  for (const char* source : {"plain", "owned"}) {
    for (const char* usual : {"matrix", "vector"}) {
      const std::string_view wanted = layout.empty() ? usual : layout;
      if (census.makes(source, dtype, wanted)) return observer.source(dtype, wanted, source);
    }
  }
  observer.facts.route_absent = observer.library().name + " makes no " + std::string(dtype) +
                                " of layout " + std::string(layout.empty() ? "matrix" : layout);
  return nullptr;
}

}  // namespace dlpack_conformance::kit
