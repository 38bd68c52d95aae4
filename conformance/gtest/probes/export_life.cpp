// Exports and their life: what holds the memory, who frees it, and what two exports share.
#include <algorithm>
#include <array>
#include <string>
#include <thread>
#include <vector>

#include "gtest/giving.h"
#include "gtest/taking.h"

namespace dlpack_conformance::kit {
namespace {

using Bytes = std::vector<std::byte>;

/// Memory of a source, watched without keeping it; nothing is counted where the library made it.
class Life {
 public:
  explicit Life(const Observer& observer)
      : counted_(observer.memory() != nullptr), memory_(observer.watched()) {}

  [[nodiscard]] bool counted() const { return counted_; }
  void note_held(Facts& facts) const {
    if (counted_) facts.life_held = !memory_.expired();
  }
  void note_freed(Facts& facts) const {
    if (counted_) facts.life_freed = memory_.expired();
  }
  [[nodiscard]] bool gone() const { return counted_ && memory_.expired(); }

 private:
  bool counted_;
  std::weak_ptr<dlpack_impl::Buffer> memory_;
};

/// Drops an export that nobody took, before its source or after it.
Run unconsumed(bool versioned, bool source_first, bool elsewhere) {
  return [=](Observer& observer) {
    Array array = any_source(observer);
    if (array == nullptr) return;
    const Life life(observer);
    Managed managed = observer.ask(array, versioned, words_of(versioned));
    if (managed.empty()) return;
    observer.forget();
    observer.step(Step::kRelease);
    if (source_first) {
      const bool shares = in_place(observer, managed);
      array.reset();
      if (shares && !elsewhere) life.note_held(observer.facts);
    }
    if (elsewhere) {
      std::thread([&] { managed.reset(); }).join();
    } else {
      managed.reset();
    }
    array.reset();
    life.note_freed(observer.facts);
  };
}

/// Runs the deleter on another thread, with the source alive or gone.
Run deleted_elsewhere(bool versioned, bool source_gone) {
  return [=](Observer& observer) {
    Array array = any_source(observer);
    if (array == nullptr) return;
    const Life life(observer);
    Managed managed = observer.ask(array, versioned, words_of(versioned));
    if (managed.empty()) return;
    const auto values = observer.read(array);
    observer.forget();
    observer.step(Step::kRelease);
    if (source_gone) array.reset();
    std::thread([&] { managed.reset(); }).join();
    if (array != nullptr && values) observer.facts.life_right = observer.read(array) == values;
    array.reset();
    life.note_freed(observer.facts);
  };
}

/// Reads an export when its source is gone and what was freed is used again.
Run outlives(bool versioned, std::string layout) {
  return [=](Observer& observer) {
    Array array = any_source(observer, "float32", layout);
    if (array == nullptr) return;
    const Life life(observer);
    const Managed managed = observer.ask(array, versioned, words_of(versioned));
    if (managed.empty()) return;
    const bool shares = in_place(observer, managed);
    observer.forget();
    observer.step(Step::kRelease);
    array.reset();
    if (shares) {
      life.note_held(observer.facts);
      if (life.gone()) return;  // its memory may be anything by now
    }
    churn();
    observer.step(Step::kRead);
    const std::optional<Flag> has_deleter = observer.facts.capsule_has_deleter;
    observer.read_export(managed);
    observer.facts.capsule_has_deleter = has_deleter;
  };
}

struct Fields {
  const void* data;
  std::uint64_t byte_offset;
  std::int32_t ndim;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;

