#include "gtest/exchange.h"

#include <optional>
#include <string>
#include <utility>

#include "catalogue/devices.h"
#include "catalogue/sources.h"
#include "gtest/giving.h"
#include "gtest/numbers.h"
#include "gtest/proof.h"
#include "gtest/taking.h"
#include "gtest/thrown.h"
#include "gtest/traits_error.h"
#include "observe/read_export.h"

namespace dlpack_conformance::kit {
namespace {

/// Values of a result by its reader; in another shape nothing is compared.
void note_values(Facts& facts, dlpack_impl::DType type, const std::vector<std::byte>& got,
                 const Asked& asked, bool shaped) {
  const auto wanted = encoded(type, asked);
  if (!wanted) return;
  facts.result_values = shaped && got == *wanted;
  if (!shaped) {
    facts.result_wrong = "in another shape";
  } else if (got != *wanted) {
    facts.result_wrong = first_difference(type, *wanted, type, got);
  }
}

void note_reading(Observer& observer, const Managed& managed, dlpack_impl::DType type,
                  bool shaped) {
  const auto raw = shaped ? encoded(type, observer.asked()) : std::nullopt;
  dlpack_conformance::read_export(observer.facts, ReadGroup::kResultRead, managed.reading(),
                                  managed.kind(), observer.origin(),
                                  raw.value_or(std::vector<std::byte>()));
}

bool is_proven(const Facts& facts) {
  return facts.proof_forward == "seen" || facts.proof_backward == "seen";
}

std::string where(const Observer& observer, const void* address) {
  if (address == nullptr) return "null";
  return address_text(reinterpret_cast<std::uintptr_t>(address), observer.origin(), false);
}

/// What the reference says of what it took.
Description describe(const dlpack_impl::Imported& taken) {
  const dlpack_impl::TensorView& view = taken.view();
  const dlpack_impl::DType type = view.dtype();
  return {.shape = view.shape().to_vector(),
          .strides = view.strides().to_vector(),
          .dtype = {type.code, type.bits, type.lanes},
          .device = {static_cast<DLDeviceType>(view.device().type), view.device().id},
          .first = view.first(),
          .writable = !taken.header().read_only(),
          .padded = type.padded};
}

/// Exports what the reference took, once more.
Managed again(const dlpack_impl::Imported& taken) {
  const dlpack_impl::TensorView& view = taken.view();
  const dlpack_impl::Producer producer({.dtype = view.dtype(),
                                        .shape = view.shape().to_vector(),
                                        .strides = view.strides().to_vector(),
                                        .origin = view.first(),
                                        .device = view.device(),
                                        .readonly = taken.header().read_only()},
                                       std::make_shared<dlpack_impl::ExportLog>());
  return {.legacy = {}, .versioned = producer.export_versioned({}, {})};
}

Side side_of(const dlpack_impl::Imported& taken) {
  const Description said = describe(taken);
  const std::vector<std::int64_t> index = last_index(said.shape);
  const dlpack_impl::DType type = taken.view().dtype();
  return {.said = said,
          .type = type,
          .get =
              [&taken, index, type] {
                std::vector<std::byte> element(static_cast<std::size_t>(type.element_bytes()));
                taken.view().get(index, element.data());
                return element;
              },
          .set =
              [&taken, index](const std::vector<std::byte>& element) {
                taken.view().set(index, element.data());
              }};
}

}  // namespace

bool crosses_legacy(const Subject& subject, bool from_library) {
  return from_library ? static_cast<bool>(subject.to_dlpack)
                      : static_cast<bool>(subject.from_dlpack);
}

void exchange_in(Observer& observer, const Case& subject) {
  Facts& facts = observer.facts;
  const Subject& library = observer.library();
  const SourceRow& source = *subject.source;
  observer.step(Step::kMake);
  std::optional<Giver> giver(observer.crafted(
      {.dtype = std::string(subject.dtype->name),
       .layout = std::string(subject.layout->name),
       .which = crosses_legacy(library, false) ? Struct::kLegacy : Struct::kVersioned,
       .place = place_of(source)}));
  const auto log = giver->ledger();
  const auto watched = observer.watched();
  facts.source_canary = "placed";

  observer.step(Step::kExport);
  facts.export_keywords = words_of(!giver->is_legacy());
  {
    const Managed own = giver->give();
    dlpack_conformance::read_export(facts, ReadGroup::kExport, own.reading(), own.kind(),
                                    observer.origin(), observer.asked().raw);
  }
  facts.export_outside = observer.memory()->outside_changed() == 0;
  const std::int64_t first_export = log->exports();

  Array result = observer.take(*giver);
  if (result != nullptr) facts.route_identity = false;
  bool shaped = true;
  if (result != nullptr) {
    observer.look(result);
    const auto& after = observer.after();
    const std::vector<std::int64_t> shape(subject.layout->shape.begin(),
                                          subject.layout->shape.end());
    shaped = !after || after->shape == shape;
    if (!shaped && facts.result_values) {
      facts.result_values = false;
      facts.result_wrong = "in another shape";
    }
    if (library.to_dlpack_versioned || library.to_dlpack) {
      try {
        const Managed managed =
            observer.give(result, static_cast<bool>(library.to_dlpack_versioned));
        const Asked& asked = observer.asked();
        note_reading(observer, managed, after ? type_of(*after) : asked.type, shaped);
      } catch (const TraitsError&) {
        throw;
      } catch (...) {
        facts.result_read_error = thrown_class();
      }
    }
  }
  observer.compare_memory();
  if (result != nullptr && facts.result_values) observer.prove(*giver, result);

  observer.step(Step::kRelease);
  giver.reset();
  observer.forget();
  if (log->exports() > first_export && is_proven(facts)) facts.end_early = log->live() == 0;
  if (result != nullptr && facts.result_values) {
    const auto got = observer.read(result);
    facts.end_values =
        shaped && got && got == encoded(type_of(*observer.after()), observer.asked());
  }
  result.reset();
  observer.drop_refused();
  const auto is_alive = [&] { return !watched.expired() || log->live() > 0; };
  facts.end_alive = is_alive();
  if (*facts.end_alive) facts.end_alive_after_collect = is_alive();
  facts.end_exports = log->exports();
  facts.end_deleter_calls = log->deleter_calls();
  if (!log->deleter_threads().empty()) {
    const bool here = log->deleter_threads().back() == static_cast<std::uint64_t>(pthread_self());
    facts.end_deleter_thread = here ? "main" : "t1";
  }
}

void exchange_out(Observer& observer, const Case& subject) {
  Facts& facts = observer.facts;
  const Subject& library = observer.library();
  observer.step(Step::kMake);
  Array array;
  try {
    array = observer.source(subject.dtype->name, subject.layout->name, subject.source->name);
  } catch (const TraitsError&) {
    throw;
  } catch (...) {
    facts.source_error = thrown_class();
    facts.source_message = thrown_text();
    return;
  }
  const auto watched = observer.watched();
  const bool ours = observer.memory() != nullptr;
  facts.source_canary = ours ? "placed" : "none";
  const bool versioned = !crosses_legacy(library, true);

  observer.step(Step::kExport);
  {
    const Managed own = observer.ask(array, versioned, words_of(versioned));
    if (!own.empty())
      dlpack_conformance::read_export(facts, ReadGroup::kExport, own.reading(), own.kind(),
                                      observer.origin(), observer.asked().raw);
  }
  if (ours) facts.export_outside = observer.memory()->outside_changed() == 0;

  observer.step(Step::kExchange);
  std::optional<dlpack_impl::Imported> taken;
  try {
    Managed managed = observer.give(array, versioned);
    if (versioned) {
      taken.emplace(std::move(managed.versioned));
    } else {
      taken.emplace(std::move(managed.legacy));
    }
    facts.route_returned = true;
    facts.route_identity = false;
  } catch (const TraitsError&) {
    throw;
  } catch (...) {
    facts.route_returned = false;
    facts.route_error = thrown_class();
    facts.route_message = thrown_text();
  }
  if (taken) {
    observer.step(Step::kRead);
    const Description after = describe(*taken);
    const dlpack_impl::DType type = taken->view().dtype();
    facts.result_own_type = true;
    facts.result_shape = after.shape;
    facts.result_strides = after.strides;
    facts.result_dtype = std::string(dlpack_impl::dtype_name(type));
    facts.result_device = device_word(after.device);
    facts.result_address = where(observer, after.first);
    facts.result_writable = after.writable;
    const std::vector<std::int64_t> shape(subject.layout->shape.begin(),
                                          subject.layout->shape.end());
    const bool shaped = after.shape == shape;
    note_reading(observer, again(*taken), type, shaped);
    note_values(facts, type, taken->view().read_raw(), observer.asked(), shaped);
  }
  observer.compare_memory();
  if (!ours) {
    if (const auto now = observer.read(array)) facts.memory_source = *now == observer.asked().raw;
  }
  if (taken && facts.result_values && library.describe && library.read) {
    observer.step(Step::kWrite);
    prove(facts, side_of(library, array, library.describe(array)), side_of(*taken),
          observer.asked(), observer.memory().get(), subject.source->may_write);
  }

  observer.step(Step::kRelease);
  array.reset();
  observer.forget();
  if (taken && facts.result_values) {
    facts.end_values = taken->view().read_raw() == encoded(taken->view().dtype(), observer.asked());
  }
  taken.reset();
  if (ours) {
    facts.end_alive = !watched.expired();
    if (*facts.end_alive) facts.end_alive_after_collect = !watched.expired();
  }
}

}  // namespace dlpack_conformance::kit
