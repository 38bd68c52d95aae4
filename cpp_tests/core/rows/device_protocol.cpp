// Examples of protocol cases on devices: streams (S), copies to the CPU (P), the exchange table (X)
// and the interface of arrays on CUDA (R).
#include <string>
#include <utility>
#include <vector>

#include "core/protocol_example.h"

namespace dlpack_conformance {
namespace {

using enum Verdict;
using E = ProtocolExample;
using Edit = std::function<void(E&)>;

const auto kProducer = Blame::kProducer;
const auto kConsumer = Blame::kConsumer;
const auto kLibrary = Blame::kLibrary;
const auto kNobody = Blame::kNone;

/// What work on the consumer's stream read while the producer's was late.
enum class Saw { kNew, kOld };

/// A call over late work that returned at once.
Edit reads(Saw saw) {
  return [=](E& e) {
    e.returned();
    e.facts.stream_queued = true;
    e.facts.stream_late = true;
    e.facts.stream_waited = false;
    e.facts.stream_values = saw == Saw::kNew;
    e.facts.stream_old = saw == Saw::kOld;
  };
}

/// The same without lateness: nothing was put to the test.
Edit reads_without_lateness(Saw saw) {
  return [=](E& e) {
    reads(saw)(e);
    e.facts.stream_queued = false;
    e.facts.stream_late = false;
  };
}

void refuses(E& e) {
  e.raised("BufferError");
  e.facts.stream_queued = true;
  e.facts.stream_waited = false;
}

void returns(E& e) { e.returned(); }
void crashes(E& e) { e.crashes(); }

Edit passes(Texts passed, const Edit& then) {
  return [=](E& e) {
    then(e);
    e.facts.stream_passed = passed;
  };
}

void add_exports(std::vector<ProtocolRow>& rows) {
  const std::string old = "unsynchronised";
  rows.push_back({"S-02", "another stream is supported", returns, kConforms, {}, kNobody});
  rows.push_back({"S-02", "it is not", refuses, kPermitted, "stream-unsupported", kProducer});
  rows.push_back({"S-02", "it costs the process", crashes, kPermitted, "process-lost", kProducer});
  rows.push_back({"S-02", "nobody asked", [](E&) {}, kNotJudged});

  const Probed none{.variant = "none-simulated"};
  const Probed omitted{.variant = "omitted-simulated"};
  rows.push_back({"S-04", "None orders", reads(Saw::kNew), kConforms, {}, kNobody, none});
  rows.push_back(
      {"S-04", "None orders nothing", reads(Saw::kOld), kDeviates, old, kProducer, none});
  rows.push_back({"S-04", "None is refused", refuses, kDeviates, old, kProducer, none});
  rows.push_back({"S-04", "left out orders", reads(Saw::kNew), kConforms, {}, kNobody, omitted});
  rows.push_back({"S-04", "left out orders nothing", reads(Saw::kOld), kPermitted,
                  "A-10:own-stream", kProducer, omitted});
  rows.push_back(
      {"S-04", "the process is lost", crashes, kDeviates, "process-lost", kProducer, omitted});
  rows.push_back({"S-04", "nothing was late", reads_without_lateness(Saw::kOld), kNotJudged});

  for (const char* rule : {"S-05", "S-06", "S-08"}) {
    rows.push_back({rule, "ordered", reads(Saw::kNew), kConforms, {}, kNobody});
    rows.push_back({rule, "not ordered", reads(Saw::kOld), kDeviates, old, kProducer});
    rows.push_back({rule, "refused", refuses, kConforms, {}, kNobody});
    rows.push_back({rule, "the process is lost", crashes, kDeviates, "process-lost", kProducer});
    rows.push_back({rule, "nothing was late", reads_without_lateness(Saw::kOld), kNotJudged});
  }

  rows.push_back({"S-07", "0 is refused", refuses, kConforms, {}, kNobody});
  rows.push_back({"S-07", "0 is taken", returns, kPermitted, "stream-zero-taken", kProducer});
  rows.push_back({"S-07", "the process is lost", crashes, kPermitted, "process-lost", kProducer});
  rows.push_back({"S-07", "nobody asked", [](E&) {}, kNotJudged});

  const auto waits = [](E& e) {
    reads(Saw::kNew)(e);
    e.facts.stream_waited = true;
  };
  rows.push_back({"S-09", "nothing is ordered", reads(Saw::kOld), kConforms, {}, kNobody});
  rows.push_back({"S-09", "ordered", reads(Saw::kNew), kDeviates, "stream-waits", kProducer});
  rows.push_back({"S-09", "the host waits", waits, kDeviates, "stream-waits", kProducer});
  rows.push_back({"S-09", "refused", refuses, kConforms, {}, kNobody});
  rows.push_back({"S-09", "the process is lost", crashes, kDeviates, "process-lost", kProducer});
  rows.push_back({"S-09", "nothing was late", reads_without_lateness(Saw::kNew), kNotJudged});

  rows.push_back({"S-17", "copied over the stream", reads(Saw::kNew), kConforms, {}, kNobody});
  rows.push_back({"S-17", "copied over another", reads(Saw::kOld), kDeviates, old, kProducer});
  rows.push_back({"S-17", "the process is lost", crashes, kDeviates, "process-lost", kProducer});
  rows.push_back({"S-17", "refused", refuses, kNotJudged});
  rows.push_back({"S-17", "nothing was late", reads_without_lateness(Saw::kOld), kNotJudged});

  rows.push_back({"S-15", "it was measured", reads(Saw::kNew), kUndecided, "host-wait-open"});
  rows.push_back({"S-15", "it was not", returns, kNotJudged});
  rows.push_back({"S-18", "who waits", reads(Saw::kOld), kUndecided, "reuse-open"});
  rows.push_back({"S-18", "who waits for a release", [](E& e) { e.facts.stream_waited = true; },
                  kUndecided, "reuse-open"});
  rows.push_back({"S-18", "nobody looked", returns, kNotJudged});
  rows.push_back({"S-19", "exported", returns, kUndecided, "other-device-open"});
  rows.push_back({"S-19", "nobody asked", [](E&) {}, kNotJudged});
  rows.push_back({"S-20", "exported", returns, kUndecided, "pinned-stream-open"});
  rows.push_back({"S-20", "nobody asked", [](E&) {}, kNotJudged});
  rows.push_back({"S-22", "imported", returns, kUndecided, "capture-open"});
  rows.push_back({"S-22", "nobody asked", [](E&) {}, kNotJudged});
}

void add_the_consumers_stream(std::vector<ProtocolRow>& rows) {
  const auto own = [](bool alive, bool ended) {
    return [=](E& e) {
      reads(Saw::kNew)(e);
      e.facts.stream_alive = alive;
      e.facts.stream_ended = ended;
    };
  };
  rows.push_back({"S-14", "its own", own(true, true), kConforms, {}, kNobody});
  rows.push_back({"S-14", "ended", own(false, true), kDeviates, "stream-taken-over", kProducer});
  rows.push_back(
      {"S-14", "used later", own(true, false), kDeviates, "stream-taken-over", kProducer});
  rows.push_back({"S-14", "the process is lost", crashes, kDeviates, "process-lost", kProducer});
  rows.push_back({"S-14", "refused",
                  [=](E& e) {
                    own(false, false)(e);
                    refuses(e);
                  },
                  kNotJudged});
}

void add_imports(std::vector<ProtocolRow>& rows) {
  const std::string old = "unsynchronised";
  const Edit right = reads(Saw::kNew), early = reads(Saw::kOld);
  rows.push_back({"S-11", "its own", passes({"own"}, right), kConforms, {}, kNobody});
  rows.push_back({"S-11", "None, and ordered", passes({"None"}, right), kConforms, {}, kNobody});
  rows.push_back({"S-11", "another", passes({"1"}, early), kDeviates, old, kConsumer});
  rows.push_back(
      {"S-11", "none that is alive", passes({"other"}, refuses), kDeviates, old, kConsumer});
  rows.push_back({"S-11", "refused", passes({"own"}, refuses), kNotJudged});
  rows.push_back(
      {"S-11", "nothing was late", passes({"1"}, reads_without_lateness(Saw::kOld)), kNotJudged});
  rows.push_back({"S-11", "the process is lost", crashes, kDeviates, "process-lost", kConsumer});

  rows.push_back({"S-12", "1", passes({"1"}, right), kConforms, {}, kNobody});
  rows.push_back(
      {"S-12", "0 first", passes({"0", "1"}, right), kDeviates, "stream-zero-passed", kConsumer});
  rows.push_back({"S-12", "no call was seen", passes({}, right), kNotJudged});
  rows.push_back({"S-12", "the process is lost", crashes, kDeviates, "process-lost", kConsumer});
  rows.push_back({"S-12", "nobody looked", right, kNotJudged});

  const std::string early_cpu = "cpu-incomplete";
  rows.push_back({"S-16", "complete", right, kConforms, {}, kNobody});
  rows.push_back({"S-16", "no stream", passes({"absent", "None"}, right), kConforms, {}, kNobody});
  rows.push_back({"S-16", "too early", early, kDeviates, early_cpu, kLibrary});
  rows.push_back({"S-16", "a stream", passes({"1"}, right), kDeviates, early_cpu, kLibrary});
  rows.push_back(
      {"S-16", "a stream, refused", passes({"1"}, refuses), kDeviates, early_cpu, kLibrary});
  rows.push_back({"S-16", "refused", passes({"None"}, refuses), kNotJudged});
  rows.push_back({"S-16", "nothing was late", reads_without_lateness(Saw::kOld), kNotJudged});
  rows.push_back({"S-16", "the process is lost", crashes, kDeviates, "process-lost", kLibrary});
}

void add_copies_to_the_cpu(std::vector<ProtocolRow>& rows) {
  const auto gives = [](Ints device, bool values) {
    return [=](E& e) {
      e.returned();
      e.facts.export_device = device;
      e.facts.export_values = values;
    };
  };
  rows.push_back({"P-27", "copied", gives({1, 0}, true), kConforms, {}, kNobody});
  rows.push_back({"P-27", "refused", refuses, kPermitted, "cpu-copy-withheld", kProducer});
  rows.push_back(
      {"P-27", "left there", gives({2, 0}, true), kPermitted, "cpu-copy-withheld", kProducer});
  rows.push_back(
      {"P-27", "other values", gives({1, 0}, false), kPermitted, "cpu-copy-withheld", kProducer});
  rows.push_back({"P-27", "the process is lost", crashes, kPermitted, "process-lost", kProducer});
  rows.push_back({"P-27", "nobody asked", [](E&) {}, kNotJudged});

  rows.push_back({"P-28", "refused", refuses, kConforms, {}, kNobody});
  rows.push_back({"P-28", "refused in another way", [](E& e) { e.raised("ValueError"); },
                  kPermitted, "wrong-error", kProducer});
  rows.push_back({"P-28", "copied", gives({1, 0}, true), kDeviates, "cpu-copy-unasked", kProducer});
  rows.push_back({"P-28", "the process is lost", crashes, kDeviates, "process-lost", kProducer});
  rows.push_back({"P-28", "nobody asked", [](E&) {}, kNotJudged});
}

void add_the_table(std::vector<ProtocolRow>& rows) {
  const auto of = [](int minor, const Edit& then) {
    return [=](E& e) {
      then(e);
      e.facts.table_version = Ints{1, minor};
    };
  };
  const auto waits = [](E& e) {
    reads(Saw::kNew)(e);
    e.facts.stream_waited = true;
  };
  rows.push_back({"X-25", "at once", of(3, reads(Saw::kOld)), kConforms, {}, kNobody});
  rows.push_back({"X-25", "waits", of(2, waits), kDeviates, "table-synchronizes", kLibrary});
  rows.push_back({"X-25", "waits, in 1.1", of(1, waits), kNotJudged});
  rows.push_back(
      {"X-25", "nothing was late", of(3, reads_without_lateness(Saw::kOld)), kNotJudged});
  rows.push_back(
      {"X-25", "the process is lost", of(3, crashes), kDeviates, "process-lost", kLibrary});

  const auto names = [](const char* stream) {
    return [=](E& e) {
      e.returned();
      e.facts.stream_current = stream;
    };
  };
  rows.push_back({"X-26", "its own", of(3, names("own")), kConforms, {}, kNobody});
  rows.push_back({"X-26", "NULL", of(2, names("null")), kDeviates, "table-stream-wrong", kLibrary});
  rows.push_back({"X-26", "another, in 1.1", of(1, names("other")), kNotJudged});
  rows.push_back({"X-26", "no stream came", of(3, refuses), kNotJudged});
  rows.push_back(
      {"X-26", "the process is lost", of(3, crashes), kDeviates, "process-lost", kLibrary});
}

/// What an array of 3 x 4 elements of 4 bytes shows.
void shows(E& e) {
  e.returned();
  Facts& facts = e.facts;
  facts.source_shape = Ints{3, 4};
  facts.source_strides = Ints{8, 1};
  facts.source_writable = true;
  facts.interface_keys = Texts{"data", "shape", "stream", "strides", "typestr", "version"};
  facts.interface_version = 3;
  facts.interface_shape = Ints{3, 4};
  facts.interface_strides = Ints{32, 4};
  facts.interface_item_bytes = 4;
  facts.interface_address = "0";
  facts.interface_readonly = false;
  facts.interface_stream = "own";
  facts.life_refs = 0;
  facts.stream_alive = true;
  facts.stream_queued = true;
  facts.stream_values = true;
}

Edit but(const Edit& then) {
  return [=](E& e) {
    shows(e);
    then(e);
  };
}

void add_the_interface(std::vector<ProtocolRow>& rows) {
  for (const char* rule : {"R-42", "R-43", "R-44", "R-45", "R-47"}) {
    rows.push_back({rule, "as its text says", shows, kConforms, {}, kNobody});
    rows.push_back({rule, "the process is lost", crashes, kDeviates, "process-lost", kLibrary});
  }
  for (const char* rule : {"R-42", "R-43", "R-44", "R-47"})
    rows.push_back({rule, "it shows none", refuses, kNotJudged});
  const auto wrong = [&](const char* rule, const char* what, const Edit& edit, const char* reason) {
    rows.push_back({rule, what, but(edit), kDeviates, reason, kLibrary});
  };
  const auto right = [&](const char* rule, const char* what, const Edit& edit) {
    rows.push_back({rule, what, but(edit), kConforms, {}, kNobody});
  };
  wrong(
      "R-42", "no data",
      [](E& e) {
        e.facts.interface_keys = Texts{"shape", "typestr", "version"};
      },
      "interface-keys");
  wrong(
      "R-42", "no typestr",
      [](E& e) {
        e.facts.interface_keys = Texts{"data", "shape"};
      },
      "interface-keys");
  wrong(
      "R-43", "in elements",
      [](E& e) {
        e.facts.interface_strides = Ints{8, 1};
      },
      "interface-keys");
  wrong(
      "R-43", "none with gaps", [](E& e) { e.facts.interface_strides.reset(); }, "interface-keys");
  wrong(
      "R-43", "one stride", [](E& e) { e.facts.interface_strides = Ints{4}; }, "interface-keys");
  right("R-43", "none of a compact array", [](E& e) {
    e.facts.interface_strides.reset();
    e.facts.source_strides = Ints{4, 1};
  });
  wrong(
      "R-44", "elsewhere", [](E& e) { e.facts.interface_address = "elsewhere"; }, "interface-keys");
  wrong(
      "R-44", "an address of nothing",
      [](E& e) {
        e.facts.source_shape = Ints{0, 4};
      },
      "interface-keys");
  wrong(
      "R-44", "read-only", [](E& e) { e.facts.interface_readonly = true; }, "interface-keys");
  right("R-44", "null of nothing", [](E& e) {
    e.facts.source_shape = Ints{0, 4};
    e.facts.interface_address = "null";
  });
  wrong(
      "R-45", "0", [](E& e) { e.facts.interface_stream = "0"; }, "interface-stream");
  wrong(
      "R-45", "nothing to wait for, too early",
      [](E& e) {
        e.facts.interface_stream = "None";
        e.facts.stream_values = false;
      },
      "interface-stream");
  right("R-45", "nothing to wait for", [](E& e) { e.facts.interface_stream = "absent"; });
  rows.push_back({"R-45", "0, in version 2", but([](E& e) {
                    e.facts.interface_version = 2;
                    e.facts.interface_stream = "0";
                  }),
                  kNotJudged});
  rows.push_back(
      {"R-45", "nothing was late", but([](E& e) { e.facts.stream_queued = false; }), kNotJudged});
  wrong(
      "R-47", "it holds its owner", [](E& e) { e.facts.life_refs = 1; }, "interface-life");
  wrong(
      "R-47", "its stream is gone", [](E& e) { e.facts.stream_alive = false; }, "interface-life");
  rows.push_back({"R-49", "what it shows", shows, kUndecided, "interface-version-open"});
  rows.push_back({"R-49", "it shows none", refuses, kNotJudged});

  rows.push_back({"R-46", "ordered", reads(Saw::kNew), kConforms, {}, kNobody});
  rows.push_back({"R-46", "not ordered", reads(Saw::kOld), kDeviates, "unsynchronised", kConsumer});
  const auto shows_version = [&](int version, Saw saw) {
    return [=](E& e) {
      reads(saw)(e);
      e.facts.interface_version = version;
    };
  };
  rows.push_back({"R-46", "not ordered, its own arrays show version 3", shows_version(3, Saw::kOld),
                  kDeviates, "unsynchronised", kConsumer});
  rows.push_back({"R-46", "not ordered, its own arrays show version 2", shows_version(2, Saw::kOld),
                  kPermitted, "A-31:own-version", kConsumer});
  rows.push_back({"R-46",
                  "ordered, its own arrays show version 2",
                  shows_version(2, Saw::kNew),
                  kConforms,
                  {},
                  kNobody});
  rows.push_back({"R-46", "refused", refuses, kNotJudged});
  rows.push_back({"R-46", "nothing was late", reads_without_lateness(Saw::kOld), kNotJudged});
  rows.push_back({"R-46", "the process is lost", crashes, kDeviates, "process-lost", kConsumer});

  const auto stays = [](const char* device) {
    return [=](E& e) {
      e.returned();
      e.facts.source_device = "cuda-0";
      e.facts.result_device = device;
    };
  };
  rows.push_back({"R-07", "it stays", stays("cuda-0"), kConforms, {}, kNobody});
  rows.push_back({"R-07", "on the CPU", stays("cpu"), kDeviates, "device-changed", kLibrary});
  rows.push_back({"R-07", "refused",
                  [=](E& e) {
                    stays("cpu")(e);
                    refuses(e);
                  },
                  kNotJudged});
}

}  // namespace

std::vector<ProtocolRow> device_protocol_rows() {
  std::vector<ProtocolRow> rows;
  add_exports(rows);
  add_the_consumers_stream(rows);
  add_imports(rows);
  add_copies_to_the_cpu(rows);
  add_the_table(rows);
  add_the_interface(rows);
  return rows;
}

}  // namespace dlpack_conformance
