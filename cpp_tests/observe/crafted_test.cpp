// Every crafted tensor can be made, and is malformed exactly where it breaks a rule of the header.
#include "observe/crafted.h"

#include <dlpack_impl/buffer.h>
#include <gtest/gtest.h>

#include <cctype>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "catalogue/layouts.h"

namespace dlpack_conformance {
namespace {

using dlpack_impl::LegacyPtr;
using dlpack_impl::VersionedPtr;

/// Memory of 4096 float32 elements, and a producer of one of its layouts.
struct Owner {
  explicit Owner(const LayoutRow& layout) {
    dlpack_impl::SourceTensor tensor;
    tensor.dtype = dlpack_impl::dtype_from_name("float32");
    tensor.shape.assign(layout.shape.begin(), layout.shape.end());
    tensor.strides.assign(layout.strides.begin(), layout.strides.end());
    tensor.origin = memory.data();
    producer = std::make_unique<dlpack_impl::Producer>(std::move(tensor), log);
  }
  std::vector<float> memory = std::vector<float>(4096);
  std::shared_ptr<dlpack_impl::ExportLog> log = std::make_shared<dlpack_impl::ExportLog>();
  std::unique_ptr<dlpack_impl::Producer> producer;
};

/// Whether the numbers alone could be right: 2^48 elements are more than any memory here. Floating
/// numbers hold what integers of 64 bits overflow with.
bool spans_memory(const DLTensor& tensor) {
  double lowest = 0;
  double highest = 0;
  double step = 1;
  for (int axis = tensor.ndim - 1; axis >= 0; --axis) {
    const auto extent = static_cast<double>(tensor.shape[axis]);
    if (extent == 0) return true;
    const double stride =
        tensor.strides != nullptr ? static_cast<double>(tensor.strides[axis]) : step;
    if (extent > 1) (stride < 0 ? lowest : highest) += (extent - 1) * stride;
    step *= extent;
  }
  constexpr double kLimit = 281474976710656.0;
  return -lowest < kLimit && highest < kLimit;
}

bool is_empty(const DLTensor& tensor) {
  for (int axis = 0; axis < tensor.ndim; ++axis) {
    if (tensor.shape[axis] == 0) return true;
  }
  return false;
}

/// The header's rules, written down here a second time.
bool keeps_rules(const DLTensor& tensor, bool strides_needed) {
  if (tensor.ndim < 0 || tensor.dtype.bits == 0 || tensor.dtype.lanes == 0) return false;
  if (tensor.ndim > 0 && (tensor.shape == nullptr || (strides_needed && tensor.strides == nullptr)))
    return false;
  for (int axis = 0; axis < tensor.ndim; ++axis) {
    if (tensor.shape[axis] < 0) return false;
  }
  if (tensor.device.device_type != kDLCPU || tensor.device.device_id != 0) return false;
  if (!is_empty(tensor) && (tensor.data == nullptr || tensor.byte_offset >> 48U != 0)) return false;
  return spans_memory(tensor);
}

class Crafted : public testing::TestWithParam<CraftedTensor> {};

std::string test_name(const testing::TestParamInfo<CraftedTensor>& info) {
  std::string name(info.param.name);
  std::erase_if(name,
                [](char letter) { return std::isalnum(static_cast<unsigned char>(letter)) == 0; });
  return name;
}

TEST_P(Crafted, VersionedIsMalformedWhereItBreaksARule) {
  const CraftedTensor& row = GetParam();
  const LayoutRow* layout = find_layout(row.layout);
  ASSERT_NE(layout, nullptr);
  const Owner owner(*layout);
  VersionedPtr made = owner.producer->export_stated_versioned(row.options, row.stated, {});

  const bool keeps =
      made->version.major == 1 && keeps_rules(made->dl_tensor, made->version.minor >= 2);
  EXPECT_EQ(row.malformed, !keeps);
  made.reset();
  EXPECT_EQ(owner.log->deleter_calls(), 1);
  EXPECT_EQ(owner.log->live(), 0);
}

TEST_P(Crafted, LegacyIsMalformedWhereItBreaksARule) {
  const CraftedTensor& row = GetParam();
  if (row.versioned_only) return;
  const Owner owner(*find_layout(row.layout));
  const LegacyPtr made = owner.producer->export_stated_legacy(row.options, row.stated, {});

  EXPECT_EQ(row.malformed, !keeps_rules(made->dl_tensor, false));
}

INSTANTIATE_TEST_SUITE_P(All, Crafted,
                         testing::ValuesIn(crafted_tensors().begin(), crafted_tensors().end()),
                         test_name);

TEST(CraftedTensors, HaveNamesOfTheirOwn) {
  std::set<std::string_view> names;
  for (const CraftedTensor& row : crafted_tensors()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.text.empty()) << row.name;
    EXPECT_EQ(find_crafted(row.name), &row);
  }
  EXPECT_EQ(find_crafted("no-such"), nullptr);
}

}  // namespace
}  // namespace dlpack_conformance
