// The exchange table of a library: what it says, its allocator and stream query, and where the
// traits have objects, its exports and its import.
#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "gtest/census.h"
#include "gtest/giving.h"
#include "gtest/taking.h"
#include "gtest/thrown.h"
#include "gtest/traits_error.h"
#include "observe/exchange_table.h"

namespace dlpack_conformance::kit {
namespace {

using dlpack_impl::VersionedPtr;
using Shape = std::vector<std::int64_t>;

constexpr const char* kAllocator = "managed_tensor_allocator";
constexpr const char* kExport = "managed_tensor_from_py_object_no_sync";
constexpr const char* kBorrow = "dltensor_from_py_object_no_sync";
constexpr const char* kImport = "managed_tensor_to_py_object_no_sync";
constexpr const char* kStream = "current_work_stream";
constexpr int kPatienceMilliseconds = 1000;

/// Calls a function of the traits that is not the library's refusal when it throws.
template <class Function, class... Argument>
auto called(const Observer& observer, const char* name, const Function& function,
            Argument... argument) {
  try {
    return function(argument...);
  } catch (...) {
    throw TraitsError(observer.library().name, name, "threw: " + thrown_text());
  }
}

void* object_of(const Observer& observer, const Array& array) {
  return called(observer, "to_object", observer.library().to_object, array);
}

/// A table that was described; facts of the call before go with the next one.
class Table {
 public:
  /// None, with the reason in the facts, where it can't be called.
  static std::optional<Table> of(Observer& observer) {
    const DLPackExchangeAPI* const table =
        called(observer, "exchange_table", observer.library().exchange_table);
    if (table == nullptr) {
      throw TraitsError(observer.library().name, "exchange_table",
                        "returned NULL; traits of a library without a table leave it out");
    }
    observe_table(observer.facts, table->header);
    if (table->header.version.major != DLPACK_MAJOR_VERSION) {
      observer.facts.route_absent =
          "the table is of major version " + std::to_string(table->header.version.major);
      return std::nullopt;
    }
    return Table(observer, *table);
  }

  /// False, with the reason in the facts, where the slot is NULL.
  [[nodiscard]] bool begin(const char* slot) const {
    Facts& facts = observer_->facts;
    const Texts& null = *facts.table_null;
    if (std::ranges::find(null, slot) != null.end()) {
      facts.route_absent = std::string(slot) + " of the table is NULL";
      return false;
    }
    observer_->step(Step::kExchange);
    facts.route_returned = true;
    return true;
  }

  [[nodiscard]] const TableCaller& caller() const { return caller_; }

  /// Drops the facts of the call before.
  void forget() const {
    Facts& facts = observer_->facts;
    Facts kept;
    kept.table_version = facts.table_version;
    kept.table_chain = facts.table_chain;
    kept.table_chain_ends = facts.table_chain_ends;
    kept.table_null = facts.table_null;
    facts = kept;
  }

 private:
  Table(Observer& observer, const DLPackExchangeAPI& table)
      : observer_(&observer), caller_(table) {}

