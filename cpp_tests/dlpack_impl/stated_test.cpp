// Exports that state what a test wants, field by field, whatever the memory holds.
#include <dlpack_impl/consumer.h>
#include <dlpack_impl/error.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "tensors.h"

namespace dlpack_impl {
namespace {

using Numbers = std::vector<std::int64_t>;

VersionedPtr versioned(const test::Tensor& tensor, const Stated& stated,
                       const ExportOptions& options = {}) {
  return tensor.producer.export_stated_versioned(options, stated, {});
}

LegacyPtr legacy(const test::Tensor& tensor, const Stated& stated) {
  return tensor.producer.export_stated_legacy({}, stated, {});
}

TEST(Stated, WithoutFieldsIsTheOrdinaryExport) {
  const test::Tensor tensor("float32", {{2, 3}, {8, 2}, 4});
  const VersionedPtr managed = versioned(tensor, {});

  const DLTensor& out = managed->dl_tensor;
  EXPECT_EQ(out.data, tensor.buffer.first());
  EXPECT_EQ(out.ndim, 2);
  EXPECT_EQ(Numbers(out.shape, out.shape + 2), (Numbers{2, 3}));
  EXPECT_EQ(Numbers(out.strides, out.strides + 2), (Numbers{8, 2}));
  EXPECT_EQ(managed->flags, 0U);
}

TEST(Stated, EveryFieldIsStatedUnchecked) {
  const test::Tensor tensor;
  const Stated stated{.ndim = -1,
                      .shape = Numbers{-3, 7, 9},
                      .strides = Numbers{0, std::numeric_limits<std::int64_t>::min()},
                      .dtype = DType{200, 0, 0},
                      .device = Device{99, -4},
                      .data_offset = -8,
                      .byte_offset = ~std::uint64_t{0}};
  const VersionedPtr one = versioned(tensor, stated);
  const LegacyPtr other = legacy(tensor, stated);

  for (const DLTensor* out : {&one->dl_tensor, &other->dl_tensor}) {
    EXPECT_EQ(out->ndim, -1);
    EXPECT_EQ(Numbers(out->shape, out->shape + 3), (Numbers{-3, 7, 9}));
    EXPECT_EQ(Numbers(out->strides, out->strides + 2), *stated.strides);
    EXPECT_EQ(out->dtype.code, 200);
    EXPECT_EQ(out->dtype.bits, 0);
    EXPECT_EQ(out->dtype.lanes, 0);
    EXPECT_EQ(static_cast<int>(out->device.device_type), 99);
    EXPECT_EQ(out->device.device_id, -4);
    EXPECT_EQ(out->data, static_cast<char*>(tensor.buffer.first()) - 8);
    EXPECT_EQ(out->byte_offset, ~std::uint64_t{0});
  }
}

TEST(Stated, RankFollowsTheStatedShape) {
  const test::Tensor tensor;
  const VersionedPtr managed =
      versioned(tensor, {.shape = Numbers(100, 1), .strides = Numbers(100, 1)});

  EXPECT_EQ(managed->dl_tensor.ndim, 100);
  EXPECT_EQ(managed->dl_tensor.shape[99], 1);
  EXPECT_EQ(managed->dl_tensor.strides[99], 1);
}

TEST(Stated, OptionsMayBreakRulesToo) {
  const test::Tensor tensor;
  const VersionedPtr managed = versioned(
      tensor, {}, {.version = {0, 8}, .null_strides = true, .null_shape = true, .null_data = true});

  EXPECT_EQ(managed->version.major, 0U);
  EXPECT_EQ(managed->dl_tensor.data, nullptr);
  EXPECT_EQ(managed->dl_tensor.shape, nullptr);
  EXPECT_EQ(managed->dl_tensor.strides, nullptr);
}

TEST(Stated, DeleterWithoutContextIsCountedOnce) {
  RecordProperty("requirement", "T-29");
  const test::Tensor tensor;
  VersionedPtr one = versioned(tensor, {.null_context = true});
  LegacyPtr other = legacy(tensor, {.null_context = true});
  EXPECT_EQ(one->manager_ctx, nullptr);
  EXPECT_EQ(other->manager_ctx, nullptr);

  one.reset();
  EXPECT_EQ(tensor.log->deleter_calls(), 1);
  other.reset();
  EXPECT_EQ(tensor.log->deleter_calls(), 2);
  EXPECT_EQ(tensor.log->live(), 0);
  EXPECT_EQ(tensor.log->double_deletes(), 0);
}

TEST(Stated, PoisonedTailKeepsVersionAndDeleter) {
  RecordProperty("requirement", "C-08");
  const test::Tensor tensor;
  VersionedPtr managed = versioned(tensor, {.tail = Tail::kPoisoned}, {.version = {2, 0}});
  EXPECT_EQ(managed->version.major, 2U);
  EXPECT_LT(managed->dl_tensor.ndim, 0);
  EXPECT_NE(managed->flags, 0U);

  managed.reset();
  EXPECT_EQ(tensor.log->deleter_calls(), 1);
}

TEST(Stated, OurConsumerRefusesAnUnreadableTailAndFreesIt) {
  RecordProperty("requirement", "C-08");
  const test::Tensor tensor;

  EXPECT_THROW(Imported(versioned(tensor, {.tail = Tail::kUnreadable}, {.version = {2, 0}})),
               BufferError);
  EXPECT_EQ(tensor.log->deleter_calls(), 1);
  EXPECT_EQ(tensor.log->live(), 0);
}

TEST(StatedDeathTest, UnreadableTailCannotBeTouched) {
  const test::Tensor tensor;
  const VersionedPtr managed = versioned(tensor, {.tail = Tail::kUnreadable}, {.version = {2, 0}});

  EXPECT_DEATH((void)*static_cast<volatile std::uint64_t*>(&managed->flags), "");
}

}  // namespace
}  // namespace dlpack_impl
