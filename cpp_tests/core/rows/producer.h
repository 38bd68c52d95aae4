// Examples for the rules P.
#pragma once

#include <vector>

#include "core/example.h"

namespace dlpack_conformance {

inline std::vector<RuleRow> producer_rows() {
  using enum Verdict;
  using enum Blame;
  const auto wrong = [](std::string rule, std::string what, Axes axes,
                        std::function<void(Example&)> edit, std::string reason) {
    return RuleRow{rule, what, axes, edit, kDeviates, reason, Blame::kProducer};
  };
  const auto permitted = [](std::string rule, std::string what, Axes axes,
                            std::function<void(Example&)> edit, std::string reason) {
    return RuleRow{rule, what, axes, edit, kPermitted, reason, Blame::kProducer};
  };
  const auto open = [](std::string rule, std::string what, Axes axes,
                       std::function<void(Example&)> edit, std::string reason) {
    return RuleRow{rule, what, axes, edit, kUndecided, reason, kNone};
  };
  const auto out = [](std::string rule, std::string what, Axes axes,
                      std::function<void(Example&)> edit) {
    return RuleRow{rule, what, axes, edit, kNotJudged};
  };
  const auto copies = [](Example& e) { e.export_is_copy(); };
  const auto nothing = [](Example&) {};
  const auto legacy_copies = [](Example& e) {
    e.export_is_legacy();
    e.facts.export_address = "elsewhere";
  };
  const auto buffer_error = [](Example& e) { e.export_refuses("BufferError"); };
  const auto type_error = [](Example& e) { e.export_refuses("TypeError"); };
  return {
      {"P-04", "devices agree", {}},
      wrong(
          "P-04", "devices differ", {},
          [](Example& e) {
            e.facts.export_dlpack_device = Ints{3, 0};
          },
          "device-disagrees"),
      out("P-04", "another device was asked for", {.request = "device-own"},
          [](Example& e) {
            e.facts.export_dlpack_device = Ints{3, 0};
          }),

      {"P-15", "legacy export shares", {}, [](Example& e) { e.export_is_legacy(); }},
      wrong("P-15", "legacy export copies", {}, legacy_copies, "export-copies"),
      out("P-15", "foreign byte order has to be copied", {.dtype = "swapped-int32"}, legacy_copies),
      out("P-15", "keywords of 2023 are P-31", {}, copies),

      {"P-24", "own device shares", {.request = "device-own"}},
      wrong("P-24", "own device copies", {.request = "device-own"}, copies, "own-device-copies"),
      out("P-24", "no device asked", {}, copies),
      out("P-24", "the host asked, of a source elsewhere",
          {.request = "device-cpu", .device = "simulated-0"}, copies),
      out("P-24", "a copy was asked for, too", {.request = "copy-true+device-own"}, nothing),

      {"P-29", "copy=True copies", {.request = "copy-true"}},
      wrong(
          "P-29", "copy=True shares", {.request = "copy-true"},
          [](Example& e) {
            e.facts.export_address = "0";
            e.facts.export_flags = 0;
          },
          "copy-true-shares"),
      out("P-29", "no copy asked", {}, nothing),

      {"P-30", "copy=False shares", {.request = "copy-false"}},
      {"P-30",
       "copy=False raises BufferError",
       {.source = "conj", .request = "copy-false"},
       buffer_error},
      wrong("P-30", "copy=False copies", {.request = "copy-false"}, copies, "copy-false-copies"),
      permitted("P-30", "copy=False raises another class",
                {.source = "conj", .request = "copy-false"}, type_error, "wrong-error"),
      {"P-30",
       "a subclass of BufferError",
       {.source = "conj", .request = "copy-false"},
       [](Example& e) {
         e.export_refuses("alpha.ExportError", {"BufferError", "Exception"});
       }},
      {"P-30",
       "refused for another reason",
       {.source = "requires-grad", .request = "copy-false"},
       type_error},
      out("P-30", "copy not passed", {}, copies),

      {"P-31", "copy=None shares", {.request = "copy-none"}},
      wrong("P-31", "copy=None copies", {.request = "copy-none"}, copies, "export-copies"),
      out("P-31", "conjugate bit has to be resolved", {.dtype = "complex64", .source = "conj"},
          copies),
      out("P-31", "misaligned: possible for whom", {.source = "odd-byte"}, copies),
      out("P-31", "legacy is P-15", {}, legacy_copies),
      out("P-31", "the host asked, of a source elsewhere",
          {.request = "device-cpu", .device = "simulated-0"}, copies),

      {"P-32", "a copy says so", {.request = "copy-true"}},
      wrong(
          "P-32", "a copy does not say so", {.request = "copy-true"},
          [](Example& e) { e.export_is_copy(false); }, "copied-flag-missing"),
      permitted(
          "P-32", "a library that declares nothing", {.request = "copy-true", .declares = false},
          [](Example& e) { e.export_is_copy(false); }, "copied-flag-missing"),
      out("P-32", "shared", {}, nothing),
      out("P-32", "legacy has no flags", {}, legacy_copies),

      {"P-33", "shared, bit clear", {}},
      wrong(
          "P-33", "shared, bit set", {}, [](Example& e) { e.facts.export_flags = 2; },
          "copied-flag-wrong"),
      wrong(
          "P-33", "shared, bit set, nothing declared", {.declares = false},
          [](Example& e) { e.facts.export_flags = 2; }, "copied-flag-wrong"),
      out("P-33", "a copy", {}, copies),

      {"P-34",
       "copy of a read-only source is writable",
       {.source = "readonly", .request = "copy-true"}},
      permitted(
          "P-34", "copy of a read-only source is read-only",
          {.source = "readonly", .request = "copy-true"},
          [](Example& e) { e.facts.export_flags = 3; }, "copy-readonly"),
      out("P-34", "source is writable", {.request = "copy-true"},
          [](Example& e) { e.facts.export_flags = 3; }),

      {"P-35", "read-only says so", {.source = "readonly"}},
      wrong(
          "P-35", "read-only does not say so", {.source = "readonly"},
          [](Example& e) { e.facts.export_flags = 0; }, "readonly-flag-missing"),
      out("P-35", "writable", {}, nothing),
      out("P-35", "legacy", {.source = "readonly"}, [](Example& e) { e.export_is_legacy(); }),

      open(
          "P-36", "read-only, legacy, refused", {.source = "readonly", .route = "capsule"},
          [](Example& e) {
            e.export_refuses("BufferError");
            e.facts.export_keywords = "";
          },
          "readonly-legacy-open"),
      out("P-36", "read-only, versioned, refused", {.source = "readonly", .route = "capsule"},
          buffer_error),

      {"P-37", "objects raise BufferError", {.dtype = "object"}, buffer_error},
      permitted("P-37", "objects raise TypeError", {.dtype = "object"}, type_error, "wrong-error"),
      permitted("P-37", "objects go out", {.dtype = "object"}, nothing, "undescribable-exported"),
      {"P-37",
       "objects refused by a function of its own",
       {.dtype = "object", .route = "capsule"},
       [](Example& e) {
         e.export_refuses("TypeError");
         e.route.owner = "alpha";
       }},
      out("P-37", "the table is X-14", {.dtype = "object", .route = "exchange-api"}, type_error),
      out("P-37", "a dtype that DLPack has", {}, type_error),

      {"P-38", "conjugate bit refused", {.dtype = "complex64", .source = "conj"}, buffer_error},
      {"P-38", "negative bit resolved", {.source = "neg"}, copies},
      wrong(
          "P-38", "negative bit exported with the wrong sign", {.source = "neg", .declares = false},
          [](Example& e) {
            e.facts.export_values = false;
            e.facts.result_values = false;
          },
          "lazy-values-raw"),
      out("P-38", "no bit", {}, [](Example& e) { e.facts.export_values = false; }),
      out("P-38", "the library never had the values", {.source = "neg"},
          [](Example& e) {
            e.facts.export_values = false;
            e.facts.memory_source = false;
          }),

      {"P-39", "sparse raises BufferError", {.source = "sparse"}, buffer_error},
      permitted(
          "P-39", "sparse raises another class", {.source = "sparse"},
          [](Example& e) { e.export_refuses("RuntimeError"); }, "wrong-error"),
      permitted("P-39", "sparse goes out", {.source = "sparse"}, nothing, "unstrided-exported"),
      {"P-39",
       "sparse refused by a function of its own",
       {.source = "sparse", .route = "capsule"},
       [](Example& e) {
         e.export_refuses("TypeError");
         e.route.owner = "alpha";
       }},
      out("P-39", "the table is X-14", {.source = "sparse", .route = "exchange-api"}, type_error),
      out("P-39", "strided", {}, buffer_error),

      {"P-42", "exchanged", {}},
      wrong("P-42", "refused by the producer", {}, buffer_error, "standard-dtype-refused"),
      {"P-42",
       "refused by the consumer",
       {},
       [](Example& e) { e.refuses("RuntimeError"); },
       kDeviates,
       "standard-dtype-refused",
       Blame::kConsumer},
      {"P-42",
       "refused by a consumer that declares nothing",
       {.declares = false},
       [](Example& e) { e.refuses("RuntimeError"); },
       kPermitted,
       "standard-dtype-refused",
       Blame::kConsumer},
      out("P-42", "not a dtype of the standard", {.dtype = "bfloat16"},
          [](Example& e) { e.refuses("RuntimeError"); }),
      out("P-42", "a dtype that the consumer lacks", {.consumer_has_dtype = false},
          [](Example& e) { e.refuses("RuntimeError"); }),
      out("P-42", "a device that the consumer lacks", {.device = "simulated-0"},
          [](Example& e) { e.refuses("BufferError"); }),
      out("P-42", "an unusual source", {.source = "odd-byte"},
          [](Example& e) { e.refuses("RuntimeError"); }),

      open("P-43", "masked", {.source = "masked"}, buffer_error, "mask-open"),
      out("P-43", "not masked", {}, buffer_error),

      {"P-46", "as the source", {}},
      wrong(
          "P-46", "another shape", {},
          [](Example& e) {
            e.facts.export_shape = Ints{3, 2};
          },
          "export-differs"),
      wrong(
          "P-46", "another dtype", {},
          [](Example& e) {
            e.facts.export_dtype = Ints{0, 32, 1};
          },
          "export-differs"),
      wrong(
          "P-46", "other values, nothing declared", {.declares = false},
          [](Example& e) { e.facts.export_values = false; }, "export-differs"),
      out("P-46", "values not read", {}, [](Example& e) { e.facts.export_values.reset(); }),
      out("P-46", "lazy values are P-38", {.source = "neg"},
          [](Example& e) { e.facts.export_values = false; }),
      out("P-46", "the source of the library itself reads otherwise", {.source = "owned"},
          [](Example& e) {
            e.facts.export_values = false;
            e.facts.memory_source = false;
          }),

      {"P-48", "both alike", {}, [](Example& e) { e.facts.export_agree = true; }},
      wrong(
          "P-48", "both differ", {}, [](Example& e) { e.facts.export_agree = false; },
          "exports-differ"),
      out("P-48", "one alone", {}, nothing),
      out("P-48", "no capsule crosses", {.route = "torch.from_numpy"},
          [](Example& e) { e.facts.export_agree = false; }),

      open("P-51", "gradients refused", {.source = "requires-grad"}, buffer_error, "autograd-open"),
      out("P-51", "no gradients", {}, buffer_error),
      open(
          "P-52", "a copy, then refused", {.source = "odd-byte"},
          [](Example& e) {
            e.refuses("RuntimeError");
            e.export_is_copy();
          },
          "copy-layout-open"),
      out("P-52", "no copy", {.source = "odd-byte"}, [](Example& e) { e.refuses("RuntimeError"); }),
      open(
          "P-53", "copy asked in a legacy capsule", {.request = "copy-true", .route = "capsule"},
          [](Example& e) {
            e.export_refuses("BufferError");
            e.facts.export_keywords = "copy=True";
          },
          "legacy-copy-open"),
      out("P-53", "copy asked in a versioned capsule", {.request = "copy-true", .route = "capsule"},
          buffer_error),
  };
}

}  // namespace dlpack_conformance
