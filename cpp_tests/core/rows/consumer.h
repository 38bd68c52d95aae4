// Examples for the rules C.
#pragma once

#include <vector>

#include "core/example.h"

namespace dlpack_conformance {

inline std::vector<RuleRow> consumer_rows() {
  using enum Verdict;
  using enum Blame;
  const auto wrong = [](std::string rule, std::string what, Axes axes,
                        std::function<void(Example&)> edit, std::string reason,
                        Blame blame = Blame::kConsumer) {
    return RuleRow{rule, what, axes, edit, kDeviates, reason, blame};
  };
  const auto permitted = [](std::string rule, std::string what, Axes axes,
                            std::function<void(Example&)> edit, std::string reason,
                            Blame blame = Blame::kConsumer) {
    return RuleRow{rule, what, axes, edit, kPermitted, reason, blame};
  };
  const auto open = [](std::string rule, std::string what, Axes axes,
                       std::function<void(Example&)> edit, std::string reason) {
    return RuleRow{rule, what, axes, edit, kUndecided, reason, kNone};
  };
  const auto out = [](std::string rule, std::string what, Axes axes,
                      std::function<void(Example&)> edit) {
    return RuleRow{rule, what, axes, edit, kNotJudged};
  };
  const auto nothing = [](Example&) {};
  const auto refuses = [](Example& e) { e.refuses("RuntimeError"); };
  const auto copies = [](Example& e) { e.result_is_copy(); };
  const auto wrong_values = [](Example& e) { e.facts.result_values = false; };
  const auto aborts = [](Example& e) { e.crashes("exchange"); };
  const auto log = [](std::string call) {
    return [call](Example& e) { e.facts.calls_log = Texts{"__dlpack_device__()", call}; };
  };
  const Axes of_reference{.producer = "reference"};
  const Axes read_only{.source = "readonly"};
  return {
      {"C-11", "two exports, two calls", of_reference},
      wrong(
          "C-11", "never called", of_reference, [](Example& e) { e.facts.end_deleter_calls = 1; },
          "deleter-count"),
      wrong(
          "C-11", "called twice", of_reference, [](Example& e) { e.facts.end_deleter_calls = 3; },
          "deleter-count"),
      wrong(
          "C-11", "called too early", of_reference, [](Example& e) { e.facts.end_early = true; },
          "deleter-count"),
      out("C-11", "not counted", {}, nothing),
      out("C-11", "no capsule crosses", {.route = "numpy.asarray", .producer = "reference"},
          [](Example& e) {
            e.facts.end_exports = 2;
            e.facts.end_deleter_calls = 1;
          }),

      {"C-12", "refused, one call", of_reference, refuses},
      wrong(
          "C-12", "refused, no call", {.producer = "reference", .declares = false},
          [](Example& e) {
            e.refuses("RuntimeError");
            e.facts.end_deleter_calls = 0;
          },
          "deleter-count-refused"),
      out("C-12", "the table is X-20", {.route = "exchange-api", .producer = "reference"},
          [](Example& e) {
            e.refuses("RuntimeError");
            e.facts.end_deleter_calls = 0;
          }),
      out("C-12", "refused before any export", of_reference,
          [](Example& e) {
            e.refuses("RuntimeError");
            e.facts.end_exports = e.facts.end_deleter_calls = 0;
          }),

      {"C-15", "offset honoured", {}, [](Example& e) { e.facts.export_byte_offset = 64; }},
      wrong(
          "C-15", "offset ignored", {},
          [](Example& e) {
            e.facts.export_byte_offset = 64;
            e.facts.result_values = false;
          },
          "byte-offset-ignored"),
      out("C-15", "no offset", {}, wrong_values),

      {"C-16", "strides honoured", {.layout = "permuted"}},
      {"C-16", "strides refused", {.layout = "reversed"}, refuses},
      wrong("C-16", "strides misread", {.layout = "permuted"}, wrong_values, "strides-misread"),
      out("C-16", "the export was wrong already", {.layout = "permuted"},
          [](Example& e) {
            e.facts.export_values = false;
            e.facts.result_values = false;
          }),
      out("C-16", "compact", {}, wrong_values),
      out("C-16", "the producer refuses", {.layout = "reversed"},
          [](Example& e) { e.export_refuses("BufferError"); }),
      out("C-16", "the process is lost", {.layout = "reversed"}, aborts),

      {"C-20", "empty taken", {.layout = "empty-3x0"}},
      wrong("C-20", "empty refused", {.layout = "empty-3x0"}, refuses, "empty-refused"),
      out("C-20", "a dtype that the consumer lacks",
          {.layout = "empty-3x0", .consumer_has_dtype = false}, refuses),
      out("C-20", "empty with a backward stride", {.layout = "empty-reversed"}, refuses),
      out("C-20", "a copy of it refused", {.layout = "empty-3x0", .request = "copy-true"}, refuses),
      out("C-20", "not empty", {}, refuses),
      out("C-20", "a device that the consumer lacks",
          {.layout = "empty-3x0", .device = "simulated-0"}, refuses),
      wrong("C-20", "empty refused on a device that the consumer has",
            {.layout = "empty-3x0", .device = "simulated-0", .consumer_has_device = true}, refuses,
            "empty-refused"),

      {"C-22",
       "lacking dtype refused",
       {.dtype = "bfloat16", .consumer_has_dtype = false},
       refuses},
      wrong("C-22", "lacking dtype guessed", {.dtype = "bfloat16", .consumer_has_dtype = false},
            wrong_values, "dtype-guessed"),
      out("C-22", "the consumer has it", {.dtype = "bfloat16"}, wrong_values),
      out("C-22", "not known what the consumer has", {.dtype = "bfloat16"},
          [](Example& e) {
            e.consumer.dtypes.clear();
            e.facts.result_values = false;
          }),

      open("C-23", "refused without a reason that a text knows", {.dtype = "bfloat16"}, refuses,
           "refusal-open"),
      out("C-23", "refused by the producer", {.dtype = "bfloat16"},
          [](Example& e) { e.export_refuses("BufferError"); }),

      {"C-24",
       "device refused with BufferError",
       {.device = "cuda-0"},
       [](Example& e) { e.refuses("BufferError"); }},
      permitted("C-24", "device refused with another class", {.device = "cuda-0"}, refuses,
                "wrong-error"),
      permitted(
          "C-24", "refused with another class, unasked", {.device = "cuda-0"},
          [](Example& e) {
            e.refuses("RuntimeError");
            e.facts.calls_log = {"__dlpack_device__()"};
            e.facts.end_exports = 1;
          },
          "wrong-error"),
      permitted(
          "C-24", "its capsule refused with another class", {.device = "cuda-0"},
          [](Example& e) {
            e.refuses("RuntimeError");
            e.facts.calls_log = {"__dlpack_device__()", "__dlpack__(stream=1)"};
            e.facts.end_exports = 2;
          },
          "wrong-error"),
      out("C-24", "the producer refused when it was asked", {.device = "cuda-0"},
          [](Example& e) {
            e.refuses("ValueError");
            e.facts.calls_log = {"__dlpack_device__()", "__dlpack__(stream=-1)"};
            e.facts.end_exports = 1;
          }),
      out("C-24", "the CPU", {.dtype = "bfloat16"}, refuses),
      out("C-24", "a device that the consumer has",
          {.device = "cuda-0", .consumer_has_device = true}, refuses),

      {"C-25", "READ_ONLY ignored", read_only},
      permitted("C-25", "READ_ONLY refused", read_only, refuses, "readonly-refused"),
      out("C-25", "READ_ONLY not set", {}, refuses),
      out("C-25", "a consumer with read-only arrays",
          {.source = "readonly", .consumer_readonly = true}, refuses),

      {"C-26", "read-only result", {.source = "readonly", .consumer_readonly = true}},
      permitted(
          "C-26", "writable result", {.source = "readonly", .consumer_readonly = true},
          [](Example& e) {
            e.facts.result_writable = true;
            e.facts.proof_backward = "seen";
          },
          "readonly-lost"),
      out("C-26", "a consumer without read-only arrays", read_only, nothing),
      out("C-26", "a copy", {.source = "readonly", .consumer_readonly = true}, copies),

      open(
          "C-27", "legacy import of masked elements", {.source = "masked"},
          [](Example& e) { e.export_is_legacy(); }, "legacy-writable-open"),
      out("C-27", "versioned import of masked elements", {.source = "masked"}, nothing),

      {"C-28", "source as before", {}},
      wrong(
          "C-28", "source written", {.declares = false},
          [](Example& e) { e.facts.memory_source = false; }, "source-written"),
      wrong(
          "C-28", "source written by the export", {},
          [](Example& e) {
            e.facts.memory_source = false;
            e.facts.export_values = false;
          },
          "source-written", Blame::kProducer),
      out("C-28", "masked elements read otherwise", {.source = "masked"},
          [](Example& e) { e.facts.memory_source = false; }),
      out("C-28", "the library's own memory, never read right", {.source = "owned"},
          [](Example& e) {
            e.facts.memory_source = false;
            e.facts.export_values = false;
          }),

      {"C-29", "outside as before", {}},
      wrong(
          "C-29", "outside written", {.declares = false},
          [](Example& e) { e.facts.memory_outside = false; }, "outside-written"),
      wrong(
          "C-29", "outside written by the export", {},
          [](Example& e) {
            e.facts.memory_outside = false;
            e.facts.export_outside = false;
          },
          "outside-written", Blame::kProducer),
      out("C-29", "no canaries", {.source = "owned"}, nothing),

      {"C-30", "same device", {}},
      {"C-30",
       "the library knows the device by another name",
       {},
       [](Example& e) { e.facts.source_device = e.facts.result_device = "meta"; }},
      {"C-30",
       "pinned memory as the host's",
       {.device = "cuda-host"},
       [](Example& e) { e.facts.result_device = "cpu"; }},
      wrong(
          "C-30", "another device", {.device = "cuda-0"},
          [](Example& e) { e.facts.result_device = "cpu"; }, "device-changed"),

      {"C-34", "copy=True copies", {.request = "copy-true"}},
      wrong(
          "C-34", "copy=True shares, the consumer's doing", {.request = "copy-true"},
          [](Example& e) { e.result_is_shared(); }, "copy-true-shares"),
      wrong(
          "C-34", "copy=True shares, the producer's doing", {.request = "copy-true"},
          [](Example& e) {
            e.result_is_shared();
            e.facts.export_address = "0";
          },
          "copy-true-shares", Blame::kProducer),
      wrong(
          "C-34", "copy=True shares, the producer was not asked for a copy",
          {.request = "copy-true"},
          [](Example& e) {
            e.result_is_shared();
            e.facts.export_address = "0";
            e.facts.export_keywords = "stream=None";
          },
          "copy-true-shares"),
      wrong(
          "C-34", "copy=True shares, how it was asked is not known", {.request = "copy-true"},
          [](Example& e) {
            e.result_is_shared();
            e.facts.export_address = "0";
            e.facts.export_keywords = "both";
          },
          "copy-true-shares", Blame::kPair),
      permitted(
          "C-34", "copy=True shares, nothing declared", {.request = "copy-true", .declares = false},
          [](Example& e) { e.result_is_shared(); }, "copy-true-shares"),
      out("C-34", "copy not passed", {}, nothing),

      {"C-35", "copy=False shares", {.request = "copy-false"}},
      {"C-35",
       "copy=False raises BufferError",
       {.source = "conj", .request = "copy-false"},
       [](Example& e) { e.refuses("BufferError"); }},
      {"C-35",
       "copy=False raises ValueError",
       {.source = "conj", .request = "copy-false"},
       [](Example& e) { e.refuses("ValueError"); }},
      permitted("C-35", "copy=False raises another class",
                {.source = "conj", .request = "copy-false"}, refuses, "wrong-error"),
      wrong("C-35", "copy=False copies", {.request = "copy-false"}, copies, "copy-false-copies"),
      wrong(
          "C-35", "copy=False copies, the producer's doing", {.request = "copy-false"},
          [](Example& e) {
            e.result_is_copy();
            e.export_is_copy();
          },
          "copy-false-copies", Blame::kProducer),
      wrong(
          "C-35", "copy=False copies, the producer was not asked to share",
          {.request = "copy-false"},
          [](Example& e) {
            e.result_is_copy();
            e.export_is_copy();
            e.facts.export_keywords = "stream=None";
          },
          "copy-false-copies"),
      out("C-35", "copy not passed", {}, copies),

      {"C-36", "plain source shared", {}},
      wrong("C-36", "plain source copied by the consumer", {}, copies, "import-copies"),
      wrong(
          "C-36", "plain source copied by the producer", {},
          [](Example& e) {
            e.result_is_copy();
            e.export_is_copy();
          },
          "import-copies", Blame::kProducer),
      permitted("C-36", "plain source copied, nothing declared", {.declares = false}, copies,
                "import-copies"),
      out("C-36", "alignment: possible for whom", {.source = "align-16"}, copies),
      out("C-36", "alignment: not known of the library's own", {.source = "owned"}, copies),
      out("C-36", "strides: possible for whom", {.layout = "fortran"}, copies),
      out("C-36", "stated as few producers do", {.source = "legacy-only"}, copies),
      out("C-36", "dtype: possible for whom", {.consumer_has_dtype = false}, copies),

      {"C-37", "requested copy is writable", {.source = "readonly", .request = "copy-true"}},
      permitted(
          "C-37", "requested copy is read-only", {.source = "readonly", .request = "copy-true"},
          [](Example& e) { e.facts.result_writable = false; }, "copy-not-writable"),
      out("C-37", "arrays are immutable", {.request = "copy-true", .consumer_immutable = true},
          [](Example& e) { e.facts.result_writable = false; }),

      {"C-42", "as the source", {}},
      wrong("C-42", "other values", {.declares = false}, wrong_values, "result-differs"),
      wrong(
          "C-42", "other values, the producer's doing", {},
          [](Example& e) {
            e.facts.export_values = false;
            e.facts.result_values = false;
          },
          "result-differs", Blame::kProducer),
      wrong(
          "C-42", "another shape", {},
          [](Example& e) {
            e.facts.result_shape = Ints{3, 2};
          },
          "result-differs"),
      permitted(
          "C-42", "another dtype, values kept", {.dtype = "float64"},
          [](Example& e) {
            e.result_is_copy();
            e.facts.result_dtype = "float32";
          },
          "A-13:other-dtype"),
      out("C-42", "values not read", {},
          [](Example& e) {
            e.facts.result_values.reset();
            e.facts.result_read_values.reset();
          }),
      out("C-42", "masked", {.source = "masked"}, wrong_values),

      {"C-43", "outlives the source", {}},
      wrong(
          "C-43", "dies with the source", {.declares = false},
          [](Example& e) { e.facts.end_values = false; }, "result-dies", kPair),
      wrong(
          "C-43", "dies with the source of the reference", {.producer = "reference"},
          [](Example& e) { e.facts.end_values = false; }, "result-dies"),
      wrong(
          "C-43", "freed before the result", {},
          [](Example& e) {
            e.facts.end_values = false;
            e.facts.end_early = true;
          },
          "result-dies"),
      out("C-43", "was never right", {},
          [](Example& e) {
            e.facts.result_values = false;
            e.facts.end_values = false;
          }),

      {"C-45", "nothing lost", {}},
      wrong("C-45", "aborts on a reversed tensor", {.layout = "reversed", .declares = false},
            aborts, "process-lost"),
      wrong(
          "C-45", "aborts on a wrong export", {.layout = "reversed"},
          [](Example& e) {
            e.crashes("exchange");
            e.facts.export_values = false;
          },
          "process-lost", Blame::kProducer),
      wrong(
          "C-45", "aborts in the export", {},
          [](Example& e) {
            e.crashes("export");
            e.clear_export();
          },
          "process-lost", Blame::kProducer),
      wrong(
          "C-45", "aborts in the release", {}, [](Example& e) { e.crashes("release"); },
          "process-lost", kPair),
      wrong(
          "C-45", "stands still", {}, [](Example& e) { e.crashes("exchange", "hung"); },
          "process-lost"),
      open(
          "C-45", "lost once, not again", {},
          [](Example& e) {
            e.crashes("exchange");
            e.facts.crash_confirmed = false;
          },
          "process-lost"),
      out("C-45", "overlapping windows are described by no text", {.layout = "windows"}, aborts),
      out("C-45", "misaligned data is described by no text", {.source = "odd-byte"}, aborts),
      out("C-45", "lost while the source was made", {}, [](Example& e) { e.crashes("make"); }),
      out("C-45", "no capsule crosses", {.route = "torch.Tensor"}, aborts),

      open("C-49", "misaligned, refused by the consumer", {.source = "odd-byte"}, refuses,
           "misaligned-import-open"),
      open("C-49", "misaligned, process lost", {.source = "odd-byte"}, aborts,
           "misaligned-import-open"),
      out("C-49", "aligned", {.dtype = "bfloat16"}, refuses),

      {"C-53", "protocol keywords", of_reference,
       log("__dlpack__(stream=None, max_version=(1, 0), dl_device=(1, 0), copy=True)")},
      {"C-53", "no keywords", of_reference, log("__dlpack__()")},
      wrong("C-53", "an unknown keyword", of_reference, log("__dlpack__(order='C')"),
            "keywords-wrong"),
      wrong("C-53", "copy is no bool", of_reference, log("__dlpack__(copy=1)"), "keywords-wrong"),
      wrong("C-53", "max_version is no pair", of_reference,
            log("__dlpack__(max_version=(1, 0, 0))"), "keywords-wrong"),
      out("C-53", "no call", of_reference, log("__buffer__(0)")),
      out("C-53", "not from_dlpack", {.route = "exchange-api", .producer = "reference"},
          log("__dlpack__(order='C')")),

      {"C-57", "own type", {}},
      wrong(
          "C-57", "foreign type", {}, [](Example& e) { e.facts.result_own_type = false; },
          "foreign-type"),
      out("C-57", "refused", {.dtype = "bfloat16"}, refuses),
  };
}

}  // namespace dlpack_conformance
