// What an export states, field by field, read from the struct itself and not through the consumer.
#include <dlpack_impl/error.h>
#include <dlpack_impl/producer.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "layout_kinds.h"
#include "tensors.h"

namespace dlpack_impl {
namespace {

const Layout kRows{{2, 3}, {3, 1}, 0};
const Layout kColumns{{2, 3}, {1, 2}, 0};
const Layout kScalar{{}, {}, 0};
const Layout kEmpty{{0, 3}, {3, 1}, 0};

template <class Exception, class Call>
void expect_refused(Call call, const std::string& field) {
  try {
    call();
    ADD_FAILURE() << field << " was taken";
  } catch (const Exception& error) {
    EXPECT_EQ(std::string(error.what()).rfind(field + ": ", 0), 0U) << error.what();
    EXPECT_NE(std::string(error.what()).find("; limit: "), std::string::npos) << error.what();
  }
}

TEST(Producer, VersionedExportStatesEveryField) {
  RecordProperty("requirement", "T-01 T-04 T-05 T-28 H-13");
  const test::Tensor tensor("float32", {{2, 3}, {8, 2}, 4});
  const VersionedPtr managed = tensor.versioned();

  EXPECT_EQ(managed->version.major, 1U);
  EXPECT_EQ(managed->version.minor, 3U);
  EXPECT_EQ(managed->flags, 0U);
  EXPECT_NE(managed->deleter, nullptr);
  const DLTensor& out = managed->dl_tensor;
  EXPECT_EQ(out.data, tensor.buffer.first());
  EXPECT_EQ(out.byte_offset, 0U);
  EXPECT_EQ(out.device.device_type, 1);
  EXPECT_EQ(out.device.device_id, 0);
  EXPECT_EQ(out.ndim, 2);
  EXPECT_EQ(out.dtype.code, 2);
  EXPECT_EQ(out.dtype.bits, 32);
  EXPECT_EQ(out.dtype.lanes, 1);
  EXPECT_EQ(std::vector<std::int64_t>(out.shape, out.shape + 2), (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(std::vector<std::int64_t>(out.strides, out.strides + 2),
            (std::vector<std::int64_t>{8, 2}));
}

TEST(Producer, LegacyExportStatesEveryField) {
  const test::Tensor tensor("int16x3", {{4}, {-2}, 6});
  const LegacyPtr managed = tensor.legacy();

  const DLTensor& out = managed->dl_tensor;
  EXPECT_EQ(out.data, static_cast<char*>(tensor.buffer.origin()) + 6 * 6);
  EXPECT_EQ(out.ndim, 1);
  EXPECT_EQ(out.dtype.lanes, 3);
  EXPECT_EQ(out.shape[0], 4);
  EXPECT_EQ(out.strides[0], -2);
  EXPECT_NE(managed->deleter, nullptr);
}

TEST(Producer, AnyVersionIsStated) {
  RecordProperty("requirement", "T-28");
  const test::Tensor tensor;
  for (const Version version : {Version{1, 0}, Version{1, 1}, Version{1, 2}, Version{1, 3},
                                Version{1, 99}, Version{2, 0}}) {
    ExportOptions options;
    options.version = version;
    const VersionedPtr managed = tensor.versioned(options);
    EXPECT_EQ(managed->version.major, version.major);
    EXPECT_EQ(managed->version.minor, version.minor);
  }
  ExportOptions old;
  old.version = kLegacyVersion;
  expect_refused<InvalidArgument>([&] { static_cast<void>(tensor.versioned(old)); }, "version");
  old.break_rules = true;
  EXPECT_EQ(tensor.versioned(old)->version.minor, 8U);
}

TEST(Producer, FlagsFollowTheStateUnlessGiven) {
  RecordProperty("requirement", "P-33 P-35 T-21");
  EXPECT_EQ(test::Tensor(dtype_from_name("int8"), kRows, {}, true).versioned()->flags, 1U);
  EXPECT_EQ(test::Tensor("float4_e2m1fn-padded").versioned()->flags, 4U);
  ExportOptions options;
  options.flags = (std::uint64_t{1} << 40) | 3U;
  EXPECT_EQ(test::Tensor().versioned(options)->flags, (std::uint64_t{1} << 40) | 3U);
}

TEST(Producer, PaddedTypesNeedAVersionWithTheFlag) {
  RecordProperty("requirement", "T-21");
  const test::Tensor tensor("float4_e2m1fn-padded");
  ExportOptions options;
  expect_refused<BufferError>([&] { static_cast<void>(tensor.legacy(options)); }, "dtype");
  options.version = {1, 0};
  expect_refused<BufferError>([&] { static_cast<void>(tensor.versioned(options)); }, "dtype");
  options.version = {1, 1};
  EXPECT_EQ(tensor.versioned(options)->flags, 4U);
  options.flags = 0;
  expect_refused<InvalidArgument>([&] { static_cast<void>(tensor.versioned(options)); }, "flags");
}

TEST(Producer, NullStridesOnlyWhereVersionAndLayoutAllow) {
  RecordProperty("requirement", "T-05 T-06");
  ExportOptions options;
  options.null_strides = true;
  const test::Tensor rows("float32", kRows);
  const test::Tensor columns("float32", kColumns);
  EXPECT_EQ(rows.legacy(options)->dl_tensor.strides, nullptr);
  expect_refused<InvalidArgument>([&] { static_cast<void>(columns.legacy(options)); }, "strides");
  for (const std::uint32_t minor : {0U, 1U, 2U, 3U}) {
    options.version = {1, minor};
    if (minor < 2) {
      EXPECT_EQ(rows.versioned(options)->dl_tensor.strides, nullptr);
    } else {
      expect_refused<InvalidArgument>([&] { static_cast<void>(rows.versioned(options)); },
                                      "strides");
    }
  }
  EXPECT_EQ(test::Tensor("float32", kScalar).versioned(options)->dl_tensor.strides, nullptr);
  options.break_rules = true;
  EXPECT_EQ(rows.versioned(options)->dl_tensor.strides, nullptr);
  EXPECT_EQ(columns.versioned(options)->dl_tensor.strides, nullptr);
}

TEST(Producer, NullShapeOnlyOfScalars) {
  RecordProperty("requirement", "T-07 T-09");
  ExportOptions options;
  options.null_shape = true;
  EXPECT_EQ(test::Tensor("int8", kScalar).versioned(options)->dl_tensor.shape, nullptr);
  expect_refused<InvalidArgument>([&] { static_cast<void>(test::Tensor().versioned(options)); },
                                  "shape");
  EXPECT_NE(test::Tensor("int8", kScalar).versioned()->dl_tensor.shape, nullptr);
}

TEST(Producer, NullDataOnlyOfEmptyTensors) {
  RecordProperty("requirement", "T-08");
  ExportOptions options;
  options.null_data = true;
  EXPECT_EQ(test::Tensor("int8", kEmpty).versioned(options)->dl_tensor.data, nullptr);
  EXPECT_NE(test::Tensor("int8", kEmpty).versioned()->dl_tensor.data, nullptr);
  expect_refused<InvalidArgument>([&] { static_cast<void>(test::Tensor().versioned(options)); },
                                  "data");
}

TEST(Producer, OffsetIsCarriedWhereAsked) {
  RecordProperty("requirement", "T-01 T-03");
  const test::Tensor tensor("int16", {{3}, {1}, 5});
  ExportOptions options;
  options.offset_in = OffsetIn::kByteOffset;
  const VersionedPtr managed = tensor.versioned(options);
  EXPECT_EQ(managed->dl_tensor.data, tensor.buffer.origin());
  EXPECT_EQ(managed->dl_tensor.byte_offset, 10U);

  const Producer before(
      {dtype_from_name("int16"), {1}, {1}, tensor.buffer.first(), -2, kCpu, false}, tensor.log);
  expect_refused<InvalidArgument>([&] { static_cast<void>(before.export_versioned(options, {})); },
                                  "byte_offset");
  EXPECT_EQ(before.export_versioned({}, {})->dl_tensor.data,
            static_cast<char*>(tensor.buffer.first()) - 2);
}

TEST(Producer, AnotherDeviceIsStatedWhenAsked) {
  ExportOptions options;
  options.device = Device{2, 3};
  const VersionedPtr managed = test::Tensor().versioned(options);
  EXPECT_EQ(managed->dl_tensor.device.device_type, 2);
  EXPECT_EQ(managed->dl_tensor.device.device_id, 3);
}

TEST(Producer, ExportsAreIndependent) {
  RecordProperty("requirement", "P-16 T-27");
  const test::Tensor tensor;
  VersionedPtr one = tensor.versioned();
  const VersionedPtr two = tensor.versioned();
  one->dl_tensor.shape[0] = 99;
  EXPECT_NE(one->dl_tensor.shape, two->dl_tensor.shape);
  one.reset();
  EXPECT_EQ(two->dl_tensor.shape[0], 2);
  EXPECT_EQ(tensor.producer.tensor().shape[0], 2);
}

TEST(Producer, ExportOutlivesProducerAndLog) {
  RecordProperty("requirement", "P-14");
  auto memory = std::make_shared<std::vector<float>>(6, 1.5F);
  const std::weak_ptr<std::vector<float>> alive = memory;
  VersionedPtr managed;
  {
    const Producer producer({dtype_from_name("float32"), {6}, {1}, memory->data(), 0, kCpu, false},
                            std::make_shared<ExportLog>());
    managed = producer.export_versioned({}, keep(std::move(memory)));
  }
  EXPECT_EQ(static_cast<float*>(managed->dl_tensor.data)[5], 1.5F);
  EXPECT_FALSE(alive.expired());
  managed.reset();
  EXPECT_TRUE(alive.expired());
}

TEST(Producer, CopyIsCompactWritableAndItsOwn) {
  RecordProperty("requirement", "P-29 P-32 P-34");
  const test::Tensor tensor(dtype_from_name("int16"), {{2, 3}, {-3, -1}, 8}, {}, true);
  const VersionedPtr managed = tensor.producer.copy_versioned({});
  const DLTensor& out = managed->dl_tensor;

  EXPECT_EQ(managed->flags, 2U);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(out.data) % 256, 0U);
  EXPECT_EQ(std::vector<std::int64_t>(out.strides, out.strides + 2),
            (std::vector<std::int64_t>{3, 1}));
  EXPECT_EQ(std::memcmp(out.data, tensor.stamp.raw().data(), 12), 0);
  std::memset(out.data, 0, 12);
  EXPECT_EQ(tensor.buffer.elements_changed(), 0);
}

TEST(Producer, LegacyCopyAndEmptyCopyWork) {
  const test::Tensor tensor("float4_e2m1fn", {{3}, {1}, 2});
  const LegacyPtr managed = tensor.producer.copy_legacy({});
  EXPECT_EQ(std::memcmp(managed->dl_tensor.data, tensor.stamp.raw().data(), 2), 0);
  EXPECT_EQ(test::Tensor("int8", kEmpty).producer.copy_versioned({})->dl_tensor.shape[1], 3);
}

TEST(Producer, RefusesTensorsThatNoStructCanSay) {
  const auto log = std::make_shared<ExportLog>();
  char memory[8] = {};
  const auto make = [&](DType dtype, std::vector<std::int64_t> shape,
                        std::vector<std::int64_t> strides, void* origin) {
    return [=] { Producer({dtype, shape, strides, origin, 0, kCpu, false}, log); };
  };
  const DType int8 = dtype_from_name("int8");
  expect_refused<InvalidArgument>(make({0, 4, 1, false}, {1}, {1}, memory), "dtype");
  expect_refused<InvalidArgument>(make(int8, {1, 1}, {1}, memory), "strides");
  expect_refused<InvalidArgument>(make(int8, {-1}, {1}, memory), "shape[0]");
  expect_refused<InvalidArgument>(make(int8, {1}, {1}, nullptr), "origin");
  expect_refused<InvalidArgument>(make(int8, {3}, {std::int64_t{1} << 60}, memory), "strides");
  expect_refused<InvalidArgument>(
      make(int8, std::vector<std::int64_t>(65, 1), std::vector<std::int64_t>(65, 1), memory),
      "ndim");
  EXPECT_NO_THROW(make(int8, {0}, {1}, nullptr)());
}

TEST(Producer, IndexOutsideTheShapeIsRefused) {
  const test::Tensor tensor;
  EXPECT_THROW(static_cast<void>(tensor.producer.address({0, 3})), InvalidArgument);
  EXPECT_THROW(static_cast<void>(tensor.producer.address({-1, 0})), InvalidArgument);
  EXPECT_THROW(static_cast<void>(tensor.producer.address({0})), InvalidArgument);
}

TEST(ProducerStrides, AreCompactRowMajor) {
  EXPECT_EQ(producer_strides({2, 3, 4}), (std::vector<std::int64_t>{12, 4, 1}));
  EXPECT_EQ(producer_strides({}), std::vector<std::int64_t>{});
  EXPECT_EQ(producer_strides({5, 0, 2}), (std::vector<std::int64_t>{0, 0, 0}));
}

TEST(MakeTensor, GivesFreshZeroedMemory) {
  RecordProperty("requirement", "X-23");
  const VersionedPtr managed =
      make_tensor(dtype_from_name("int32"), {2, 2}, kCpu, std::make_shared<ExportLog>());
  const auto* data = static_cast<std::int32_t*>(managed->dl_tensor.data);
  EXPECT_EQ(managed->flags, 0U);
  EXPECT_EQ(data[0] | data[1] | data[2] | data[3], 0);
  EXPECT_EQ(managed->dl_tensor.strides[0], 2);
  EXPECT_THROW(static_cast<void>(make_tensor(dtype_from_name("int8"), {1}, {2, 0},
                                             std::make_shared<ExportLog>())),
               BufferError);
  EXPECT_THROW(static_cast<void>(make_tensor(dtype_from_name("int8"), {(std::int64_t{1} << 30) + 1},
                                             kCpu, std::make_shared<ExportLog>())),
               InvalidArgument);
}

}  // namespace
}  // namespace dlpack_impl
