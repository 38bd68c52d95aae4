// The dlpack.h with which the traits of a library were compiled.
#include <string>

#include "gtest/probe.h"

namespace dlpack_conformance::kit {

void add_headers(Probes& probes) {
  for (const auto& [rule, name] :
       {std::pair("H-01", "DLPackVersion"), std::pair("H-02", "DLDevice"),
        std::pair("H-03", "DLDataType"), std::pair("H-04", "DLTensor"),
        std::pair("H-05", "DLManagedTensor"), std::pair("H-06", "DLManagedTensorVersioned")}) {
    probes.push_back(
        {rule, name, "size and offsets of the struct", Need::kNothing, [name](Observer& observer) {
           for (const detail::CompiledStruct& row : observer.library().compiled) {
             if (row.name != std::string_view(name)) continue;
             observer.facts.abi_size = static_cast<Int>(row.size);
             observer.facts.abi_offsets.emplace(row.offsets.begin(), row.offsets.end());
           }
         }});
  }
}

}  // namespace dlpack_conformance::kit
