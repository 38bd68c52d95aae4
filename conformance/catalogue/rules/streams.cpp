// S: streams and synchronisation. On the CPU only None is left. On a device the order is seen in
// what work on the consumer's stream reads while the producer's is held up: the old data, or the
// new.
#include <algorithm>
#include <array>
#include <optional>
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
constexpr std::string_view kNeedsRocm = "needs a ROCm device: no CPU case";

Answer on_cpu(const Seen& seen) { return answer(seen.subject.device->type == 1); }

Answer no_stream(const Seen& seen) {
  return every_keyword(seen.facts, [](const Keyword& keyword) {
    return keyword.name != "stream" || keyword.value == "None";
  });
}

/// How a stream was passed that stands for one that is alive, or for none.
bool is_usable(std::string_view passed) {
  static constexpr std::array<std::string_view, 6> kUsable = {"absent", "None", "-1",
                                                              "1",      "2",    "own"};
  return std::ranges::find(kUsable, passed) != kUsable.end();
}

/// Unknown where no __dlpack__ call was seen.
template <typename Fits>
Answer each_passed(const Facts& facts, Fits fits) {
  const std::optional<Texts>& passed = facts.stream_passed;
  if (!passed || passed->empty()) return Answer::kUnknown;
  return answer(std::ranges::all_of(*passed, fits));
}

Answer passes_usable(const Seen& seen) { return each_passed(seen.facts, is_usable); }

Answer passes_no_zero(const Seen& seen) {
  return each_passed(seen.facts, [](std::string_view passed) { return passed != "0"; });
}

/// Yes, too, where nobody saw how a stream was passed: the call was ours.
Answer passes_no_stream(const Seen& seen) {
  if (!seen.facts.stream_passed) return Answer::kYes;
  return answer(std::ranges::all_of(*seen.facts.stream_passed, [](std::string_view passed) {
    return passed == "absent" || passed == "None";
  }));
}

Answer leaves_out(const Seen& seen) { return answer(seen.subject.variant.starts_with("omitted")); }

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

constexpr Ask<leaves_out> left_out{};
constexpr auto queued = flag<&Facts::stream_queued>;
constexpr auto complete = flag<&Facts::stream_values>;
constexpr auto old_data = flag<&Facts::stream_old>;
constexpr auto waited = flag<&Facts::stream_waited>;

// What was done before anything was queued says nothing about order.
constexpr auto put_to_test = queued || lost;
constexpr auto ordered = !lost && call_returned && complete;
constexpr auto ordered_or_refused = !lost && (!call_returned || complete);

constexpr auto kLegacyStream = std::to_array<Reading>({
    {"none", "left out it is None, the legacy default stream", ordered},
    {"own-stream", "left out it is what the library says", ordered || (left_out && !lost)},
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
     .holds = !lost && call_returned,
     .reason = "stream-unsupported",
     .lost_reason = "process-lost"},
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
     .when = put_to_test,
     .ambiguity = "A-10",
     .readings = kLegacyStream,
     .reason = "unsynchronised",
     .lost_reason = "process-lost"},
    {.id = "S-05",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = dp("stream"),
     .text = "on CUDA 1 is the legacy default stream",
     .when = put_to_test,
     .holds = ordered_or_refused,
     .reason = "unsynchronised",
     .lost_reason = "process-lost"},
    {.id = "S-06",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = dp("stream"),
     .text = "on CUDA 2 is the per-thread default stream",
     .when = put_to_test,
     .holds = ordered_or_refused,
     .reason = "unsynchronised",
     .lost_reason = "process-lost"},
    {.id = "S-07",
     .level = kShould,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = dp("stream"),
     .text = "on CUDA 0 is refused",
     .holds = !lost && !call_returned,
     .reason = "stream-zero-taken",
     .lost_reason = "process-lost"},
    {.id = "S-08",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = dp("stream"),
     .text = "above 2 the value is a stream, and work on it sees complete data afterwards",
     .when = put_to_test,
     .holds = ordered_or_refused,
     .reason = "unsynchronised",
     .lost_reason = "process-lost"},
    {.id = "S-09",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = dp("stream"),
     .text = "with -1 the producer performs no synchronization",
     .when = put_to_test,
     .holds = !lost && (!call_returned || (!waited && old_data)),
     .reason = "stream-waits",
     .lost_reason = "process-lost"},
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
     .when = (queued && (call_returned || !Ask<passes_usable>{})) || lost,
     .holds = ordered,
     .reason = "unsynchronised",
     .lost_reason = "process-lost"},
    {.id = "S-12",
     .level = kDerived,
     .duty = kConsumer,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = dp("stream"),
     .text = "the consumer never passes 0 on CUDA",
     .holds = !lost && Ask<passes_no_zero>{},
     .reason = "stream-zero-passed",
     .lost_reason = "process-lost"},
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
     .when = call_returned || lost,
     .holds = !lost && flag<&Facts::stream_alive> && flag<&Facts::stream_ended>,
     .reason = "stream-taken-over",
     .lost_reason = "process-lost"},
    {.id = "S-15",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .since = aa(2021, 12),
     .source = page_meaning("Semantics") | dp("stream"),
     .text = "whether the host waits although both sides use one stream",
     .when = known<&Facts::stream_waited>,
     .reason = "host-wait-open"},
    {.id = "S-16",
     .level = kMust,
     .duty = kBorder,
     .judged_in = kProtocol,
     .since = aa(2023, 12),
     .source = dp("stream"),
     .text = "to the CPU stream is None, and the data is complete when the call returns",
     .when = (queued && (call_returned || !Ask<passes_no_stream>{})) || lost,
     .holds = !lost && Ask<passes_no_stream>{} && complete,
     .reason = "cpu-incomplete",
     .lost_reason = "process-lost"},
    {.id = "S-17",
     .level = kMust,
     .duty = kProducer,
     .judged_in = kProtocol,
     .since = aa(2023, 12),
     .source = dp("copy"),
     .text = "a copy is made over the stream that was passed",
     .when = (queued && call_returned) || lost,
     .holds = ordered,
     .reason = "unsynchronised",
     .lost_reason = "process-lost"},
    {.id = "S-18",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .source = header("DLManagedTensor"),
     .text = "who waits before the producer uses the memory again",
     .when = known<&Facts::stream_values> || known<&Facts::stream_waited>,
     .ambiguity = "A-11",
     .reason = "reuse-open"},
    {.id = "S-19",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .source = dp("stream"),
     .text = "an export of an array on a device that is not the current one",
     .when = known<&Facts::route_returned>,
     .reason = "other-device-open"},
    {.id = "S-20",
     .level = kSilent,
     .duty = kNobody,
     .judged_in = kProtocol,
     .source = dp("stream"),
     .text = "an export of pinned memory with a stream",
     .when = known<&Facts::route_returned>,
     .reason = "pinned-stream-open"},
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
     .when = known<&Facts::route_returned>,
     .reason = "capture-open"},
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
