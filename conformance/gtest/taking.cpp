#include "gtest/taking.h"

#include <chrono>
#include <thread>

#include "gtest/thrown.h"

namespace dlpack_conformance::kit {
namespace {

constexpr int kWaits = 10;
constexpr std::chrono::milliseconds kWait{5};

}  // namespace

Need need_of(Struct which) {
  switch (which) {
    case Struct::kLegacy:
      return Need::kImportLegacy;
    case Struct::kVersioned:
      return Need::kImportVersioned;
    case Struct::kEither:
      break;
  }
  return Need::kImport;
}

Need need_of(const Taking& how) { return need_of(how.crafted.which); }

Crafted of(const Generation& generation, std::string dtype, std::string layout) {
  Crafted crafted{
      .dtype = std::move(dtype), .layout = std::move(layout), .which = generation.which};
  crafted.options.version = generation.version;
  return crafted;
}

bool is_shared(const Observer& observer) {
  const Facts& facts = observer.facts;
  if (facts.proof_forward == "seen" || facts.proof_backward == "seen") return true;
  return facts.proof_address == "same" || facts.proof_address == "overlap";
}

Array offer(Observer& observer, const Giver& giver) {
  Array result = observer.take(giver);
  observer.facts.export_capsule = giver.is_legacy() ? "dltensor" : "dltensor_versioned";
  observer.compare_memory();
  if (result != nullptr) observer.look(result);
  return result;
}

bool twin_taken(Observer& observer, const Taking& taking) {
  const Crafted& own = taking.crafted;
  Crafted like{.dtype = own.dtype,
               .layout = taking.twin_layout == "same" ? own.layout : taking.twin_layout,
               .which = own.which};
  const dlpack_impl::Version& version = own.options.version;
  if (version.major == 1 && version.minor <= dlpack_impl::kNewestVersion.minor)
    like.options.version = version;
  const Giver giver = observer.crafted(like);
  try {
    const Array result = observer.take_quietly(giver);
    observer.facts.accepts_twin = true;
  } catch (...) {
    observer.facts.accepts_twin = false;
    observer.facts.route_absent = "an ordinary tensor is refused, too: " + thrown_class();
  }
  observer.drop_refused();
  return *observer.facts.accepts_twin;
}

void close(Observer& observer, const dlpack_impl::ExportLog& log) {
  observer.forget();
  observer.drop_refused();
  for (int wait = 0; wait < kWaits && log.deleter_calls() < log.exports(); ++wait)
    std::this_thread::sleep_for(kWait);  // a library may release on a thread of its own
  observer.facts.end_exports = log.exports();
  observer.facts.end_deleter_calls = log.deleter_calls();
  observer.facts.capsule_double_deletes = log.double_deletes();
}

Run taking(Taking how) {
  return [how = std::move(how)](Observer& observer) {
    if (!how.twin_layout.empty() && !twin_taken(observer, how)) return;
    const Giver giver = observer.crafted(how.crafted);
    {
      const Array result = offer(observer, giver);
      if (!giver.is_legacy()) {
        const dlpack_impl::Version& version = how.crafted.options.version;
        observer.facts.export_version = Ints{version.major, version.minor};
      }
      if (result != nullptr && how.proves && observer.facts.result_values)
        observer.prove(giver, result);
      observer.step(Step::kRelease);
    }
    if (how.counts) close(observer, giver.log());
  };
}

Run importing(Crafted crafted) {
  return [crafted = std::move(crafted)](Observer& observer) {
    const Giver giver = observer.crafted(crafted);
    const Array result = observer.take(giver);
    if (result != nullptr) observer.look(result);
  };
}

}  // namespace dlpack_conformance::kit
