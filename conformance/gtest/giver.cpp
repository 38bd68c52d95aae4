// What is handed over: managed tensors of either struct, and the producer of the reference that
// makes them.
#include <dlpack_impl/consumer.h>
#include <dlpack_impl/producer.h>

#include <cstddef>
#include <memory>
#include <string_view>

#include "gtest/observer.h"

namespace dlpack_conformance::kit {

dlpack_impl::Reading Managed::reading() const {
  return legacy != nullptr ? dlpack_impl::read_header(*legacy)
                           : dlpack_impl::read_header(*versioned);
}

std::string_view Managed::kind() const {
  return legacy != nullptr ? "dltensor" : "dltensor_versioned";
}

Giver::Giver(const Asked& asked, const Crafted& crafted, bool legacy,
             const std::shared_ptr<dlpack_impl::Buffer>& memory)
    : crafted_(crafted),
      legacy_(legacy),
      log_(std::make_shared<dlpack_impl::ExportLog>()),
      producer_({.dtype = asked.type,
                 .shape = {asked.layout->shape.begin(), asked.layout->shape.end()},
                 .strides = {asked.layout->strides.begin(), asked.layout->strides.end()},
                 .origin = memory->origin(),
                 .offset_bytes =
                     memory->first_offset_bytes() - (static_cast<std::byte*>(memory->origin()) -
                                                     static_cast<std::byte*>(memory->address())),
                 .readonly = crafted.readonly},
                log_),
      memory_(memory) {}

Managed Giver::give() const {
  const std::shared_ptr<dlpack_impl::Buffer> memory = memory_.lock();
  const dlpack_impl::Keeper keeper = dlpack_impl::keep(memory);
  Managed managed;
  // With a NULL deleter nobody takes the keeper: the case keeps the memory.
  const bool taken = !crafted_.options.null_deleter;
  try {
    if (legacy_) {
      managed.legacy = crafted_.stated ? producer_.export_stated_legacy(crafted_.options,
                                                                        *crafted_.stated, keeper)
                                       : producer_.export_legacy(crafted_.options, keeper);
    } else {
      managed.versioned = crafted_.stated ? producer_.export_stated_versioned(
                                                crafted_.options, *crafted_.stated, keeper)
                                          : producer_.export_versioned(crafted_.options, keeper);
    }
  } catch (...) {
    keeper.release(keeper.context);
    throw;
  }
  if (!taken) keeper.release(keeper.context);
  return managed;
}

}  // namespace dlpack_conformance::kit
