#include "observe/abi.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>

#include "dlpack_impl/dlpack.h"
#include "observe/abi_in_c.h"

namespace dlpack_conformance {
namespace {

struct Constant {
  const char* name;
  Int value;
};

#define DLCONFORM_CONSTANT(name) \
  Constant { #name, static_cast < Int>(name) }

constexpr auto kDevices = std::to_array<Constant>({
    DLCONFORM_CONSTANT(kDLCPU),
    DLCONFORM_CONSTANT(kDLCUDA),
    DLCONFORM_CONSTANT(kDLCUDAHost),
    DLCONFORM_CONSTANT(kDLOpenCL),
    DLCONFORM_CONSTANT(kDLVulkan),
    DLCONFORM_CONSTANT(kDLMetal),
    DLCONFORM_CONSTANT(kDLVPI),
    DLCONFORM_CONSTANT(kDLROCM),
    DLCONFORM_CONSTANT(kDLROCMHost),
    DLCONFORM_CONSTANT(kDLExtDev),
    DLCONFORM_CONSTANT(kDLCUDAManaged),
    DLCONFORM_CONSTANT(kDLOneAPI),
    DLCONFORM_CONSTANT(kDLWebGPU),
    DLCONFORM_CONSTANT(kDLHexagon),
    DLCONFORM_CONSTANT(kDLMAIA),
    DLCONFORM_CONSTANT(kDLTrn),
});

constexpr auto kCodes = std::to_array<Constant>({
    DLCONFORM_CONSTANT(kDLInt),
    DLCONFORM_CONSTANT(kDLUInt),
    DLCONFORM_CONSTANT(kDLFloat),
    DLCONFORM_CONSTANT(kDLOpaqueHandle),
    DLCONFORM_CONSTANT(kDLBfloat),
    DLCONFORM_CONSTANT(kDLComplex),
    DLCONFORM_CONSTANT(kDLBool),
    DLCONFORM_CONSTANT(kDLFloat8_e3m4),
    DLCONFORM_CONSTANT(kDLFloat8_e4m3),
    DLCONFORM_CONSTANT(kDLFloat8_e4m3b11fnuz),
    DLCONFORM_CONSTANT(kDLFloat8_e4m3fn),
    DLCONFORM_CONSTANT(kDLFloat8_e4m3fnuz),
    DLCONFORM_CONSTANT(kDLFloat8_e5m2),
    DLCONFORM_CONSTANT(kDLFloat8_e5m2fnuz),
    DLCONFORM_CONSTANT(kDLFloat8_e8m0fnu),
    DLCONFORM_CONSTANT(kDLFloat6_e2m3fn),
    DLCONFORM_CONSTANT(kDLFloat6_e3m2fn),
    DLCONFORM_CONSTANT(kDLFloat4_e2m1fn),
});

constexpr auto kFlags = std::to_array<Constant>({
    DLCONFORM_CONSTANT(DLPACK_FLAG_BITMASK_READ_ONLY),
    DLCONFORM_CONSTANT(DLPACK_FLAG_BITMASK_IS_COPIED),
    DLCONFORM_CONSTANT(DLPACK_FLAG_BITMASK_IS_SUBBYTE_TYPE_PADDED),
});

#undef DLCONFORM_CONSTANT

void add_constants(Facts& facts, std::span<const Constant> constants) {
  facts.abi_names.emplace();
  facts.abi_codes.emplace();
  for (const Constant& one : constants) {
    facts.abi_names->emplace_back(one.name);
    facts.abi_codes->push_back(one.value);
  }
}

StructLayout layout_of_row(const DlconformAbiRow& row) {
  StructLayout layout{static_cast<Int>(row.size), {}};
  for (std::size_t at = 0; at < row.count; ++at)
    layout.offsets.push_back(static_cast<Int>(row.offsets[at]));
  return layout;
}

StructLayout in_c(std::string_view name) {
  std::size_t count = 0;
  const DlconformAbiRow* const rows = dlconform_abi_in_c(&count);
  const auto* const row = std::find_if(
      rows, rows + count, [&](const DlconformAbiRow& candidate) { return candidate.name == name; });
  return row == rows + count ? StructLayout{} : layout_of_row(*row);
}

/// Its own members, then those of its tensor.
StructLayout versioned_with_tensor() {
  StructLayout whole =
      layout_of(&DLManagedTensorVersioned::version, &DLManagedTensorVersioned::manager_ctx,
                &DLManagedTensorVersioned::deleter, &DLManagedTensorVersioned::flags,
                &DLManagedTensorVersioned::dl_tensor);
  const StructLayout tensor =
      layout_of(&DLTensor::data, &DLTensor::device, &DLTensor::ndim, &DLTensor::dtype,
                &DLTensor::shape, &DLTensor::strides, &DLTensor::byte_offset);
  const Int begin = whole.offsets.back();
  for (const Int offset : tensor.offsets) whole.offsets.push_back(begin + offset);
  return whole;
}

/// Both headers' layouts, tensors included; no entry where there is one header alone.
void add_other_header(std::vector<AbiEntry>& entries) {
  unsigned version[2] = {0, 0};
  const DlconformAbiRow* const row = dlconform_abi_of_other_header(version);
  if (row == nullptr) return;
  const StructLayout other = layout_of_row(*row);
  const StructLayout own = versioned_with_tensor();
  Facts facts;
  facts.abi_size = own.size;
  facts.abi_offsets = own.offsets;
  facts.abi_version = Ints{DLPACK_MAJOR_VERSION, DLPACK_MINOR_VERSION};
  facts.abi_other_version = Ints{version[0], version[1]};
  facts.abi_other_size = other.size;
  facts.abi_other_offsets = other.offsets;
  entries.push_back({"other-header", std::move(facts)});
}

}  // namespace

Facts facts_of(const StructLayout& in_cxx, const StructLayout& in_c) {
  Facts facts;
  facts.abi_size = in_cxx.size;
  facts.abi_offsets = in_cxx.offsets;
  facts.abi_same_in_c = in_cxx == in_c;
  return facts;
}

std::vector<AbiEntry> abi_entries() {
  std::vector<AbiEntry> entries;
  const auto add = [&](std::string_view name, const StructLayout& layout) {
    entries.push_back({name, facts_of(layout, in_c(name))});
  };
  add("DLPackVersion", layout_of(&DLPackVersion::major, &DLPackVersion::minor));
  add("DLDevice", layout_of(&DLDevice::device_type, &DLDevice::device_id));
  add("DLDataType", layout_of(&DLDataType::code, &DLDataType::bits, &DLDataType::lanes));
  add("DLTensor", layout_of(&DLTensor::data, &DLTensor::device, &DLTensor::ndim, &DLTensor::dtype,
                            &DLTensor::shape, &DLTensor::strides, &DLTensor::byte_offset));
  add("DLManagedTensor", layout_of(&DLManagedTensor::dl_tensor, &DLManagedTensor::manager_ctx,
                                   &DLManagedTensor::deleter));
  add("DLManagedTensorVersioned",
      layout_of(&DLManagedTensorVersioned::version, &DLManagedTensorVersioned::manager_ctx,
                &DLManagedTensorVersioned::deleter, &DLManagedTensorVersioned::flags,
                &DLManagedTensorVersioned::dl_tensor));
  add("DLPackExchangeAPIHeader",
      layout_of(&DLPackExchangeAPIHeader::version, &DLPackExchangeAPIHeader::prev_api));
  add("DLPackExchangeAPI",
      layout_of(&DLPackExchangeAPI::header, &DLPackExchangeAPI::managed_tensor_allocator,
                &DLPackExchangeAPI::managed_tensor_from_py_object_no_sync,
                &DLPackExchangeAPI::managed_tensor_to_py_object_no_sync,
                &DLPackExchangeAPI::dltensor_from_py_object_no_sync,
                &DLPackExchangeAPI::current_work_stream));
  Facts devices = facts_of_enum<DLDeviceType>();
  add_constants(devices, kDevices);
  entries.push_back({"DLDeviceType", std::move(devices)});
  Facts codes;
  add_constants(codes, kCodes);
  entries.push_back({"DLDataTypeCode", std::move(codes)});
  Facts flags;
  add_constants(flags, kFlags);
  entries.push_back({"flags", std::move(flags)});
  add_other_header(entries);
  return entries;
}

}  // namespace dlpack_conformance