  Observer* observer_;
  TableCaller caller_;
};

Managed versioned(VersionedPtr managed) { return {.legacy = {}, .versioned = std::move(managed)}; }

// ---- without objects ----

/// An array of the type whose table it is, where the library makes one.
Array typical(Observer& observer) {
  const bool makes = census_of(observer.library()).makes("plain", "float32", "matrix");
  return makes ? observer.source() : nullptr;
}

void described(Observer& observer) {
  const Array array = typical(observer);
  Table::of(observer);
}

void stays(Observer& observer) {
  constexpr int kLookups = 1000;
  const Array array = typical(observer);
  if (!Table::of(observer)) return;
  const auto& look_up = observer.library().exchange_table;
  const DLPackExchangeAPI* const table = look_up();
  bool same = true;
  for (int lookup = 0; lookup < kLookups; ++lookup) same = same && look_up() == table;
  observer.step(Step::kRead);
  Facts again;
  observe_table(again, table->header);
  observer.facts.table_stays = same && again.table_version == observer.facts.table_version &&
                               again.table_null == observer.facts.table_null &&
                               again.table_chain == observer.facts.table_chain;
}

AskedTensor asked_of(const DLDataType& dtype, Shape shape, DLDevice device = {kDLCPU, 0}) {
  return {.dtype = dtype, .shape = std::move(shape), .device = device};
}

Run allocating(AskedTensor asked) {
  return [asked](Observer& observer) {
    const auto table = Table::of(observer);
    if (!table || !table->begin(kAllocator)) return;
    const VersionedPtr managed = table->caller().allocate(observer.facts, asked);
    observer.step(Step::kRelease);
  };
}

/// A prototype whose other fields are unusable, where one with zeros does.
Run poisoned(AskedTensor asked) {
  return [asked](Observer& observer) {
    const auto table = Table::of(observer);
    if (!table || !table->begin(kAllocator)) return;
    const bool plain = table->caller().allocate(observer.facts, asked) != nullptr;
    table->forget();
    if (!plain) return;
    static_cast<void>(table->begin(kAllocator));
    AskedTensor other = asked;
    other.poisoned = true;
    table->caller().allocate(observer.facts, other);
  };
}

/// On a thread of its own, its deleter, too.
Run elsewhere(AskedTensor asked, bool fails) {
  return [=](Observer& observer) {
    const auto table = Table::of(observer);
    if (!table || !table->begin(kAllocator)) return;
    if (!fails) {
      const bool plain = table->caller().allocate(observer.facts, asked) != nullptr;
      table->forget();
      if (!plain) return;
      static_cast<void>(table->begin(kAllocator));
    }
    VersionedPtr managed = table->caller().allocate_on_thread(
        observer.facts, asked, [](const std::function<bool(int)>& done) {
          while (!done(kPatienceMilliseconds)) {
          }
        });
    observer.step(Step::kRelease);
    std::thread([&] { managed.reset(); }).join();
  };
}

Run stream_of(DLDevice device) {
  return [device](Observer& observer) {
    const auto table = Table::of(observer);
    if (table && table->begin(kStream)) table->caller().current_stream(observer.facts, device);
  };
}

const std::vector<std::pair<std::string, AskedTensor>>& usual_tensors() {
  static const std::vector<std::pair<std::string, AskedTensor>> all = [] {
    constexpr DLDataType kFloat32{kDLFloat, 32, 1};
    std::vector<std::pair<std::string, AskedTensor>> rows = {
        {"float32-matrix", asked_of(kFloat32, {3, 4})}};
    for (const char* name : {"bool", "int8", "int32", "int64", "uint8", "uint16", "float16",
                             "bfloat16", "float64", "complex64", "complex128"}) {
      const dlpack_impl::DType type = dlpack_impl::dtype_from_name(name);
      rows.emplace_back(std::string(name) + "-matrix",
                        asked_of({type.code, type.bits, type.lanes}, {3, 4}));
    }
    const std::vector<std::pair<std::string, Shape>> shapes = {
        {"scalar", {}},         {"empty", {0, 3}},   {"one", {1}},
        {"vector", {7}},        {"cube", {2, 3, 4}}, {"rank-8", {1, 2, 1, 2, 1, 2, 1, 2}},
        {"large", {1000, 1000}}};
    for (const auto& [name, shape] : shapes)
      rows.emplace_back("float32-" + name, asked_of(kFloat32, shape));
    return rows;
  }();
  return all;
}

const std::vector<std::pair<std::string, AskedTensor>>& unusual_tensors() {
  constexpr DLDataType kFloat32{kDLFloat, 32, 1};
  const auto device = [](int type, int id) {
    return DLDevice{static_cast<DLDeviceType>(type), id};
  };
  static const std::vector<std::pair<std::string, AskedTensor>> rows = {
      {"unknown-dtype", asked_of({200, 8, 1}, {3, 4})},
      {"odd-width", asked_of({0, 7, 1}, {3, 4})},
      {"four-lanes", asked_of({2, 32, 4}, {3, 4})},
      {"fp4", asked_of({17, 4, 1}, {3, 4})},
      {"unknown-device", asked_of(kFloat32, {3, 4}, device(99, 0))},
      {"extension-device", asked_of(kFloat32, {3, 4}, device(12, 0))},
      {"second-cpu", asked_of(kFloat32, {3, 4}, device(1, 1))},
      {"too-large", asked_of(kFloat32, {std::int64_t{1} << 50})},
      {"overflow", asked_of(kFloat32, {std::int64_t{1} << 40, std::int64_t{1} << 40})}};
  return rows;
}

// ---- with objects ----

/// Exports once while the array lives, and once to outlive it.
Run owning(std::string dtype, std::string layout) {
  return [=](Observer& observer) {
    Facts& facts = observer.facts;
    Array array = observer.source(dtype, layout);
    const auto table = Table::of(observer);
    if (!table || !table->begin(kExport)) return;
    const auto ask = [&] {
      return versioned(table->caller().export_object(facts, object_of(observer, array)));
    };
    Managed managed = ask();
    if (managed.empty()) return;
    observer.read_export(managed);
    observer.step(Step::kRelease);
    managed.reset();
    managed = ask();
    if (managed.empty()) return;
    observer.read_export(managed);
    const std::weak_ptr<dlpack_impl::Buffer> memory = observer.watched();
    const bool watched = facts.export_address != "null" && facts.export_address != "elsewhere";
    const std::vector<std::byte> raw = observer.asked().raw;
    array.reset();
    observer.forget();
    observer.step(Step::kRead);
    if (watched && !raw.empty()) {
      facts.life_held = !memory.expired();
      facts.life_right = *facts.life_held && raw_of(managed) == raw;
    }
    observer.step(Step::kRelease);
    managed.reset();
    if (watched) facts.life_freed = memory.expired();
  };
}

/// Borrows beside an owning export.
Run borrowed(std::string dtype, std::string layout) {
  return [=](Observer& observer) {
    Facts& facts = observer.facts;
    const Array array = observer.source(dtype, layout);
    const auto table = Table::of(observer);
    if (!table || !table->begin(kExport)) return;
    void* const object = object_of(observer, array);
    const VersionedPtr owned = table->caller().export_object(facts, object);
    if (owned == nullptr || !table->begin(kBorrow)) return;
    const std::vector<std::byte>& raw = observer.asked().raw;
    table->caller().borrow_object(facts, object, owned.get(),
                                  {.origin = observer.origin(), .raw = raw});
    if (facts.table_status != 0) return;
    // From another array, which goes at once.
    Array other = observer.source(dtype, layout);
    const std::weak_ptr<dlpack_impl::Buffer> memory = observer.watched();
    observer.step(Step::kExport);
    Facts unseen;
    table->caller().borrow_object(unseen, object_of(observer, other), nullptr, {});
    observer.step(Step::kRelease);
    other.reset();
    observer.forget();
    facts.life_freed = memory.expired();
  };
}

/// Imports, looks at the array, lets it go; counts the deleter's calls. `looks`: it is to be taken.
Run table_import(Crafted crafted, bool looks) {
  return [=](Observer& observer) {
    Facts& facts = observer.facts;
    const auto table = Table::of(observer);
    if (!table || !table->begin(kImport)) return;
    const Giver giver = observer.crafted(crafted);
    void* const object = table->caller().import_tensor(facts, giver.give().versioned.release());
    if (object != nullptr) {
      const Array result = called(observer, "from_object", observer.library().from_object, object);
      if (looks) {
        observer.look(result);
        const bool shares = facts.proof_address == "same" || facts.proof_address == "overlap";
        facts.end_early = shares && giver.log().deleter_calls() > 0;
      }
      observer.step(Step::kRelease);
    }
    facts.end_exports = giver.log().exports();
    facts.end_deleter_calls = giver.log().deleter_calls();
  };
}

void add_exports_of_objects(Probes& probes) {
  std::vector<std::pair<std::string, std::string>> usual = {{"float32", "matrix"}};
  for (const char* dtype :
       {"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16",
        "bfloat16", "float64", "complex64", "complex128", "float8_e4m3fn"})
    usual.emplace_back(dtype, "matrix");
  for (const char* layout :
       {"scalar", "empty-0x3", "one", "vector", "cube", "offset-one", "permuted", "fortran-columns",
        "columns", "step", "block", "broadcast-rows", "reversed", "rank-8", "one-odd"})
    usual.emplace_back("float32", layout);
  for (const auto& [dtype, layout] : usual) {
    const std::string variant = dtype + "-" + layout;
    probes.push_back({"X-13", variant, "the owning export, with the array and after it",
                      Need::kTableExport, owning(dtype, layout), false, dtype, layout, "plain"});
    probes.push_back({"X-17", variant, "the non-owning export beside an owning one",
                      Need::kTableExport, borrowed(dtype, layout), false, dtype, layout, "plain"});
    if (variant == "float32-matrix" || variant == "float32-scalar" || variant == "float32-rank-8")
      probes.push_back({"X-18", variant, "where shape and strides of two exports lie",
                        Need::kTableExport, borrowed(dtype, layout), false, dtype, layout,
                        "plain"});
  }
}

void add_imports_of_objects(Probes& probes) {
  const auto add = [&](const std::string& variant, const Crafted& crafted) {
    probes.push_back({"X-19", variant, "a tensor that the table's import takes over",
                      Need::kTableImport, table_import(crafted, true)});
  };
  const auto tensor = [](std::string dtype, std::string layout) {
    return Crafted{
        .dtype = std::move(dtype), .layout = std::move(layout), .which = Struct::kVersioned};
  };
  add("float32-matrix", tensor("float32", "matrix"));
  for (const char* dtype : {"bool", "int8", "int64", "uint8", "uint32", "float16", "bfloat16",
                            "float64", "complex64", "float8_e4m3fn"})
    add(std::string(dtype) + "-matrix", tensor(dtype, "matrix"));
  for (const char* layout :
       {"scalar", "empty-0x3", "one", "vector", "cube", "offset-one", "permuted", "columns", "step",
        "block", "broadcast-rows", "reversed", "rank-8", "one-odd"})
    add("float32-" + std::string(layout), tensor("float32", layout));
  Crafted said = tensor("float32", "offset-one");
  said.options.offset_in = dlpack_impl::OffsetIn::kByteOffset;
  add("byte-offset", said);
  said = tensor("float32", "matrix");
  said.options.version = {1, 0};
  add("version-1.0", said);
  said.options.version = {1, 1};
  said.options.null_strides = true;
  add("null-strides", said);
  said = tensor("float32", "matrix");
  said.options.version = {1, 99};
  add("newer-minor", said);
  for (const auto& [name, type, id] :
       {std::tuple("unknown-device", 99, 0), std::tuple("extension-device", 12, 0)}) {
    Crafted crafted = tensor("float32", "matrix");
    if (type == 99) crafted.options.version = {1, 99};
    crafted.options.device = dlpack_impl::Device{type, id};
    probes.push_back({"X-20", name, "deleter calls after the table's import refused a tensor",
                      Need::kTableImport, table_import(crafted, false)});
  }
  Crafted other = tensor("float32", "matrix");
  other.options.version = {2, 0};
  probes.push_back({"X-32", "intact", "a tensor of major version 2", Need::kTableImport,
                    table_import(other, false)});
}

}  // namespace

void add_tables(Probes& probes) {
  probes.push_back({"X-05", "lookups", "the table after a thousand lookups", Need::kTable, stays});
  probes.push_back({"X-08", "chain", "the tables that prev_api leads to", Need::kTable, described});
  probes.push_back({"X-10", "functions", "the five functions", Need::kTable, described});
  for (const auto& [variant, asked] : usual_tensors()) {
    probes.push_back({"X-23", variant, "an allocated tensor: its fields, and each element written",
                      Need::kTable, allocating(asked)});
    if (variant.starts_with("float32") || variant == "bool-matrix")
      probes.push_back({"X-21", variant, "a prototype whose other fields are unusable",
                        Need::kTable, poisoned(asked)});
  }
  const AskedTensor& plain = usual_tensors().front().second;
  probes.push_back({"X-22", "float32-matrix", "SetError of an allocation that works", Need::kTable,
                    allocating(plain)});
  for (const auto& [variant, asked] : unusual_tensors()) {
    probes.push_back(
        {"X-22", variant, "an allocation that may be refused", Need::kTable, allocating(asked)});
    probes.push_back({"X-11", "allocate-" + variant, "an allocation that may be refused",
                      Need::kTable, allocating(asked)});
  }
  probes.push_back({"X-24", "foreign-thread", "an allocation on a thread of its own", Need::kTable,
                    elsewhere(plain, false)});
  probes.push_back({"X-24", "failure", "an allocation on such a thread that is refused",
                    Need::kTable, elsewhere(unusual_tensors().front().second, true)});
  probes.push_back({"X-27", "cpu", "the stream of the CPU", Need::kTable, stream_of({kDLCPU, 0})});
  for (const auto& [name, type, id] :
       {std::tuple("cpu", 1, 0), std::tuple("second-cpu", 1, 1),
        std::tuple("unknown-device", 99, 0), std::tuple("extension-device", 12, 0)})
    probes.push_back({"X-11", "stream-" + std::string(name), "the stream of a device", Need::kTable,
                      stream_of({static_cast<DLDeviceType>(type), id})});
  add_exports_of_objects(probes);
  add_imports_of_objects(probes);
}

}  // namespace dlpack_conformance::kit
