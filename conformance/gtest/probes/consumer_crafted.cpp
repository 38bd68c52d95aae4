// Imports of what the header leaves open or forbids, crafted field by field.
#include <string>

#include "gtest/taking.h"
#include "gtest/thrown.h"
#include "observe/crafted.h"

namespace dlpack_conformance::kit {
namespace {

/// What the library says of the result; its elements are left alone.
void describe(Observer& observer, const Array& result) {
  Facts& facts = observer.facts;
  if (!observer.library().describe) return;
  try {
    const Description said = observer.library().describe(result);
    facts.result_shape = said.shape;
    facts.result_dtype = dtype_word(said);
    facts.result_device = device_word(said.device);
    facts.result_writable = said.writable;
  } catch (...) {
    facts.result_error = thrown_class();
  }
}

Run handed(Crafted crafted) {
  return [crafted](Observer& observer) {
    const Giver giver = observer.crafted(crafted);
    {
      const Array result = observer.take(giver);
      if (result != nullptr) {
        observer.step(Step::kRead);
        describe(observer, result);
      }
      observer.step(Step::kRelease);
    }
    close(observer, giver.log());
  };
}

}  // namespace

void add_consumer_crafted(Probes& probes) {
  for (const CraftedTensor& row : crafted_tensors()) {
    Crafted crafted{.layout = std::string(row.layout),
                    .which = row.versioned_only ? Struct::kVersioned : Struct::kEither};
    crafted.options = row.options;
    crafted.options.break_rules = row.malformed;
    crafted.stated = row.stated;
    const std::string name(row.name), text(row.text);
    probes.push_back({"T-31", name, text, need_of(crafted.which), handed(crafted), row.malformed});
    if (row.versioned_only) continue;
    crafted.which = Struct::kLegacy;
    probes.push_back(
        {"T-31", name + "-legacy", text, Need::kImportLegacy, handed(crafted), row.malformed});
  }
  for (const auto& [kind, which] : kKinds) {
    for (const char* layout : {"vector", "matrix", "scalar"}) {
      Crafted crafted{.layout = layout, .which = which};
      crafted.stated = dlpack_impl::Stated{.null_context = true};
      probes.push_back({"T-29", std::string(layout) + "-" + kind, "a context that is NULL",
                        need_of(which), taking({.crafted = crafted, .twin_layout = "same"})});
      Crafted undeletable{.layout = layout, .which = which};
      undeletable.options.null_deleter = true;
      probes.push_back({"T-30", std::string(layout) + "-" + kind, "a deleter that is NULL",
                        need_of(which),
                        taking({.crafted = undeletable, .twin_layout = "same", .counts = false})});
    }
  }
}

}  // namespace dlpack_conformance::kit
