// Imports and the life of what is taken: held, freed once, on whatever thread.
#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "gtest/taking.h"

namespace dlpack_conformance::kit {
namespace {

using Elements = std::optional<std::vector<std::byte>>;

constexpr int kRepeats = 200;

/// No deleter may have run while something shares the memory.
void note_early(Observer& observer, const dlpack_impl::ExportLog& log, std::int64_t before,
                bool shares) {
  const bool early = shares && log.deleter_calls() > before;
  observer.facts.end_early = observer.facts.end_early.value_or(false) || early;
}

void note_right(Observer& observer, bool right) {
  observer.facts.life_right = observer.facts.life_right.value_or(true) && right;
}

Crafted vector_of(Struct which) { return {.which = which}; }

/// All names of the producer go before the result.
Run source_first(Crafted crafted) {
  return [crafted](Observer& observer) {
    std::optional<Giver> giver(observer.crafted(crafted));
    const auto log = giver->ledger();
    Array result = offer(observer, *giver);
    Elements asked;
    if (result != nullptr && observer.facts.result_values) asked = observer.read(result);
    observer.step(Step::kRelease);
    giver.reset();
    if (asked) {
      observer.forget();
      note_early(observer, *log, 0, is_shared(observer));
      note_right(observer, observer.read(result) == asked);
    }
    result.reset();
    close(observer, *log);
  };
}

/// Two imports of one source; one goes before the other.
Run two_imports(std::size_t first_dropped, Struct which) {
  return [=](Observer& observer) {
    const Giver giver = observer.crafted(vector_of(which));
    const auto log = giver.ledger();
    std::array<Array, 2> results;
    results[0] = offer(observer, giver);
    results[1] = observer.take(giver);
    if (results[0] != nullptr && results[1] != nullptr) {
      const Elements asked = observer.read(results[0]);
      observer.step(Step::kRelease);
      observer.forget();
      results[first_dropped].reset();
      note_early(observer, *log, log->exports() - 1, is_shared(observer));
      if (asked) note_right(observer, observer.read(results[1 - first_dropped]) == asked);
    }
    results = {};
    close(observer, *log);
  };
}

/// Source, result and a re-export that the reference took go in this order.
Run released(std::array<std::string, 3> order, Struct which) {
  return [=](Observer& observer) {
    const Giver giver = observer.crafted(vector_of(which));
    const auto log = giver.ledger();
    const std::vector<std::byte> asked = observer.asked().raw;
    const void* const first = giver.producer().first();
    Array result = offer(observer, giver);
    std::optional<dlpack_impl::Imported> again;
    const Subject& library = observer.library();
    if (result == nullptr || !(library.to_dlpack || library.to_dlpack_versioned)) {
      observer.facts.route_absent = "nothing to export again";
    } else {
      Managed managed = observer.ask(result, static_cast<bool>(library.to_dlpack_versioned));
      if (managed.versioned != nullptr) again.emplace(std::move(managed.versioned));
      if (managed.legacy != nullptr) again.emplace(std::move(managed.legacy));
      if (!again) observer.facts.route_absent = "nothing to export again";
    }
    observer.step(Step::kRelease);
    if (again) {
      bool has_again = true;
      for (const std::string& name : order) {
        if (name == "source") observer.forget();
        if (name == "result") result.reset();
        if (name == "again") {
          again.reset();
          has_again = false;
        }
        if (has_again) note_early(observer, *log, 0, again->view().first() == first);
        if (result != nullptr) {
          note_early(observer, *log, 0, is_shared(observer));
          note_right(observer, observer.read(result) == asked);
        }
        if (has_again) note_right(observer, again->view().read_raw() == asked);
      }
    }
    result.reset();
    again.reset();
    close(observer, *log);
  };
}

/// Many imports of one source, each dropped, taken or not.
Run repeated(Crafted crafted) {
  return [crafted](Observer& observer) {
    const Giver giver = observer.crafted(crafted);
    observer.take(giver);
    for (int repeat = 1; repeat < kRepeats; ++repeat) {
      observer.drop_refused();
      try {
        observer.take_quietly(giver);
      } catch (...) {  // refused again: the counts tell the rest
      }
    }
    observer.facts.life_repeats = kRepeats;
    observer.step(Step::kRelease);
    close(observer, giver.log());
  };
}

Run dropped_on_worker(Struct which) {
  return [which](Observer& observer) {
    const Giver giver = observer.crafted(vector_of(which));
    Array result = offer(observer, giver);
    observer.step(Step::kRelease);
    observer.forget();
    std::thread([&] { result.reset(); }).join();
    close(observer, giver.log());
  };
}

Run taken_on_worker(Struct which, bool released_there) {
  return [=](Observer& observer) {
    const Giver giver = observer.crafted(vector_of(which));
    Array result;
    std::thread([&] { result = offer(observer, giver); }).join();
    observer.step(Step::kRelease);
    if (released_there) {
      observer.forget();
      std::thread([&] { result.reset(); }).join();
    }
    result.reset();
    close(observer, giver.log());
  };
}

/// Four threads take and drop the same source, all at one time.
void on_many_workers(Observer& observer) {
  constexpr int kWorkers = 4, kEach = 25;
  const Giver giver = observer.crafted({.layout = "matrix"});
  Array result = offer(observer, giver);
  std::atomic<int> ready{0};
  std::vector<std::thread> threads;
  for (int worker = 0; result != nullptr && worker < kWorkers; ++worker) {
    threads.emplace_back([&] {
      ++ready;
      while (ready < kWorkers) std::this_thread::yield();
      for (int repeat = 0; repeat < kEach; ++repeat) {
        Managed managed = giver.give();
        try {
          const Array taken =
              managed.legacy != nullptr
                  ? observer.library().from_dlpack(managed.legacy.get())
                  : observer.library().from_dlpack_versioned(managed.versioned.get());
          managed.release();
        } catch (...) {  // taken a moment ago and refused now: it is ours again
          return;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  observer.facts.life_threads = kWorkers;
  observer.step(Step::kRelease);
  result.reset();
  close(observer, giver.log());
}

void add_refused(Probes& probes) {
  using dlpack_impl::DType;
  using dlpack_impl::Stated;
  const std::vector<std::int64_t> ones65(65, 1), ones200(200, 1);
  const std::vector<std::pair<std::string, Stated>> refused = {
      {"code-200", {.dtype = DType{200, 32, 1}}},
      {"bits-24", {.dtype = DType{2, 24, 1}}},
      {"lanes-3", {.dtype = DType{2, 32, 3}}},
      {"rank-65", {.shape = ones65, .strides = ones65}},
      {"rank-200", {.shape = ones200, .strides = ones200}},
      {"opaque",
       {.shape = std::vector<std::int64_t>{3},
        .strides = std::vector<std::int64_t>{1},
        .dtype = DType{3, 64, 1}}},
      {"packed-fp4", {.dtype = DType{17, 4, 1}}}};
  for (const auto& [kind, which] : kKinds) {
    Crafted unknown = vector_of(which);
    unknown.layout = "matrix";
    unknown.stated = Stated{.dtype = DType{200, 32, 1}};
    probes.push_back({"C-12", "repeated-" + kind, "many imports that may be refused",
                      need_of(which), repeated(unknown)});
    for (const auto& [name, stated] : refused) {
      Crafted crafted = vector_of(which);
      crafted.stated = stated;
      probes.push_back({"C-12", name + "-" + kind, "a tensor that may be refused", need_of(which),
                        taking({.crafted = crafted})});
    }
    for (const auto& [name, type] : {std::pair("device-99", 99), std::pair("device-metal", 8)}) {
      Crafted crafted = vector_of(which);
      crafted.options.device = dlpack_impl::Device{type, 0};
      probes.push_back({"C-12", std::string(name) + "-" + kind, "a tensor that may be refused",
                        need_of(which), taking({.crafted = crafted})});
    }
  }
  Crafted other_major = vector_of(Struct::kVersioned);
  other_major.options.version = {2, 0};
  probes.push_back({"C-12", "major-2-versioned", "a tensor of another major version",
                    Need::kImportVersioned, taking({.crafted = other_major})});
  Crafted null_strides{.layout = "matrix"};
  null_strides.options.null_strides = null_strides.options.break_rules = true;
  probes.push_back({"C-12", "null-strides-1.3", "a tensor whose strides are NULL", Need::kImport,
                    taking({.crafted = null_strides})});
}

}  // namespace

void add_consumer_life(Probes& probes) {
  const std::string first_text = "the producer's names go first";
  for (const auto& [kind, which] : kKinds) {
    const Need need = need_of(which);
    for (const auto& [dtype, layout] :
         {std::pair("float32", "vector"), std::pair("float64", "columns"),
          std::pair("int8", "cube"), std::pair("float32", "scalar"),
          std::pair("float32", "empty-0x3")}) {
      probes.push_back({"C-11", "source-first-" + std::string(dtype) + "-" + layout + "-" + kind,
                        first_text, need,
                        source_first({.dtype = dtype, .layout = layout, .which = which})});
    }
    probes.push_back({"C-11", "two-imports-first-dropped-" + kind, "two imports of one source",
                      need, two_imports(0, which)});
    probes.push_back({"C-11", "two-imports-second-dropped-" + kind, "two imports of one source",
                      need, two_imports(1, which)});
    probes.push_back({"C-11", "plain-" + kind, "the deleter of a result that was dropped", need,
                      taking({.crafted = {.layout = "matrix", .which = which}, .proves = true})});
    std::array<std::string, 3> order = {"again", "result", "source"};
    do {
      probes.push_back({"C-11", "order-" + order[0] + "-" + order[1] + "-" + order[2] + "-" + kind,
                        "source, result and re-export go in this order", need,
                        released(order, which)});
    } while (std::ranges::next_permutation(order).found);
    probes.push_back({"C-11", "repeated-" + kind, "many imports", need,
                      repeated({.layout = "matrix", .which = which})});
    probes.push_back({"C-51", "dropped-on-worker-plain-" + kind,
                      "the last reference goes on another thread", need, dropped_on_worker(which)});
    probes.push_back({"C-51", "taken-on-worker-" + kind,
                      "taken on another thread, released on the main one", need,
                      taken_on_worker(which, false)});
  }
  probes.push_back(
      {"C-51", "many-workers", "four threads at one time", Need::kImport, on_many_workers});
  probes.push_back({"C-51", "from-worker-to-worker", "taken on one thread, released on another",
                    Need::kImport, taken_on_worker(Struct::kEither, true)});
  add_refused(probes);
  for (const Generation& generation : kGenerations) {
    for (const char* layout : {"vector", "matrix", "columns", "scalar"}) {
      Crafted crafted = of(generation, "float32", layout);
      crafted.options.null_deleter = true;
      probes.push_back({"C-13", generation.name + "-" + layout, "a tensor whose deleter is NULL",
                        need_of(generation.which),
                        taking({.crafted = crafted, .twin_layout = "same", .counts = false})});
    }
  }
}

}  // namespace dlpack_conformance::kit