  explicit Fields(const DLTensor& tensor)
      : data(tensor.data), byte_offset(tensor.byte_offset), ndim(tensor.ndim) {
    if (tensor.shape != nullptr) shape.assign(tensor.shape, tensor.shape + ndim);
    if (tensor.strides != nullptr) strides.assign(tensor.strides, tensor.strides + ndim);
  }
  friend bool operator==(const Fields&, const Fields&) = default;
};

/// Everything that an export says is read, the source dropped, and everything read again.
Probe outliving(const std::string& layout, const std::string& source, const std::string& dtype,
                const std::string& asked, bool versioned) {
  const auto run = [=](Observer& observer) {
    auto [array, managed] = exported(observer, dtype, layout, source, versioned);
    Facts& facts = observer.facts;
    if (managed.empty() || facts.export_values != Flag{true}) return;
    const Fields before(*managed.reading().tensor);
    const Bytes raw = raw_of(managed);
    array.reset();
    observer.forget();
    observer.step(Step::kRelease);
    churn();
    observer.step(Step::kRead);
    facts.life_stays = Fields(*managed.reading().tensor) == before;
    facts.life_right = raw_of(managed) == raw;
  };
  return {"T-27",
          layout + "-" + dtype + "-" + source + "-" + asked,
          "an export after its source is gone",
          need_of(versioned),
          run,
          false,
          dtype,
          layout,
          source};
}

/// Lets two exports of one array end in different ways, one after the other.
Run two(std::string first, std::string second) {
  return [=](Observer& observer) {
    Array array = any_source(observer);
    if (array == nullptr) return;
    const Life life(observer);
    const Bytes wanted = observer.asked().raw;
    const bool versioned = static_cast<bool>(observer.library().to_dlpack_versioned);
    Managed one = observer.ask(array, versioned, words_of(versioned));
    Managed other = observer.ask(array, versioned, words_of(versioned));
    if (one.empty() || other.empty()) return;
    // There is no capsule here: two answers may share one counted struct.
    observer.facts.capsule_distinct = true;
    array.reset();
    observer.forget();
    observer.step(Step::kRelease);
    std::vector<dlpack_impl::Imported> kept;
    const auto end = [&](Managed& managed, const std::string& how) {
      if (how != "imported") return managed.reset();
      if (managed.versioned != nullptr) {
        kept.emplace_back(std::move(managed.versioned));
      } else {
        kept.emplace_back(std::move(managed.legacy));
      }
    };
    end(one, first);
    if (life.gone()) {  // the end of the one was the end of the other: nothing to read
      observer.facts.life_right = false;
      other.release();
      return;
    }
    bool right = raw_of(other) == wanted;
    end(other, second);
    for (const dlpack_impl::Imported& imported : kept)
      right = right && imported.view().read_raw() == wanted;
    observer.facts.life_right = right;
    kept.clear();
    life.note_freed(observer.facts);
  };
}

/// Releases source, two exports and an import in one order; what is left is read each time.
Run in_order(std::array<std::string, 4> order) {
  return [=](Observer& observer) {
    Array array = any_source(observer);
    if (array == nullptr) return;
    const Life life(observer);
    const Bytes wanted = observer.asked().raw;
    Managed first = observer.ask(array, false, words_of(false));
    Managed second = observer.ask(array, true, words_of(true));
    Managed third = observer.ask(array, true, words_of(true));
    if (first.empty() || second.empty() || third.empty()) return;
    observer.facts.capsule_distinct = true;
    observer.step(Step::kExchange);
    std::optional<dlpack_impl::Imported> view(std::in_place, std::move(third.versioned));
    observer.facts.route_returned = true;
    observer.forget();
    bool right = true;
    for (const std::string& gone : order) {
      observer.step(Step::kRelease);
      if (gone == "source") array.reset();
      if (gone == "first") first.reset();
      if (gone == "second") second.reset();
      if (gone == "view") view.reset();
      observer.step(Step::kRead);
      if (!first.empty()) right = right && raw_of(first) == wanted;
      if (!second.empty()) right = right && raw_of(second) == wanted;
      if (view) right = right && view->view().read_raw() == wanted;
      observer.facts.life_right = right;
    }
    life.note_freed(observer.facts);
  };
}

/// Legacy and versioned exports of one source say the same.
Run both(std::string dtype, std::string layout) {
  return [=](Observer& observer) {
    const Array array = any_source(observer, dtype, layout);
    if (array == nullptr) return;
    const Managed legacy = observer.ask(array, false, words_of(false));
    if (legacy.empty()) return;
    const Managed versioned = observer.ask(array, true, words_of(true));
    if (versioned.empty()) return;
    const DLTensor& a = *legacy.reading().tensor;
    const DLTensor& b = *versioned.reading().tensor;
    const auto fields = [](const DLTensor& tensor) {
      return std::tuple(tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes,
                        tensor.device.device_type, tensor.device.device_id,
                        std::vector<std::int64_t>(tensor.shape, tensor.shape + tensor.ndim));
    };
    const Bytes raw = raw_of(legacy);
    bool agree = fields(a) == fields(b) && raw == raw_of(versioned);
    if (!raw.empty() && in_place(observer, legacy) && in_place(observer, versioned))
      agree = agree && address_of(legacy) == address_of(versioned);
    observer.facts.export_agree = agree;
  };
}

/// One array asked for one struct.
Run asking(std::string dtype, std::string layout, bool versioned) {
  return [=](Observer& observer) {
    const Array array = any_source(observer, dtype, layout);
    if (array == nullptr) return;
    const Managed managed = observer.ask(array, versioned, versioned ? "max_version=(1, 0)" : "");
    if (!managed.empty()) read(observer, managed);
  };
}

void add_valid(Probes& probes) {
  // Python's words for no version asked, and for the first version of the struct.
  const std::vector<std::pair<std::string, bool>> words = {{"absent", false}, {"1.0", true}};
  const std::vector<std::string> standard = {
      "bool",   "int8",   "int16",   "int32",   "int64",     "uint8",     "uint16",
      "uint32", "uint64", "float32", "float64", "complex64", "complex128"};
  std::vector<std::string> more = standard;
  more.insert(more.end(), {"float16", "bfloat16"});
  for (const auto& [word, versioned] : words) {
    const Need need = need_of(versioned);
    for (const std::string& dtype : standard)
      probes.push_back({"P-42", dtype + "+" + word, "an array that is asked", need,
                        asking(dtype, "", versioned)});
    for (const std::string& dtype : more)
      probes.push_back({"P-46", dtype + "+" + word, "an array that is asked", need,
                        asking(dtype, "", versioned)});
    for (const char* layout : {"scalar", "vector", "matrix", "step", "offset-one"})
      probes.push_back({"P-44", std::string(layout) + "+" + word, "booleans", need,
                        asking("bool", layout, versioned)});
    for (const char* layout :
         {"scalar", "empty-0x3", "one", "vector", "cube", "fortran", "permuted", "rows", "step",
          "diagonal", "reversed-both", "broadcast", "offset-odd", "rank-8"})
      probes.push_back({"P-46", std::string(layout) + "+" + word, "an array that is asked", need,
                        asking("float32", layout, versioned)});
  }
  for (const char* layout :
       {"matrix", "fortran", "scalar", "empty-0", "reversed", "rows", "broadcast", "offset-one"})
    probes.push_back({"P-48", "float32+" + std::string(layout), "a legacy and a versioned export",
                      Need::kExportBoth, both("float32", layout)});
  for (const char* dtype : {"bool", "int8", "complex128"})
    probes.push_back({"P-48", std::string(dtype) + "+matrix", "a legacy and a versioned export",
                      Need::kExportBoth, both(dtype, "matrix")});
}

}  // namespace

void add_export_life(Probes& probes) {
  add_valid(probes);
  for (const auto& [asked, versioned] : kAskedFor) {
    const Need need = need_of(versioned);
    for (const auto& [word, source_first, elsewhere] :
         {std::tuple("+source-first", true, false), std::tuple("+capsule-first", false, false),
          std::tuple("+other-thread", false, true),
          std::tuple("+other-thread+source-first", true, true)})
      probes.push_back({"P-07", asked + word, "an export that nobody took is dropped", need,
                        unconsumed(versioned, source_first, elsewhere)});
    probes.push_back({"P-11", asked + "+source-alive", "the deleter runs on another thread", need,
                      deleted_elsewhere(versioned, false)});
    probes.push_back({"P-11", asked + "+source-gone", "the deleter runs on another thread", need,
                      deleted_elsewhere(versioned, true)});
    probes.push_back({"P-14", asked, "an export is read when its source is gone", need,
                      outlives(versioned, "")});
    for (const char* source : {"plain", "owned", "guard-after"})
      probes.push_back(outliving("matrix", source, "float64", asked, versioned));
    for (const char* layout :
         {"scalar", "vector", "fortran", "columns", "reversed", "rank-8", "inner"})
      probes.push_back(outliving(layout, "plain", "float64", asked, versioned));
    for (const char* layout : {"vector", "cube", "images", "rank-32"})
      probes.push_back(outliving(layout, "owned", "int16", asked, versioned));
  }
  for (const char* layout : {"fortran", "rows", "step", "cube"})
    probes.push_back({"P-14", layout, "an export is read when its source is gone",
                      Need::kExportLegacy, outlives(false, layout)});
  for (const char* first : {"dropped", "deleted", "imported"}) {
    for (const char* second : {"dropped", "deleted", "imported"})
      probes.push_back({"P-16", std::string(first) + "+" + second, "two exports of one array",
                        Need::kExportVersioned, two(first, second)});
  }
  std::array<std::string, 4> order = {"first", "second", "source", "view"};
  do {
    probes.push_back({"P-16", order[0] + "-" + order[1] + "-" + order[2] + "-" + order[3],
                      "two exports and an import of one array", Need::kExportBoth,
                      in_order(order)});
  } while (std::ranges::next_permutation(order).found);
}

}  // namespace dlpack_conformance::kit
