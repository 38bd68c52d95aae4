// P: the producer. Judged on the export that the reference consumer read before the route ran.
#include <array>

#include "catalogue/predicates.h"
#include "catalogue/rule.h"

namespace dlpack_conformance {
namespace {

using enum Level;
using enum Duty;
using enum Binds;
using enum About;

Answer devices_agree(const Seen& seen) {
  const auto& method = seen.facts.export_dlpack_device;
  const auto& capsule = seen.facts.export_device;
  return method && capsule ? answer(*method == *capsule) : Answer::kUnknown;
}

Answer copy_asked_aloud(const Seen& seen) {
  const auto& keywords = seen.facts.export_keywords;
  return keywords ? answer(keywords->find("copy=True") != Text::npos ||
                           keywords->find("copy=False") != Text::npos)
                  : Answer::kUnknown;
}

/// Only legacy capsules can come of these keywords.
Answer asked_legacy(const Seen& seen) {
  const auto& keywords = seen.facts.export_keywords;
  return keywords ? answer(keywords->find("max_version") == Text::npos && *keywords != "both")
                  : Answer::kUnknown;
}

constexpr auto exported = over_dlpack && export_read;
constexpr auto lazy = source_is<&SourceRow::lazy>;
constexpr auto masked = source_is<&SourceRow::masked>;
constexpr auto one_buffer = source_is<&SourceRow::strided>;
constexpr auto autograd = source_is<&SourceRow::autograd>;
constexpr auto misaligned = source_is<&SourceRow::misaligned>;
/// The elements lie in one strided buffer that DLPack can describe as it is.
constexpr auto as_it_lies =
    has_elements && one_buffer && !copy_needed && !masked && !misaligned && describable;
constexpr auto export_copies = !export_in_place;
constexpr auto asked_copy = Ask<copy_asked_aloud>{};

constexpr auto kRules = std::to_array<Rule>({
    {.id = "P-04",
     .level = kDerived,
     .duty = kProducer,
     .since = aa(2021, 12),
     .source = dd() | page_meaning("Syntax"),
     .text = "__dlpack_device__ names the device of the capsule",
     .when = exported && !export_asked_device,
     .holds = Ask<devices_agree>{},
     .ambiguity = "A-21",
     .reason = "device-disagrees"},
    {.id = "P-15",
     .level = kMust,
     .duty = kProducer,
     .since = aa(2021, 12),
     .source = page_meaning("Semantics") | di("item 4"),
     .text = "an export shares the source's memory where possible",
     .when = exported && as_it_lies && !asked_copy && !export_asked_max_version,
     .holds = export_in_place,
     .reason = "export-copies"},
    {.id = "P-24",
     .level = kDerived,
     .duty = kProducer,
     .since = aa(2023, 12),
     .source = dp("dl_device, copy"),
     .text = "naming the source's own device copies nothing",
     .when = exported && as_it_lies && export_asked_device && !export_asked_copy_true,
     .holds = export_in_place,
     .reason = "own-device-copies"},
    {.id = "P-29",
     .level = kMust,
     .duty = kProducer,
     .since = aa(2023, 12),
     .source = dp("copy"),
     .text = "an export with copy=True is a copy",
     .when = exported && has_elements && export_asked_copy_true && export_asked_max_version,
     .holds = export_copies,
     .reason = "copy-true-shares"},
    {.id = "P-30",
     .level = kMust,
     .duty = kProducer,
     .since = aa(2023, 12),
     .source = dp("copy"),
     .text = "an export with copy=False shares or raises BufferError",
     .when = over_dlpack && has_elements && export_asked_copy_false,
     .holds = export_refused || export_in_place,
     .error = !copy_needed || export_raised<"BufferError">,
     .reason = "copy-false-copies"},
    {.id = "P-31",
     .level = kMust,
     .duty = kProducer,
     .since = aa(2023, 12),
     .source = dp("copy"),
     .text = "an export with copy=None shares where possible",
     .when = exported && as_it_lies && !asked_copy && export_asked_max_version,
     .holds = export_in_place,
     .reason = "export-copies"},
    // PyTorch 2.13 copies and leaves the bit clear.
    {.id = "P-32",
     .level = kMust,
     .duty = kProducer,
     .since = aa(2023, 12),
     .source = dp("copy") | page_meaning("Semantics") | issue("dmlc/dlpack#136"),
     .text = "a copy carries IS_COPIED",
     .when = exported && export_versioned && has_elements && export_copies,
     .holds = flag_copied,
     .ambiguity = "A-01",
     .reason = "copied-flag-missing"},
    {.id = "P-33",
     .level = kDerived,
     .duty = kProducer,
     .source = header("IS_COPIED"),
     .text = "shared memory does not carry IS_COPIED",
     .when = exported && export_versioned && has_elements && export_in_place,
     .holds = !flag_copied,
     .reason = "copied-flag-wrong"},
    {.id = "P-34",
     .level = kShould,
     .duty = kProducer,
     .since = aa(2024, 12),
     .source = cv("Copy keyword") | header("IS_COPIED"),
     .text = "a requested copy does not carry READ_ONLY",
     .when = exported && export_versioned && has_elements && export_asked_copy_true &&
             export_copies && !source_writable,
     .holds = !flag_readonly,
     .reason = "copy-readonly"},
    {.id = "P-35",
     .level = kDerived,
     .duty = kProducer,
     .source = header("READ_ONLY") | dp("Notes"),
     .text = "a source that may not be written carries READ_ONLY",
     .when = exported && export_versioned && has_elements && export_in_place && !source_writable,
     .holds = flag_readonly,
     .reason = "readonly-flag-missing"},
    {.id = "P-36",
     .level = kSilent,
     .duty = kNobody,
     .source = issue("data-apis/array-api#191"),
     .text = "a read-only source meets a capsule that cannot say so",
     .when = over_dlpack && !source_writable && Ask<asked_legacy>{},
     .ambiguity = "A-02",
     .reason = "readonly-legacy-open"},
    {.id = "P-37",
     .level = kShould,
     .duty = kProducer,
     .about = kOutcome,
     .since = aa(2022, 12),
     .source = dp("Raises") | issue("data-apis/array-api#498"),
     .text = "data that DLPack cannot describe raises BufferError",
     .when = over_dlpack && !by_exchange_api && one_buffer && !describable,
     .holds = export_refused || export_copies,
     .error = !by_method || export_raised<"BufferError">,
     .reason = "undescribable-exported"},
    // PyTorch 2.13 refuses the conjugate bit, and exports the negative bit with the wrong sign.
    {.id = "P-38",
     .level = kDerived,
     .duty = kProducer,
     .binds = kAnyone,
     .about = kOutcome,
     .since = aa(2021, 12),
     .source = page_meaning("Semantics") | di("item 1"),
     .text = "lazily transformed values are resolved or refused, never exported as the bytes lie",
     .when = over_dlpack && !by_exchange_api && lazy,
     .holds = export_refused || export_values,
     .reason = "lazy-values-raw"},
    {.id = "P-39",
     .level = kShould,
     .duty = kProducer,
     .about = kOutcome,
     .since = aa(2022, 12),
     .source = dp("Raises") | di("Non-supported"),
     .text = "what is not one strided buffer raises BufferError",
     .when = over_dlpack && !by_exchange_api && !one_buffer,
     .holds = export_refused,
     .error = !by_method || export_raised<"BufferError">,
     .reason = "unstrided-exported"},
    {.id = "P-42",
     .level = kDerived,
     .duty = kBorder,
     .about = kOutcome,
     .since = aa(2022, 12),
     .source = di("item 2"),
     .text = "every dtype of the standard can be exchanged",
     .when = by_from_dlpack && plain_request && dtype_is<&DTypeRow::standard> && ordinary &&
             layout_is<kContiguous> && !layout_is<kRankHigh> && consumer_has_dtype,
     .holds = returned,
     .ambiguity = "A-22",
     .crossed = export_read,
     .reason = "standard-dtype-refused"},
    {.id = "P-43",
     .level = kSilent,
     .duty = kNobody,
     .source = issue("apache/arrow#38472"),
     .text = "some elements of the source are masked",
     .when = over_dlpack && masked,
     .reason = "mask-open"},
    {.id = "P-46",
     .level = kDerived,
     .duty = kProducer,
     .binds = kAnyone,
     .since = aa(2021, 12),
     .source = page_meaning("Semantics"),
     .text = "shape, dtype and values of an export are the source's",
     .when = exported && describable && !lazy && !masked && one_buffer,
     .holds = export_shape_right && export_dtype_right && export_values,
     .reason = "export-differs"},
    {.id = "P-48",
     .level = kDerived,
     .duty = kProducer,
     .source = page("Implementation"),
     .text = "a legacy and a versioned export describe the same elements",
     .when = over_dlpack,
     .holds = flag<&Facts::export_agree>,
     .reason = "exports-differ"},
    {.id = "P-51",
     .level = kSilent,
     .duty = kNobody,
     .source = pt("Tensor.__dlpack__"),
     .text = "the source records gradients",
     .when = over_dlpack && !by_exchange_api && autograd,
     .ambiguity = "A-30",
     .reason = "autograd-open"},
    {.id = "P-52",
     .level = kSilent,
     .duty = kNobody,
     .source = dp("copy"),
     .text = "an export is a copy whose layout is its own",
     .when = exported && has_elements && export_copies,
     .reason = "copy-layout-open"},
    {.id = "P-53",
     .level = kSilent,
     .duty = kNobody,
     .source = dp("copy"),
     .text = "a copy is asked for in a legacy capsule",
     .when = over_dlpack && asked_copy && Ask<asked_legacy>{},
     .ambiguity = "A-01",
     .reason = "legacy-copy-open"},
});

DLCONFORM_LINT_RULES(kRules, 'P');

}  // namespace

std::span<const Rule> producer_rules() { return kRules; }

}  // namespace dlpack_conformance
