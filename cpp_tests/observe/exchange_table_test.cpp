#include "observe/exchange_table.h"

#include <dlpack_impl/exchange_api.h>
#include <gmock/gmock.h>

#include <array>
#include <stdexcept>

namespace dlpack_conformance {
namespace {

using testing::ElementsAre;
using testing::Eq;
using testing::Optional;

/// The array that stands for a Python object: its functions are told what to do.
struct FakeArray {
  std::array<float, 6> memory = {0, 1, 2, 3, 4, 5};
  std::array<std::int64_t, 2> shape = {2, 3};
  std::array<std::int64_t, 2> strides = {3, 1};
  int status = 0;
  bool throws = false;
  int deleted = 0;
  DLManagedTensorVersioned* newest = nullptr;

  [[nodiscard]] DLTensor tensor() {
    return {.data = memory.data(),
            .device = {kDLCPU, 0},
            .ndim = 2,
            .dtype = {kDLFloat, 32, 1},
            .shape = shape.data(),
            .strides = strides.data(),
            .byte_offset = 0};
  }
};

int export_array(void* object, DLManagedTensorVersioned** out) {
  auto* array = static_cast<FakeArray*>(object);
  if (array->throws) throw std::runtime_error("out of a C function");
  *out = new DLManagedTensorVersioned{.version = {1, 3},
                                      .manager_ctx = array,
                                      .deleter =
                                          [](DLManagedTensorVersioned* self) {
                                            ++static_cast<FakeArray*>(self->manager_ctx)->deleted;
                                            delete self;
                                          },
                                      .flags = 0,
                                      .dl_tensor = array->tensor()};
  array->newest = *out;
  return array->status;
}

int borrow_array(void* object, DLTensor* out) {
  auto* array = static_cast<FakeArray*>(object);
  *out = array->tensor();
  return array->status;
}

/// Gives the array that made the tensor.
int import_array(DLManagedTensorVersioned* tensor, void** out) {
  auto* array = static_cast<FakeArray*>(tensor->manager_ctx);
  tensor->deleter(tensor);
  *out = array;
  return array->status;
}

class ExchangeTable : public testing::Test {
 protected:
  ExchangeTable() : table_(dlpack_impl::make_table(export_array, import_array, borrow_array)) {}

  [[nodiscard]] TableCaller caller() {
    return TableCaller(table_, [this] { return pending_; });
  }

