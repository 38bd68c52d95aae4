// The official header against a table of our own (bytes, LP64): what is expected here was written
// down from releases 1.0 to 1.3 and never read from the header that is tested.
#include <dlpack_impl/dlpack.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include "abi_rows.h"

namespace {

using Table = std::map<std::string, unsigned long long>;

const AbiRow kRowsInCxx[] = {
#include "abi_rows.inc"
};

Table rows_in_c() {
  std::size_t count = 0;
  const AbiRow* rows = abi_rows_in_c(&count);
  Table table;
  for (std::size_t i = 0; i < count; ++i) table[rows[i].name] = rows[i].value;
  return table;
}

Table rows_in_cxx() {
  Table table;
  for (const AbiRow& row : kRowsInCxx) table[row.name] = row.value;
  return table;
}

const Table kLayout = {
    {"sizeof DLPackVersion", 8},
    {"DLPackVersion.major", 0},
    {"DLPackVersion.minor", 4},
    {"sizeof DLDeviceType", 4},
    {"sizeof DLDataTypeCode", 4},
    {"sizeof DLDevice", 8},
    {"DLDevice.device_type", 0},
    {"DLDevice.device_id", 4},
    {"sizeof DLDataType", 4},
    {"DLDataType.code", 0},
    {"DLDataType.bits", 1},
    {"DLDataType.lanes", 2},
    {"sizeof DLTensor", 48},
    {"DLTensor.data", 0},
    {"DLTensor.device", 8},
    {"DLTensor.ndim", 16},
    {"DLTensor.dtype", 20},
    {"DLTensor.shape", 24},
    {"DLTensor.strides", 32},
    {"DLTensor.byte_offset", 40},
    {"sizeof DLManagedTensor", 64},
    {"DLManagedTensor.dl_tensor", 0},
    {"DLManagedTensor.manager_ctx", 48},
    {"DLManagedTensor.deleter", 56},
    {"sizeof DLManagedTensorVersioned", 80},
    {"DLManagedTensorVersioned.version", 0},
    {"DLManagedTensorVersioned.manager_ctx", 8},
    {"DLManagedTensorVersioned.deleter", 16},
    {"DLManagedTensorVersioned.flags", 24},
    {"DLManagedTensorVersioned.dl_tensor", 32},
    {"sizeof DLPackExchangeAPIHeader", 16},
    {"DLPackExchangeAPIHeader.version", 0},
    {"DLPackExchangeAPIHeader.prev_api", 8},
    {"sizeof DLPackExchangeAPI", 56},
    {"DLPackExchangeAPI.header", 0},
    {"DLPackExchangeAPI.managed_tensor_allocator", 16},
    {"DLPackExchangeAPI.managed_tensor_from_py_object_no_sync", 24},
    {"DLPackExchangeAPI.managed_tensor_to_py_object_no_sync", 32},
    {"DLPackExchangeAPI.dltensor_from_py_object_no_sync", 40},
    {"DLPackExchangeAPI.current_work_stream", 48},
};

const Table kNumbers = {
    {"DLPACK_FLAG_BITMASK_READ_ONLY", 1},
    {"DLPACK_FLAG_BITMASK_IS_COPIED", 2},
    {"DLPACK_FLAG_BITMASK_IS_SUBBYTE_TYPE_PADDED", 4},
    {"kDLInt", 0},
    {"kDLUInt", 1},
    {"kDLFloat", 2},
    {"kDLOpaqueHandle", 3},
    {"kDLBfloat", 4},
    {"kDLComplex", 5},
    {"kDLBool", 6},
    {"kDLFloat8_e3m4", 7},
    {"kDLFloat8_e4m3", 8},
    {"kDLFloat8_e4m3b11fnuz", 9},
    {"kDLFloat8_e4m3fn", 10},
    {"kDLFloat8_e4m3fnuz", 11},
    {"kDLFloat8_e5m2", 12},
    {"kDLFloat8_e5m2fnuz", 13},
    {"kDLFloat8_e8m0fnu", 14},
    {"kDLFloat6_e2m3fn", 15},
    {"kDLFloat6_e3m2fn", 16},
    {"kDLFloat4_e2m1fn", 17},
    {"kDLCPU", 1},
    {"kDLCUDA", 2},
    {"kDLCUDAHost", 3},
    {"kDLOpenCL", 4},
    {"kDLVulkan", 7},
    {"kDLMetal", 8},
    {"kDLVPI", 9},
    {"kDLROCM", 10},
    {"kDLROCMHost", 11},
    {"kDLExtDev", 12},
    {"kDLCUDAManaged", 13},
    {"kDLOneAPI", 14},
    {"kDLWebGPU", 15},
    {"kDLHexagon", 16},
    {"kDLMAIA", 17},
    {"kDLTrn", 18},
};

Table expected() {
  Table table = kLayout;
  table.insert(kNumbers.begin(), kNumbers.end());
  return table;
}

TEST(Abi, CxxSeesTheTable) {
  RecordProperty("requirement", "H-01 H-02 H-03 H-04 H-05 H-06 H-09 H-11 H-12 H-14 H-15");
  EXPECT_EQ(rows_in_cxx(), expected());
}

TEST(Abi, CSeesTheTable) {
  RecordProperty("requirement", "H-16");
  EXPECT_EQ(rows_in_c(), expected());
}

TEST(Abi, DeviceTypeHasSignedBaseType) {
  RecordProperty("requirement", "H-10");
  EXPECT_TRUE((std::is_same_v<std::underlying_type_t<DLDeviceType>, std::int32_t>));
}

TEST(Abi, VersionInForceIsNewEnough) {
  EXPECT_EQ(DLPACK_MAJOR_VERSION, 1);
  EXPECT_GE(DLPACK_MINOR_VERSION, 3);
}

}  // namespace
