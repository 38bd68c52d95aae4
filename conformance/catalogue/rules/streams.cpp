// S: streams and synchronisation, as far as exchange cases on the CPU show them.
#include <array>

#include "catalogue/call_log.h"
#include "catalogue/predicates.h"
#include "catalogue/rule.h"

namespace dlpack_conformance {
namespace {

using enum Level;
using enum Duty;

Answer on_cpu(const Seen& seen) { return answer(seen.subject.device->type == 1); }

Answer no_stream(const Seen& seen) {
  return every_keyword(seen.facts, [](const Keyword& keyword) {
    return keyword.name != "stream" || keyword.value == "None";
  });
}

constexpr auto kRules = std::to_array<Rule>({
    {.id = "S-23",
     .level = kDerived,
     .duty = kConsumer,
     .since = aa(2021, 12),
     .source = dp("stream"),
     .text = "no stream is passed for a source on the CPU",
     .when = over_dlpack && Ask<on_cpu>{} && known<&Facts::calls_log>,
     .holds = Ask<no_stream>{},
     .reason = "stream-on-cpu"},
});

DLCONFORM_LINT_RULES(kRules, 'S');

}  // namespace

std::span<const Rule> stream_rules() { return kRules; }

}  // namespace dlpack_conformance
