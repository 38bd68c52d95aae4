// S: streams and synchronisation. The CPU has no stream, so that here only None is left; the rest
// waits for a device.
#include <array>
#include <string_view>

#include "catalogue/call_log.h"
#include "catalogue/predicates.h"
#include "catalogue/rule.h"

namespace dlpack_conformance {
namespace {

using enum Level;
using enum Duty;
using enum Binds;

constexpr auto kProtocol = CaseKind::kProtocol;
constexpr std::string_view kNeedsStreams = "needs a device with streams: no CPU case";
constexpr std::string_view kNeedsRocm = "needs a ROCm device: no CPU case";

Answer on_cpu(const Seen& seen) { return answer(seen.subject.device->type == 1); }

Answer no_stream(const Seen& seen) {
  return every_keyword(seen.facts, [](const Keyword& keyword) {
    return keyword.name != "stream" || keyword.value == "None";
  });
}

/// The stream that a case passes is told by its variant.
Answer passes_none(const Seen& seen) { return answer(seen.subject.variant.starts_with("none")); }

Answer passes_minus_one(const Seen& seen) {
  return answer(seen.subject.variant.starts_with("minus-one"));
}

constexpr auto call_returned = flag<&Facts::route_returned>;
constexpr Ask<passes_none> none{};
constexpr Ask<passes_minus_one> minus_one{};
constexpr auto none_alone = (none && call_returned) || (!none && !call_returned);

constexpr auto kDefaultStream = std::to_array<Reading>({
    {"none", "off devices with streams None alone is accepted", !lost && none_alone},
    {"own-stream", "the library has -1 for its default, which there means None",
     !lost && (minus_one || none_alone)},
});

constexpr auto kRules = std::to_array<Rule>({
    {.id = "S-01",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = dp("stream"),
     .text = "on the CPU __dlpack__ accepts no stream other than None",
     .ambiguity = "A-10",
     .readings = kDefaultStream,
     .reason = "stream-accepted"},
    {.id = "S-02",
     .level = kMay,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = dp("stream"),
     .text = "streams other than None are supported",
     .untestable = kNeedsStreams},
    {.id = "S-03",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .since = aa(2023, 12),
     .source = dp("stream"),
     .text = "__dlpack__ was given a stream below -1, or of another type than an int",
     .when = known<&Facts::route_returned> || lost,
     .reason = "stream-form-open"},
    {.id = "S-04",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = dp("stream"),
     .text = "on CUDA None stands for the legacy default stream",
     .ambiguity = "A-10",
     .untestable = kNeedsStreams},
    {.id = "S-05",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = dp("stream"),
     .text = "on CUDA 1 is the legacy default stream",
     .untestable = kNeedsStreams},
    {.id = "S-06",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = dp("stream"),
     .text = "on CUDA 2 is the per-thread default stream",
     .untestable = kNeedsStreams},
    {.id = "S-07",
     .level = kShould,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = dp("stream"),
     .text = "on CUDA 0 is refused",
     .untestable = kNeedsStreams},
    {.id = "S-08",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = dp("stream"),
     .text = "above 2 the value is a stream, and work on it sees complete data afterwards",
     .untestable = kNeedsStreams},
    {.id = "S-09",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = dp("stream"),
     .text = "with -1 the producer performs no synchronization",
     .untestable = kNeedsStreams},
    {.id = "S-10",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = dp("stream"),
     .text = "on ROCm None and 0 are the default stream, above 2 a stream; 1 and 2 mean nothing",
     .untestable = kNeedsRocm},
    {.id = "S-11",
     .level = kMust,
     .duty = kConsumer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = page_meaning("Semantics"),
     .text = "the consumer passes the stream that it will use",
     .untestable = kNeedsStreams},
    {.id = "S-12",
     .level = kDerived,
     .duty = kConsumer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = dp("stream"),
     .text = "the consumer never passes 0 on CUDA",
     .untestable = kNeedsStreams},
    {.id = "S-13",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = page_meaning("Syntax"),
     .text = "in which order a consumer calls __dlpack_device__ and __dlpack__",
     .when = known<&Facts::calls_log>,
     .reason = "device-asked-open"},
    {.id = "S-14",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = dp("stream"),
     .text = "the stream stays the consumer's own",
     .untestable = kNeedsStreams},
    {.id = "S-15",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = page_meaning("Semantics") | dp("stream"),
     .text = "whether the host waits although both sides use one stream",
     .untestable = kNeedsStreams},
    {.id = "S-16",
     .level = kMust,
     .duty = kBorder,
     .judged_in = kProtocol,
     .since = aa(2023, 12),
     .source = dp("stream"),
     .text = "to the CPU stream is None, and the data is complete when the call returns",
     .untestable = kNeedsStreams},
    {.id = "S-17",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2023, 12),
     .source = dp("copy"),
     .text = "a copy is made over the stream that was passed",
     .untestable = kNeedsStreams},
    {.id = "S-18",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .source = header("DLManagedTensor"),
     .text = "who waits before the producer uses the memory again",
     .ambiguity = "A-11",
     .untestable = kNeedsStreams},
    {.id = "S-19",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .source = dp("stream"),
     .text = "an export of an array on a device that is not the current one",
     .untestable = "needs two devices with streams: no CPU case"},
    {.id = "S-20",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .source = dp("stream"),
     .text = "an export of pinned memory with a stream",
     .untestable = "needs memory pinned by a device: no CPU case"},
    {.id = "S-21",
     .level = kMay,
     .duty = kNobody,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = dp("stream"),
     .text = "on other kinds of devices the two sides agree on the type of stream",
     .untestable = "an agreement between two libraries, which no text names"},
    {.id = "S-22",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .source = header("DLPackExchangeAPI"),
     .text = "an exchange while the device's work is captured as a graph",
     .untestable = kNeedsStreams},
    {.id = "S-23",
     .level = kDerived,
     .duty = kConsumer,
     .since = aa(2021, 12),
     .source = dp("stream"),
     .text = "no stream is passed for a source on the CPU",
     .when = over_dlpack && Ask<on_cpu>{} && known<&Facts::calls_log>,
     .holds = Ask<no_stream>{},
     .reason = "stream-on-cpu",
     .probed = {.holds = Ask<no_stream>{}}},
    {.id = "S-24",
     .level = kDerived,
     .duty = kConsumer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = dp("stream"),
     .text = "the consumer never passes 1 or 2 on ROCm",
     .untestable = kNeedsRocm},
});

DLCONFORM_LINT_RULES(kRules, 'S');

}  // namespace

std::span<const Rule> stream_rules() { return kRules; }

}  // namespace dlpack_conformance
