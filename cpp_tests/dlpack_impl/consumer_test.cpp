// What the consumer takes, refuses and leaves alone. Structs are filled by hand: the producer would
// not state most.
#include <dlpack_impl/consumer.h>
#include <dlpack_impl/error.h>
#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

namespace dlpack_impl {
namespace {

// A hand-made managed tensor; its deleter counts and frees nothing.
template <class Managed>
struct HandMade {
  std::vector<std::int16_t> memory = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  std::vector<std::int64_t> shape = {2, 3};
  std::vector<std::int64_t> strides = {3, 1};
  std::atomic<int> deletes{0};
  Managed managed{};

  HandMade() {
    managed.manager_ctx = this;
    managed.deleter = [](Managed* self) { ++static_cast<HandMade*>(self->manager_ctx)->deletes; };
    managed.dl_tensor = {memory.data(), {kDLCPU, 0},    2, {kDLInt, 16, 1},
                         shape.data(),  strides.data(), 0};
    if constexpr (std::is_same_v<Managed, DLManagedTensorVersioned>) managed.version = {1, 3};
  }
  HandMade(const HandMade&) = delete;
  HandMade& operator=(const HandMade&) = delete;

  DLTensor& tensor() { return managed.dl_tensor; }
  std::unique_ptr<Managed, RunDeleter> take() {
    return std::unique_ptr<Managed, RunDeleter>(&managed);
  }
};

using Versioned = HandMade<DLManagedTensorVersioned>;
using Legacy = HandMade<DLManagedTensor>;

std::vector<std::int64_t> numbers(const TensorView& view) {
  std::vector<std::int64_t> found;
  for (IndexWalk walk(view.shape()); !walk.done(); walk.next()) {
    found.push_back(std::get<std::int64_t>(view.at(walk.index())[0]));
  }
  return found;
}

const std::vector<std::int64_t> kCounting = {0, 1, 2, 3, 4, 5};

// Imports what `spoil` left of a good tensor: refused with the field's name, and deleted exactly
// once.
template <class Exception, class Spoil>
void expect_refused(Spoil spoil, const std::string& field) {
  Versioned made;
  spoil(made);
  try {
    const Imported imported(made.take());
    ADD_FAILURE() << field << " was taken";
  } catch (const Exception& error) {
    EXPECT_EQ(std::string(error.what()).rfind(field + ": ", 0), 0U) << error.what();
    EXPECT_NE(std::string(error.what()).find("; limit: "), std::string::npos) << error.what();
  }
  EXPECT_EQ(made.deletes, 1) << field;
}

TEST(Consumer, ReadsBothStructs) {
  Versioned versioned;
  Legacy legacy;
  EXPECT_EQ(numbers(Imported(versioned.take()).view()), kCounting);
  EXPECT_EQ(numbers(Imported(legacy.take()).view()), kCounting);
  EXPECT_EQ(versioned.deletes, 1);
  EXPECT_EQ(legacy.deletes, 1);
}

TEST(Consumer, HeaderIsReadWithoutAnyCall) {
  Versioned made;
  made.managed.flags = 1 | std::uint64_t{1} << 40;
  const Reading reading = read_header(made.managed);

  EXPECT_EQ(*reading.version, (Version{1, 3}));
  EXPECT_EQ(*reading.flags, 1 | std::uint64_t{1} << 40);
  EXPECT_TRUE(reading.read_only());
  EXPECT_FALSE(reading.is_copied());
  EXPECT_TRUE(reading.has_deleter);
  EXPECT_TRUE(reading.has_context);
  EXPECT_EQ(made.deletes, 0);
  EXPECT_FALSE(read_header(Legacy().managed).version.has_value());
  EXPECT_FALSE(read_header(Legacy().managed).flags.has_value());
}

TEST(Consumer, OtherMajorIsDeletedAndNothingElseIsTouched) {
  RecordProperty("requirement", "C-08 X-32");
  for (const std::uint32_t major : {0U, 2U, 99U}) {
    expect_refused<BufferError>(
        [major](Versioned& made) {
          made.managed.version = {major, 0};
          // Any use of these faults.
          made.tensor().shape = made.tensor().strides = reinterpret_cast<std::int64_t*>(8);
          made.tensor().data = reinterpret_cast<void*>(8);
          made.tensor().ndim = std::numeric_limits<std::int32_t>::max();
        },
        "version.major");
  }
}

TEST(Consumer, HigherMinorIsTaken) {
  RecordProperty("requirement", "C-09");
  Versioned made;
  made.managed.version.minor = 99;
  EXPECT_EQ(numbers(Imported(made.take()).view()), kCounting);
}

TEST(Consumer, NullStridesAreCompactWhereTheVersionHasThem) {
  RecordProperty("requirement", "C-17 C-18 C-54");
  Legacy legacy;
  legacy.tensor().strides = nullptr;
  EXPECT_EQ(numbers(Imported(legacy.take()).view()), kCounting);
  for (const std::uint32_t minor : {0U, 1U}) {
    Versioned made;
    made.managed.version.minor = minor;
    made.tensor().strides = nullptr;
    const Imported imported(made.take());
    EXPECT_EQ(numbers(imported.view()), kCounting);
    EXPECT_EQ(imported.view().strides().to_vector(), (std::vector<std::int64_t>{3, 1}));
  }
  expect_refused<InvalidArgument>([](Versioned& made) { made.tensor().strides = nullptr; },
                                  "strides");
}

TEST(Consumer, ReadableRulesTakeNullStridesOfAnyVersion) {
  Versioned made;
  made.tensor().strides = nullptr;
  const TensorView view(read_header(made.managed), Rules::kReadable);
  EXPECT_EQ(numbers(view), kCounting);
}

TEST(Consumer, ScalarsMayHaveNullShapeAndStrides) {
  RecordProperty("requirement", "C-19");
  Versioned made;
  made.tensor().ndim = 0;
  made.tensor().shape = made.tensor().strides = nullptr;
  EXPECT_EQ(numbers(Imported(made.take()).view()), std::vector<std::int64_t>{0});
}

TEST(Consumer, EmptyTensorsMayHaveAnyDataAndStrides) {
  RecordProperty("requirement", "C-20 T-12");
  for (void* data : {static_cast<void*>(nullptr), reinterpret_cast<void*>(8)}) {
    Versioned made;
    made.shape = {0, std::numeric_limits<std::int64_t>::max()};
    made.strides = {std::numeric_limits<std::int64_t>::min(), 5};
    made.tensor().data = data;
    const Imported imported(made.take());
    EXPECT_EQ(imported.view().element_count(), 0);
    EXPECT_TRUE(imported.view().read_raw().empty());
    EXPECT_TRUE(imported.view().equals_raw(nullptr, 0));
  }
  Legacy legacy;
  legacy.shape = {0, std::numeric_limits<std::int64_t>::max()};
  legacy.tensor().strides = nullptr;
  EXPECT_EQ(Imported(legacy.take()).view().element_count(), 0);
}

TEST(Consumer, ByteOffsetIsHonoured) {
  RecordProperty("requirement", "C-15");
  Versioned made;
  made.tensor().byte_offset = 4;
  EXPECT_EQ(numbers(Imported(made.take()).view()), (std::vector<std::int64_t>{2, 3, 4, 5, 6, 7}));
}

TEST(Consumer, MisalignedElementsAreRead) {
  RecordProperty("requirement", "C-49");
  Versioned made;
  made.tensor().byte_offset = 1;
  EXPECT_EQ(numbers(Imported(made.take()).view()),
            (std::vector<std::int64_t>{256, 512, 768, 1024, 1280, 1536}));
}

TEST(Consumer, NullDeleterAndNullContextAreTaken) {
  RecordProperty("requirement", "C-13 T-29");
  Versioned made;
  made.managed.deleter = nullptr;
  made.managed.manager_ctx = nullptr;
  EXPECT_EQ(numbers(Imported(made.take()).view()), kCounting);
}

TEST(Consumer, MalformedFieldsAreRefusedByName) {
  RecordProperty("requirement", "C-12 T-31");
  constexpr std::int64_t kHuge = std::int64_t{1} << 62;
  expect_refused<InvalidArgument>([](Versioned& made) { made.tensor().ndim = -1; }, "ndim");
  expect_refused<BufferError>([](Versioned& made) { made.tensor().ndim = 65; }, "ndim");
  expect_refused<InvalidArgument>([](Versioned& made) { made.tensor().shape = nullptr; }, "shape");
  expect_refused<InvalidArgument>([](Versioned& made) { made.shape[1] = -2; }, "shape[1]");
  expect_refused<InvalidArgument>([](Versioned& made) { made.shape = {kHuge, 8}; }, "shape");
  expect_refused<InvalidArgument>([](Versioned& made) { made.strides[0] = kHuge / 4; }, "strides");
  expect_refused<InvalidArgument>([](Versioned& made) { made.tensor().data = nullptr; }, "data");
  expect_refused<InvalidArgument>(
      [](Versioned& made) { made.tensor().byte_offset = ~std::uint64_t{0}; }, "byte_offset");
  expect_refused<InvalidArgument>([](Versioned& made) { made.tensor().dtype.lanes = 0; },
                                  "dtype.lanes");
}

TEST(Consumer, UnknownDtypesAreRefused) {
  RecordProperty("requirement", "C-21 C-22");
  const DLDataType unknown[] = {{200, 8, 1}, {0, 4, 1},  {6, 1, 1},
                                {17, 8, 1},  {15, 4, 1}, {2, 128, 1}};
  for (const DLDataType dtype : unknown) {
    expect_refused<BufferError>([dtype](Versioned& made) { made.tensor().dtype = dtype; }, "dtype");
  }
}

TEST(Consumer, DevicesThatTheHostCannotReadAreRefused) {
  RecordProperty("requirement", "C-24");
  for (const int type : {2, 10, 12, 99}) {
    expect_refused<BufferError>(
        [type](Versioned& made) {
          made.tensor().device = {static_cast<DLDeviceType>(type), 0};
        },
        "device");
  }
  Versioned pinned;
  pinned.tensor().device = {kDLCUDAHost, 0};
  EXPECT_EQ(numbers(Imported(pinned.take()).view()), kCounting);
}

TEST(Consumer, PaddedFlagDecidesHowSubByteTypesAreRead) {
  RecordProperty("requirement", "C-48 T-21");
  Versioned made;
  made.memory = {0x0201, 0x0403, 0x0605};  // bytes 1 to 6
  made.tensor().data = made.memory.data();
  made.shape = {4};
  made.strides = {1};
  made.tensor().ndim = 1;
  made.tensor().dtype = {kDLFloat4_e2m1fn, 4, 1};
  made.managed.flags = DLPACK_FLAG_BITMASK_IS_SUBBYTE_TYPE_PADDED;
  EXPECT_EQ(std::get<double>(TensorView(read_header(made.managed)).at({3})[0]),
            2.0);  // byte 3: code 4
  made.managed.flags = 0;
  EXPECT_EQ(std::get<double>(TensorView(read_header(made.managed)).at({2})[0]),
            1.0);  // low half of byte 1: code 2
}

TEST(Consumer, PaddedFlagSaysNothingOfWholeBytes) {
  Versioned made;
  made.managed.flags = DLPACK_FLAG_BITMASK_IS_SUBBYTE_TYPE_PADDED;
  EXPECT_EQ(numbers(Imported(made.take()).view()), kCounting);
}

TEST(TensorView, ReadsMemoryThatTheCallerDescribes) {
  const std::int16_t memory[] = {0, 1, 2, 3};
  const std::vector<std::int64_t> shape = {2, 2};
  const std::vector<std::int64_t> strides = {1, 2};
  const TensorView view(dtype_from_name("int16"), memory, shape, strides);
  EXPECT_EQ(numbers(view), (std::vector<std::int64_t>{0, 2, 1, 3}));
  EXPECT_THROW(static_cast<void>(view.at({2, 0})), InvalidArgument);
  EXPECT_THROW(static_cast<void>(view.at({0})), InvalidArgument);
  EXPECT_THROW(TensorView(dtype_from_name("int16"), nullptr, shape, strides), InvalidArgument);
}

TEST(TensorView, RawNeedsRoomForAllElements) {
  Versioned made;
  const TensorView view(read_header(made.managed));
  std::vector<std::byte> room(11);
  EXPECT_EQ(view.raw_bytes(), 12);
  EXPECT_THROW(view.read_raw(room.data(), room.size()), InvalidArgument);
}

TEST(Imported, DeletesOnceWhenItGoesAndNotBefore) {
  RecordProperty("requirement", "C-11");
  Versioned made;
  {
    Imported imported(made.take());
    Imported moved = std::move(imported);
    EXPECT_EQ(made.deletes, 0);
    EXPECT_EQ(numbers(moved.view()), kCounting);
    EXPECT_FALSE(moved.released());
  }
  EXPECT_EQ(made.deletes, 1);
}

TEST(Imported, AssignmentReleasesWhatWasHeld) {
  Versioned first;
  Legacy second;
  Imported imported(first.take());
  imported = Imported(second.take());
  EXPECT_EQ(first.deletes, 1);
  EXPECT_EQ(second.deletes, 0);
}

TEST(Imported, ThreadsThatReleaseAtOnceDeleteOnce) {
  RecordProperty("requirement", "C-51");
  for (int round = 0; round < 50; ++round) {
    Versioned made;
    Imported imported(made.take());
    std::atomic<bool> go{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        while (!go) std::this_thread::yield();
        imported.release();
      });
    }
    go = true;
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(made.deletes, 1);
    EXPECT_TRUE(imported.released());
  }
}

TEST(ConsumerStrides, AreCompactRowMajor) {
  EXPECT_EQ(consumer_strides({2, 3, 4}), (std::vector<std::int64_t>{12, 4, 1}));
  EXPECT_EQ(consumer_strides({7}), std::vector<std::int64_t>{1});
}

}  // namespace
}  // namespace dlpack_impl