  DLPackExchangeAPI table_;
  FakeArray array_;
  Facts facts_;
  bool pending_ = false;
};

const AskedTensor kFloats{.dtype = {kDLFloat, 32, 1}, .shape = {2, 3}, .device = {kDLCPU, 0}};

TEST_F(ExchangeTable, IsDescribedBehindTheHeaderOnlyWhereItsMajorVersionIsOne) {
  DLPackExchangeAPI newer{};
  newer.header = {.version = {2, 1}, .prev_api = &table_.header};

  observe_table(facts_, newer.header);
  EXPECT_THAT(facts_.table_version, Optional(ElementsAre(2, 1)));
  EXPECT_THAT(facts_.table_chain, Optional(ElementsAre(1, 3)));
  EXPECT_THAT(facts_.table_chain_ends, Optional(Eq(true)));
  EXPECT_FALSE(facts_.table_null.has_value());

  table_.current_work_stream = nullptr;
  observe_table(facts_, table_.header);
  EXPECT_THAT(facts_.table_null, Optional(ElementsAre("current_work_stream")));
  EXPECT_THAT(facts_.table_chain, Optional(testing::IsEmpty()));
}

TEST_F(ExchangeTable, ThatLeadsToItselfIsAnEndlessChain) {
  table_.header.prev_api = &table_.header;

  observe_table(facts_, table_.header);
  EXPECT_THAT(facts_.table_chain_ends, Optional(Eq(false)));
}

TEST_F(ExchangeTable, GivesAnOwningExport) {
  auto tensor = caller().export_object(facts_, &array_);

  ASSERT_NE(tensor, nullptr);
  EXPECT_THAT(facts_.table_status, Optional(0));
  EXPECT_THAT(facts_.table_gave, Optional(Eq(true)));
  EXPECT_THAT(facts_.table_threw, Optional(Eq(false)));
  EXPECT_THAT(facts_.table_raised, Optional(Eq(false)));
  tensor.reset();
  EXPECT_EQ(array_.deleted, 1);
}

TEST_F(ExchangeTable, LeavesAloneWhatAFailedExportLeftBehind) {
  array_.status = -1;
  pending_ = true;

  EXPECT_EQ(caller().export_object(facts_, &array_), nullptr);
  EXPECT_THAT(facts_.table_status, Optional(-1));
  EXPECT_THAT(facts_.table_gave, Optional(Eq(true)));
  EXPECT_THAT(facts_.table_raised, Optional(Eq(true)));
  EXPECT_EQ(array_.deleted, 0);
  array_.newest->deleter(array_.newest);
}

TEST_F(ExchangeTable, CatchesAnExceptionOfCpp) {
  array_.throws = true;

  EXPECT_EQ(caller().export_object(facts_, &array_), nullptr);
  EXPECT_THAT(facts_.table_threw, Optional(Eq(true)));
  EXPECT_FALSE(facts_.table_status.has_value());
}

TEST_F(ExchangeTable, SaysNothingOfExceptionsWithoutPython) {
  TableCaller(table_).export_object(facts_, &array_);
  EXPECT_FALSE(facts_.table_raised.has_value());
}

TEST_F(ExchangeTable, ComparesWhatIsBorrowedWithWhatIsOwned) {
  const auto owned = caller().export_object(facts_, &array_);
  const AskedElements asked{
      .origin = {.first = reinterpret_cast<std::uintptr_t>(array_.memory.data()),
                 .begin = 0,
                 .end = sizeof(array_.memory)},
      .raw = std::as_bytes(std::span(array_.memory))};

  EXPECT_TRUE(caller().borrow_object(facts_, &array_, owned.get(), asked));
  EXPECT_THAT(facts_.table_same_fields, Optional(Eq(true)));
  EXPECT_THAT(facts_.table_steady, Optional(Eq(true)));
  EXPECT_THAT(facts_.export_values, Optional(Eq(true)));
  EXPECT_THAT(facts_.export_address, Optional(std::string("0")));

  owned->dl_tensor.byte_offset = 4;
  EXPECT_TRUE(caller().borrow_object(facts_, &array_, owned.get(), asked));
  EXPECT_THAT(facts_.table_same_fields, Optional(Eq(false)));
}

TEST_F(ExchangeTable, HeedsNoStrideAlongAnExtentOfOne) {
  array_.shape = {1, 3};
  std::array<std::int64_t, 2> others = {99, 1};
  const auto owned = caller().export_object(facts_, &array_);
  owned->dl_tensor.strides = others.data();

  EXPECT_TRUE(caller().borrow_object(facts_, &array_, owned.get(), {}));
  EXPECT_THAT(facts_.table_same_fields, Optional(Eq(true)));
  owned->dl_tensor.strides = nullptr;
  EXPECT_TRUE(caller().borrow_object(facts_, &array_, owned.get(), {}));
  EXPECT_THAT(facts_.table_same_fields, Optional(Eq(true)));
}

TEST_F(ExchangeTable, MayHaveNoBorrowing) {
  table_.dltensor_from_py_object_no_sync = nullptr;
  EXPECT_FALSE(caller().borrow_object(facts_, &array_, nullptr, {}));
  EXPECT_FALSE(facts_.table_status.has_value());
}

TEST_F(ExchangeTable, ImportsWhatItIsGiven) {
  auto tensor = caller().export_object(facts_, &array_);
  EXPECT_EQ(caller().import_tensor(facts_, tensor.release()), &array_);
  EXPECT_THAT(facts_.table_gave, Optional(Eq(true)));
  EXPECT_EQ(array_.deleted, 1);

  array_.status = -1;
  DLManagedTensorVersioned* made = nullptr;
  export_array(&array_, &made);
  EXPECT_EQ(caller().import_tensor(facts_, made), nullptr);
  EXPECT_THAT(facts_.table_status, Optional(-1));
}

TEST_F(ExchangeTable, IsAskedForAStreamIntoAPlaceThatHoldsNone) {
  caller().current_stream(facts_, {kDLCPU, 0});
  EXPECT_THAT(facts_.table_gave, Optional(Eq(true)));
  EXPECT_THAT(facts_.table_stream_null, Optional(Eq(true)));

  Facts untouched;
  table_.current_work_stream = [](DLDeviceType, std::int32_t, void**) { return 0; };
  caller().current_stream(untouched, {kDLCPU, 0});
  EXPECT_THAT(untouched.table_gave, Optional(Eq(false)));
  EXPECT_FALSE(untouched.table_stream_null.has_value());
}

TEST_F(ExchangeTable, AllocatesATensorThatCanBeWritten) {
  const auto tensor = caller().allocate(facts_, kFloats);

  ASSERT_NE(tensor, nullptr);
  EXPECT_THAT(facts_.table_matches, Optional(Eq(true)));
  EXPECT_THAT(facts_.table_writable, Optional(Eq(true)));
  EXPECT_THAT(facts_.table_set_error, Optional(0));
  EXPECT_THAT(facts_.export_shape, Optional(ElementsAre(2, 3)));
}

TEST_F(ExchangeTable, CountsSetErrorAndItsKind) {
  AskedTensor unknown = kFloats;
  unknown.dtype = {200, 8, 1};

  EXPECT_EQ(caller().allocate(facts_, unknown), nullptr);
  EXPECT_THAT(facts_.table_status, Optional(-1));
  EXPECT_THAT(facts_.table_set_error, Optional(1));
  EXPECT_THAT(facts_.table_set_error_kind, Optional(testing::Not(testing::IsEmpty())));
}

TEST_F(ExchangeTable, PoisonsWhatTheAllocatorMayNotRead) {
  static DLTensor seen;
  table_.managed_tensor_allocator = [](DLTensor* prototype, DLManagedTensorVersioned**, void*,
                                       void (*)(void*, const char*, const char*)) {
    seen = *prototype;
    return -1;
  };
  AskedTensor asked = kFloats;
  caller().allocate(facts_, asked);
  EXPECT_EQ(seen.data, nullptr);
  EXPECT_EQ(seen.strides, nullptr);

  asked.poisoned = true;
  caller().allocate(facts_, asked);
  EXPECT_NE(seen.data, nullptr);
  EXPECT_NE(seen.strides, nullptr);
  EXPECT_NE(seen.byte_offset, 0U);
  EXPECT_EQ(seen.ndim, 2);
}

TEST_F(ExchangeTable, SeesAnotherShape) {
  static const DLPackManagedTensorAllocator right = table_.managed_tensor_allocator;
  table_.managed_tensor_allocator = [](DLTensor* prototype, DLManagedTensorVersioned** out,
                                       void* context,
                                       void (*set_error)(void*, const char*, const char*)) {
    const int status = right(prototype, out, context, set_error);
    --(*out)->dl_tensor.ndim;
    return status;
  };
  const auto tensor = caller().allocate(facts_, kFloats);
  EXPECT_THAT(facts_.table_matches, Optional(Eq(false)));
  EXPECT_FALSE(facts_.table_writable.has_value());
}

TEST_F(ExchangeTable, AllocatesOnAForeignThread) {
  pending_ = true;  // on this thread: not of that call
  bool waited = false;
  const auto tensor = caller().allocate_on_thread(
      facts_, kFloats, [&](const std::function<bool(int)>& done) { waited = done(10'000); });

  ASSERT_NE(tensor, nullptr);
  EXPECT_TRUE(waited);
  EXPECT_THAT(facts_.table_matches, Optional(Eq(true)));
  EXPECT_FALSE(facts_.table_raised.has_value());
}

}  // namespace
}  // namespace dlpack_conformance
