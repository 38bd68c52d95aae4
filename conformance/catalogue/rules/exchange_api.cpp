// X: the C exchange API, as far as exchange cases show it.
#include <array>

#include "catalogue/predicates.h"
#include "catalogue/rule.h"

namespace dlpack_conformance {
namespace {

using enum Level;
using enum Duty;
using enum Binds;
using enum About;

constexpr auto kRules = std::to_array<Rule>({
    {.id = "X-14",
     .level = kShould,
     .duty = kProducer,
     .about = kOutcome,
     .source = header("DLPackManagedTensorFromPyObjectNoSync"),
     .text = "data that DLPack cannot describe raises BufferError on this route too",
     .when = by_exchange_api && !(source_is<&SourceRow::strided> && describable),
     .holds = export_refused,
     .error = export_raised<"BufferError">,
     .reason = "undescribable-exported"},
    // PyTorch 2.13 hands out both bits raw.
    {.id = "X-15",
     .level = kDerived,
     .duty = kBorder,
     .binds = kAnyone,
     .about = kOutcome,
     .source = header("DLPackManagedTensorFromPyObjectNoSync"),
     .text = "lazily transformed values are resolved or refused on this route too",
     .when = by_exchange_api && source_is<&SourceRow::lazy>,
     .holds = refused || result_values_right,
     .crossed = export_values,
     .reason = "lazy-values-raw"},
    {.id = "X-20",
     .level = kSilent,
     .duty = kNobody,
     .source = header("DLPackManagedTensorToPyObjectNoSync"),
     .text = "the table's import failed, and its caller has to know who calls the deleter",
     .when = by_exchange_api && consumer_refused,
     .ambiguity = "A-16",
     .reason = "failed-import-open"},
    {.id = "X-31",
     .level = kSilent,
     .duty = kNobody,
     .source = header("DLPackExchangeAPI"),
     .text = "the source records gradients",
     .when = by_exchange_api && source_is<&SourceRow::autograd>,
     .ambiguity = "A-30",
     .reason = "autograd-open"},
});

DLCONFORM_LINT_RULES(kRules, 'X');

}  // namespace

std::span<const Rule> exchange_api_rules() { return kRules; }

}  // namespace dlpack_conformance
