// Examples of protocol cases for the rules S.
#include "core/protocol_example.h"

namespace dlpack_conformance {

std::vector<ProtocolRow> stream_protocol_rows() {
  using enum Verdict;
  using E = ProtocolExample;
  const auto takes = [](E& e) { e.returned(); };
  const auto refuses = [](E& e) { e.raised("RuntimeError"); };
  const auto log = [](const char* call) {
    return [=](E& e) { e.facts.calls_log = Texts{"__dlpack_device__()", call}; };
  };
  const auto nobody = Blame::kNone;
  const auto producer = Blame::kProducer;
  return {
      {"S-01", "None is taken", takes, kConforms, {}, nobody, {.variant = "none"}},
      {"S-01",
       "None is refused",
       refuses,
       kDeviates,
       "stream-accepted",
       producer,
       {.variant = "none-versioned"}},
      {"S-01", "1 is refused", refuses, kConforms, {}, nobody, {.variant = "one"}},
      {"S-01", "1 is taken", takes, kDeviates, "stream-accepted", producer, {.variant = "one"}},
      {"S-01", "minus 1 is refused", refuses, kConforms, {}, nobody, {.variant = "minus-one"}},
      {"S-01",
       "minus 1 is taken as None",
       takes,
       kPermitted,
       "A-10:own-stream",
       producer,
       {.variant = "minus-one-versioned"}},
      {"S-01",
       "minus 1 costs the process",
       [](E& e) { e.crashes("export"); },
       kDeviates,
       "stream-accepted",
       producer,
       {.variant = "minus-one"}},
      {"S-03",
       "a float is refused",
       refuses,
       kUndecided,
       "stream-form-open",
       nobody,
       {.variant = "float", .malformed = true}},
      {"S-03", "nobody asked", [](E&) {}, kNotJudged, {}, nobody, {.variant = "float"}},
      {"S-13", "the device first", log("__dlpack__()"), kUndecided, "device-asked-open"},
      {"S-13", "no log", takes, kNotJudged},
      {"S-23", "no stream", log("__dlpack__(max_version=(1, 0))"), kConforms},
      {"S-23", "None", log("__dlpack__(stream=None)"), kConforms},
      {"S-23", "1", log("__dlpack__(stream=1)"), kDeviates, "stream-on-cpu", Blame::kConsumer},
  };
}

}  // namespace dlpack_conformance
