// Producer to consumer for every dtype and every kind of layout: elements, addresses, and bytes
// left alone.
#include <dlpack_impl/consumer.h>
#include <dlpack_impl/error.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "layout_kinds.h"
#include "tensors.h"

namespace dlpack_impl {
namespace {

std::vector<std::string> dtype_names() {
  std::vector<std::string> names;
  for (const NamedDType& row : all_dtypes()) names.emplace_back(row.name);
  names.insert(names.end(), {"float32x4", "uint8x3", "float4_e2m1fnx2", "float4_e2m1fnx3",
                             "float6_e2m3fnx2-padded"});
  return names;
}

class RoundTrip : public testing::TestWithParam<test::LayoutKind> {
 protected:
  // Each dtype in the layout; packed types only where element 0 begins at a byte, as DLPack can say
  // no other.
  template <class Check>
  void for_each_dtype(Check check) {
    for (const std::string& name : dtype_names()) {
      const DType dtype = dtype_from_name(name);
      if (!begins_at_byte(dtype, kind_.layout)) continue;
      SCOPED_TRACE(name);
      test::Tensor tensor(dtype, kind_.layout);
      check(dtype, tensor);
    }
  }

  const test::LayoutKind& kind_ = GetParam();
};

TEST_P(RoundTrip, EveryElementIsReadWhereItWasWritten) {
  RecordProperty("requirement", "T-01 T-04 T-20 C-16 C-42");
  std::map<std::int64_t, std::size_t> last;  // the index whose value an element holds
  for (std::size_t i = 0; i < kind_.hits.size(); ++i) last[kind_.hits[i]] = i;
  for_each_dtype([&](DType dtype, test::Tensor& tensor) {
    const auto values = test::plain_values(dtype, kind_.layout.element_count());
    const Imported imported(tensor.versioned());
    const TensorView& view = imported.view();
    std::size_t i = 0;
    for (IndexWalk walk(kind_.layout.shape); !walk.done(); walk.next(), ++i) {
      const std::int64_t byte = kind_.hits[i] * dtype.element_bits() / 8;
      EXPECT_EQ(view.address(walk.index()), static_cast<char*>(tensor.buffer.origin()) + byte);
      EXPECT_EQ(tensor.producer.address(walk.index()), view.address(walk.index()));
      const auto wanted =
          values.begin() + static_cast<std::ptrdiff_t>(last[kind_.hits[i]] * dtype.lanes);
      EXPECT_EQ(view.at(walk.index()), std::vector<Number>(wanted, wanted + dtype.lanes)) << i;
    }
  });
}

TEST_P(RoundTrip, AllElementsAtOnceAreTheTemplatesBytes) {
  RecordProperty("requirement", "C-29");
  for_each_dtype([&](DType, test::Tensor& tensor) {
    const std::vector<std::byte>& raw = tensor.stamp.raw();
    const Imported imported(tensor.versioned());
    EXPECT_EQ(imported.view().read_raw(), raw);
    EXPECT_EQ(tensor.producer.gather(), raw);
    EXPECT_TRUE(imported.view().equals_raw(raw.data(), raw.size()));
    EXPECT_FALSE(imported.view().equals_raw(raw.data(), raw.size() + 1));
    EXPECT_EQ(imported.view().span_bytes(), tensor.stamp.span_bytes());
    EXPECT_EQ(tensor.buffer.elements_changed() + tensor.buffer.outside_changed(), 0);
  });
}

TEST_P(RoundTrip, AWriteOnEitherSideHitsThatElementAlone) {
  for_each_dtype([&](DType dtype, test::Tensor& tensor) {
    const std::vector<std::byte>& raw = tensor.stamp.raw();
    const Imported imported(tensor.versioned());
    std::vector<std::byte> wanted(static_cast<std::size_t>(dtype.element_bytes()));
    std::vector<std::byte> found(wanted.size());
    for (IndexWalk walk(kind_.layout.shape); !walk.done(); walk.next()) {
      tensor.producer.get(walk.index(), wanted.data());
      wanted[0] ^= std::byte{1};
      if (walk.position() % 2 == 0) {
        tensor.producer.set(walk.index(), wanted.data());
        imported.view().get(walk.index(), found.data());
      } else {
        imported.view().set(walk.index(), wanted.data());
        tensor.producer.get(walk.index(), found.data());
      }
      EXPECT_EQ(found, wanted);
      EXPECT_EQ(tensor.buffer.elements_changed(), 1);
      EXPECT_EQ(tensor.buffer.outside_changed(), 0);
      EXPECT_FALSE(imported.view().equals_raw(raw.data(), raw.size()));
      tensor.buffer.refill();
    }
  });
}

std::string kind_name(const testing::TestParamInfo<test::LayoutKind>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(All, RoundTrip, testing::ValuesIn(test::layout_kinds()), kind_name);

TEST(HugeTensor, IsReadWithoutItsMemory) {
  const Layout layout{{(std::int64_t{1} << 31) + 5, 3}, {0, 1}, 0};
  const DType dtype = dtype_from_name("int32");
  const auto raw = encode_elements(dtype, {std::int64_t{7}, std::int64_t{8}, std::int64_t{9}});
  const Template stamp(dtype, layout, raw.data(), raw.size(), {MemoryKind::kGuardAfter});
  const Buffer buffer = stamp.make();
  const Producer producer({dtype, layout.shape, layout.strides, buffer.origin(), 0, kCpu, false},
                          std::make_shared<ExportLog>());
  const Imported imported(producer.export_versioned({}, {}));
  const TensorView& view = imported.view();

  EXPECT_EQ(view.element_count(), 3 * ((std::int64_t{1} << 31) + 5));
  EXPECT_EQ(view.at({std::int64_t{1} << 31, 2}), std::vector<Number>{std::int64_t{9}});
  EXPECT_EQ(view.read_distinct(), raw);
  EXPECT_THROW(static_cast<void>(view.read_raw()), InvalidArgument);
  EXPECT_THROW(static_cast<void>(producer.gather()), BufferError);
}

}  // namespace
}  // namespace dlpack_impl
