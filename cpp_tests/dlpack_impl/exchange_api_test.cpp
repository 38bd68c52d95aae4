#include <dlpack_impl/error.h>
#include <dlpack_impl/exchange_api.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "tensors.h"

namespace dlpack_impl {
namespace {

// A library without Python: its "objects" are tensors of the test.
int export_test_tensor(void* object, DLManagedTensorVersioned** out) {
  if (object == nullptr) return -1;
  *out = static_cast<test::Tensor*>(object)->versioned().release();
  return 0;
}

int import_test_tensor(DLManagedTensorVersioned* tensor, void** out) {
  if (tensor->dl_tensor.ndim > 2) return -1;
  *out = new Imported(VersionedPtr(tensor));
  return 0;
}

int borrow_test_tensor(void* object, DLTensor* out) {
  if (object == nullptr) return -1;
  borrow_tensor(static_cast<test::Tensor*>(object)->producer, *out);
  return 0;
}

DLPackExchangeAPI our_table() {
  return make_table(export_test_tensor, import_test_tensor, borrow_test_tensor);
}

TEST(ExchangeTable, OursHasAllSlotsAndNoOlderTable) {
  RecordProperty("requirement", "X-08 X-10");
  const DLPackExchangeAPI table = our_table();
  const TableDescription description = describe_table(table.header);
  EXPECT_EQ(description.version, (Version{1, 3}));
  EXPECT_EQ(description.slots, (std::array<bool, 5>{true, true, true, true, true}));
  EXPECT_TRUE(description.chain.empty());
  EXPECT_TRUE(description.chain_ends);
}

TEST(ExchangeTable, NewerMajorIsWalkedToOneThatIsKnown) {
  RecordProperty("requirement", "X-07 X-09");
  DLPackExchangeAPI known = our_table();
  DLPackExchangeAPIHeader newer{{2, 0},
                                &known.header};  // only a header: nothing behind it may be read
  EXPECT_EQ(&usable_table(newer), &known);
  EXPECT_EQ(describe_table(newer).chain, std::vector<Version>{(Version{1, 3})});
  EXPECT_EQ(describe_table(newer).slots, (std::array<bool, 5>{}));
}

TEST(ExchangeTable, NoKnownMajorIsRefused) {
  RecordProperty("requirement", "X-07");
  const DLPackExchangeAPIHeader alone{{2, 0}, nullptr};
  EXPECT_THROW(usable_table(alone), BufferError);
  DLPackExchangeAPIHeader endless{{3, 1}, nullptr};
  endless.prev_api = &endless;
  EXPECT_THROW(usable_table(endless), BufferError);
  EXPECT_FALSE(describe_table(endless).chain_ends);
  EXPECT_EQ(describe_table(endless).chain.size(), kMaxExchangeChain);
}

TEST(ExchangeTable, MissingSlotIsRefusedByName) {
  RecordProperty("requirement", "X-10");
  DLPackExchangeAPI table = our_table();
  table.current_work_stream = nullptr;
  try {
    const ForeignTable foreign(table.header);
    FAIL() << "a table without stream query was taken";
  } catch (const BufferError& error) {
    EXPECT_EQ(std::string(error.what()).rfind("current_work_stream: NULL", 0), 0U) << error.what();
  }
}

TEST(ForeignTable, ObjectGoesOutAndIn) {
  RecordProperty("requirement", "X-13 X-19");
  test::Tensor tensor;
  const DLPackExchangeAPI table = our_table();
  const ForeignTable foreign(table.header);
  auto* imported = static_cast<Imported*>(foreign.import_object(foreign.export_object(&tensor)));
  EXPECT_EQ(imported->view().first(), tensor.buffer.first());
  EXPECT_EQ(tensor.log->live(), 1);
  delete imported;
  EXPECT_EQ(tensor.log->live(), 0);
}

TEST(ForeignTable, FailuresAreErrorsWithTheSlotsName) {
  RecordProperty("requirement", "X-12");
  const DLPackExchangeAPI table = our_table();
  const ForeignTable foreign(table.header);
  try {
    static_cast<void>(foreign.export_object(nullptr));
    FAIL() << "no error";
  } catch (const ExchangeError& error) {
    EXPECT_TRUE(error.python_error());
    EXPECT_EQ(std::string(error.what()).rfind("managed_tensor_from_py_object_no_sync: ", 0), 0U);
  }
  DLTensor out{};
  EXPECT_THROW(foreign.borrow_object(nullptr, out), ExchangeError);
  EXPECT_THROW(static_cast<void>(foreign.current_stream({2, 0})), ExchangeError);
}

TEST(ForeignTable, FailedImportDoesNotDeleteWhatWasStolen) {
  RecordProperty("requirement", "X-20");
  test::Tensor tensor("int8", {{1, 1, 1}, {1, 1, 1}, 0});
  const DLPackExchangeAPI table = our_table();
  const ForeignTable foreign(table.header);
  VersionedPtr managed = tensor.versioned();
  DLManagedTensorVersioned* raw = managed.get();
  EXPECT_THROW(static_cast<void>(foreign.import_object(std::move(managed))), ExchangeError);
  EXPECT_EQ(tensor.log->deleter_calls(), 0);
  raw->deleter(raw);
}

TEST(ForeignTable, BorrowedTensorPointsIntoTheProducer) {
  RecordProperty("requirement", "X-17");
  test::Tensor tensor("float32", {{2}, {-3}, 8});
  const DLPackExchangeAPI table = our_table();
  DLTensor out{};
  ForeignTable(table.header).borrow_object(&tensor, out);
  EXPECT_EQ(out.data, tensor.buffer.first());
  EXPECT_EQ(out.strides[0], -3);
  EXPECT_EQ(tensor.log->exports(), 0);
  EXPECT_EQ(TensorView(read_header(out)).element_count(), 2);
  DLPackExchangeAPI without = our_table();
  without.dltensor_from_py_object_no_sync = nullptr;
  EXPECT_FALSE(ForeignTable(without.header).can_borrow());
  EXPECT_THROW(ForeignTable(without.header).borrow_object(&tensor, out), BufferError);
}

DLTensor prototype(std::int64_t* shape) {
  // Only dtype, ndim, shape and device may be read; anything else here faults.
  return {reinterpret_cast<void*>(8),         {kDLCPU, 0}, 2, {kDLFloat, 32, 1}, shape,
          reinterpret_cast<std::int64_t*>(8), ~0ULL};
}

TEST(Allocator, GivesATensorLikeThePrototype) {
  RecordProperty("requirement", "X-21 X-22 X-23");
  std::int64_t shape[] = {2, 3};
  DLTensor wanted = prototype(shape);
  const DLPackExchangeAPI table = our_table();
  const VersionedPtr managed = ForeignTable(table.header).allocate(wanted);
  EXPECT_EQ(managed->flags, 0U);
  const TensorView view(read_header(*managed));
  EXPECT_EQ(view.shape().to_vector(), (std::vector<std::int64_t>{2, 3}));
  const float value = 2.5F;
  view.set({1, 2}, &value);
  EXPECT_EQ(std::get<double>(view.at({1, 2})[0]), 2.5);
}

struct SeenError {
  int calls = 0;
  std::string kind;
};

TEST(Allocator, CallsSetErrorOnceExactlyWhenItFails) {
  RecordProperty("requirement", "X-11 X-22");
  const auto allocate = [](DLTensor tensor, SeenError& seen) {
    DLManagedTensorVersioned* out = reinterpret_cast<DLManagedTensorVersioned*>(8);
    const int code = allocate_managed_tensor(&tensor, &out, &seen,
                                             [](void* context, const char* kind, const char*) {
                                               auto* error = static_cast<SeenError*>(context);
                                               ++error->calls;
                                               error->kind = kind;
                                             });
    EXPECT_EQ(code == 0, out != nullptr);
    const VersionedPtr owner(out);
    return code;
  };
  std::int64_t shape[] = {2, 3};
  const auto expect = [&](auto spoil, int code, const char* kind) {
    DLTensor tensor = prototype(shape);
    spoil(tensor);
    SeenError seen;
    EXPECT_EQ(allocate(tensor, seen), code) << kind;
    EXPECT_EQ(seen.calls, code == 0 ? 0 : 1) << kind;
    EXPECT_EQ(seen.kind, kind);
  };
  expect([](DLTensor&) {}, 0, "");
  expect([](DLTensor& tensor) { tensor.ndim = -1; }, -1, "ValueError");
  expect([](DLTensor& tensor) { tensor.shape = nullptr; }, -1, "ValueError");
  expect([](DLTensor& tensor) { tensor.dtype.code = 200; }, -1, "ValueError");
  expect([](DLTensor& tensor) { tensor.device.device_type = kDLCUDA; }, -1, "BufferError");
}

TEST(CurrentWorkStream, IsNullForTheCpu) {
  RecordProperty("requirement", "X-27");
  void* stream = reinterpret_cast<void*>(8);
  EXPECT_EQ(current_work_stream(kDLCPU, 0, &stream), 0);
  EXPECT_EQ(stream, nullptr);
  EXPECT_EQ(current_work_stream(kDLCUDA, 0, &stream), -1);
}

}  // namespace
}  // namespace dlpack_impl
