// Examples for the rules T, S and X.
#pragma once

#include <vector>

#include "core/example.h"

namespace dlpack_conformance {

inline std::vector<RuleRow> tensor_rows() {
  using enum Verdict;
  using enum Blame;
  const auto wrong = [](std::string rule, std::string what, Axes axes,
                        std::function<void(Example&)> edit, std::string reason) {
    return RuleRow{rule, what, axes, edit, kDeviates, reason, Blame::kProducer};
  };
  const auto open = [](std::string rule, std::string what, Axes axes,
                       std::function<void(Example&)> edit, std::string reason) {
    return RuleRow{rule, what, axes, edit, kUndecided, reason, kNone};
  };
  const auto out = [](std::string rule, std::string what, Axes axes,
                      std::function<void(Example&)> edit) {
    return RuleRow{rule, what, axes, edit, kNotJudged};
  };
  const Axes other_route{.route = "torch.from_numpy"};
  return {
      {"T-01", "export lies at the source", {}},
      wrong(
          "T-01", "export lies one element on", {},
          [](Example& e) { e.facts.export_address = "4"; }, "element-address"),
      out("T-01", "export is a copy", {}, [](Example& e) { e.export_is_copy(); }),
      out("T-01", "source address unknown", {}, [](Example& e) { e.facts.source_address.reset(); }),
      out("T-01", "no capsule crosses", other_route,
          [](Example& e) { e.facts.export_address = "4"; }),
      out("T-01", "no elements", {.layout = "empty-0"},
          [](Example& e) { e.facts.export_address = "4"; }),

      {"T-04", "strides count elements", {.layout = "rows"}},
      wrong(
          "T-04", "strides count bytes", {.layout = "rows"},
          [](Example& e) {
            e.facts.export_strides = Ints{32, 4};
          },
          "strides-differ"),
      wrong(
          "T-04", "too few strides", {.layout = "rows"},
          [](Example& e) { e.facts.export_strides = Ints{8}; }, "strides-differ"),
      {"T-04",
       "an axis of extent 1 has any stride",
       {.layout = "row-1x6"},
       [](Example& e) {
         e.facts.export_strides = Ints{0, 1};
       }},
      out("T-04", "a copy has strides of its own", {.layout = "rows"},
          [](Example& e) {
            e.export_is_copy();
            e.facts.export_strides = Ints{4, 1};
          }),

      {"T-05", "version 1.3 with strides", {}},
      wrong(
          "T-05", "version 1.3 without strides", {},
          [](Example& e) {
            e.facts.export_strides_null = true;
            e.facts.export_strides.reset();
          },
          "strides-null"),
      out("T-05", "version 1.1 may leave strides out", {},
          [](Example& e) {
            e.facts.export_version = Ints{1, 1};
            e.facts.export_strides_null = true;
          }),
      out("T-05", "rank 0 needs none", {.layout = "scalar"},
          [](Example& e) { e.facts.export_strides_null = true; }),
      out("T-05", "a legacy capsule may leave strides out", {},
          [](Example& e) {
            e.export_is_legacy();
            e.facts.export_strides_null = true;
          }),

      {"T-09", "extents are natural", {}},
      wrong(
          "T-09", "an extent is negative", {}, [](Example& e) { e.facts.export_shape = Ints{-6}; },
          "shape-invalid"),
      out("T-09", "no capsule crosses", other_route,
          [](Example& e) { e.facts.export_shape = Ints{-6}; }),

      open(
          "T-10", "reversed, refused by the producer", {.layout = "reversed"},
          [](Example& e) { e.export_refuses("BufferError"); }, "negative-strides-open"),
      out("T-10", "reversed, but a rule about the outcome speaks", {.layout = "reversed"},
          [](Example&) {}),
      out("T-10", "not reversed", {}, [](Example& e) { e.export_refuses("BufferError"); }),

      open(
          "T-11", "broadcast, refused by the producer", {.layout = "broadcast"},
          [](Example& e) { e.export_refuses("BufferError"); }, "zero-strides-open"),
      out("T-11", "not broadcast", {}, [](Example& e) { e.export_refuses("BufferError"); }),

      {"T-13",
       "byte strides refused",
       {.source = "packed-field"},
       [](Example& e) { e.export_refuses("BufferError"); }},
      {"T-13",
       "byte strides resolved",
       {.source = "packed-field"},
       [](Example& e) { e.export_is_copy(); }},
      wrong(
          "T-13", "byte strides rounded", {.source = "packed-field"},
          [](Example& e) { e.facts.export_values = false; }, "strides-rounded"),
      out("T-13", "nothing known of the export", {.source = "packed-field"},
          [](Example& e) { e.clear_export(); }),

      {"T-15", "32 bits, 4 bytes", {}},
      wrong(
          "T-15", "64 bits, 4 bytes", {},
          [](Example& e) {
            e.facts.export_dtype = Ints{2, 64, 1};
          },
          "item-size"),
      out("T-15", "less than a byte", {.dtype = "float4_e2m1fn"},
          [](Example& e) {
            e.facts.export_dtype = Ints{17, 8, 1};
          }),

      {"T-16", "one lane", {}},
      wrong(
          "T-16", "two lanes of half the width", {},
          [](Example& e) {
            e.facts.export_dtype = Ints{2, 16, 2};
          },
          "lanes"),
      out("T-16", "a short vector", {.dtype = "float32x4"}, [](Example&) {}),

      {"T-17", "code 6", {.dtype = "bool"}},
      wrong(
          "T-17", "unsigned integers", {.dtype = "bool"},
          [](Example& e) {
            e.facts.export_dtype = Ints{1, 8, 1};
          },
          "bool-code"),
      out("T-17", "no boolean", {}, [](Example&) {}),

      {"T-18",
       "foreign byte order refused",
       {.dtype = "swapped-int32"},
       [](Example& e) { e.export_refuses("BufferError"); }},
      {"T-18",
       "foreign byte order resolved",
       {.dtype = "swapped-int32"},
       [](Example& e) { e.export_is_copy(); }},
      wrong(
          "T-18", "swapped bytes go out", {.dtype = "swapped-int32"},
          [](Example& e) { e.facts.export_values = false; }, "byte-order-lost"),

      {"T-23", "device id 0", {}},
      wrong(
          "T-23", "device id 1", {},
          [](Example& e) {
            e.facts.export_device = Ints{1, 1};
          },
          "device-id"),
      out("T-23", "a device that the CPU does not read", {.device = "cuda-0"},
          [](Example& e) {
            e.facts.export_device = Ints{2, 1};
          }),

      {"T-28", "version 1.3", {}},
      wrong(
          "T-28", "version 0.0", {},
          [](Example& e) {
            e.facts.export_version = Ints{0, 0};
          },
          "version-unfilled"),
      out("T-28", "legacy has none", {}, [](Example& e) { e.export_is_legacy(); }),
      out("T-28", "no capsule crosses", other_route,
          [](Example& e) {
            e.facts.export_version = Ints{0, 0};
          }),

      open(
          "T-31", "overlapping windows, refused by the producer", {.layout = "windows"},
          [](Example& e) { e.export_refuses("BufferError"); }, "overlap-open"),
      open(
          "T-31", "33 axes, refused", {.layout = "rank-33"},
          [](Example& e) { e.refuses("RuntimeError"); }, "overlap-open"),
      out("T-31", "32 axes", {.layout = "rank-32"}, [](Example& e) { e.refuses("RuntimeError"); }),
      open(
          "T-32", "misaligned, refused by the producer", {.source = "odd-byte"},
          [](Example& e) { e.export_refuses("BufferError"); }, "misaligned-open"),
      out("T-32", "aligned, refused by the producer", {},
          [](Example& e) { e.export_refuses("BufferError"); }),

      {"T-33", "real part first", {.dtype = "complex64"}},
      wrong(
          "T-33", "parts swapped", {.dtype = "complex64"},
          [](Example& e) { e.facts.export_values = false; }, "complex-parts"),
      out("T-33", "values wrong and strides as well", {.dtype = "complex64", .layout = "matrix"},
          [](Example& e) {
            e.facts.export_values = false;
            e.facts.export_strides = Ints{1, 3};
          }),
      out("T-33", "no complex number", {}, [](Example& e) { e.facts.export_values = false; }),

      {"T-34",
       "long double refused",
       {.dtype = "longdouble"},
       [](Example& e) { e.export_refuses("BufferError"); }},
      wrong(
          "T-34", "long double under code 2", {.dtype = "longdouble"},
          [](Example& e) {
            e.facts.export_dtype = Ints{2, 128, 1};
          },
          "long-double-as-ieee"),

      {"S-23",
       "stream not passed",
       {.producer = "reference"},
       [](Example& e) {
         e.facts.calls_log = Texts{"__dlpack_device__()", "__dlpack__(max_version=(1, 0))"};
       }},
      {"S-23",
       "stream None",
       {.producer = "reference"},
       [](Example& e) { e.facts.calls_log = Texts{"__dlpack__(stream=None)"}; }},
      {"S-23",
       "a stream on the CPU",
       {.producer = "reference"},
       [](Example& e) { e.facts.calls_log = Texts{"__dlpack__(stream=1)"}; },
       kDeviates,
       "stream-on-cpu",
       Blame::kConsumer},
      out("S-23", "a stream on a device that has some",
          {.producer = "reference", .device = "cuda-0"},
          [](Example& e) { e.facts.calls_log = Texts{"__dlpack__(stream=1)"}; }),

      {"X-15",
       "negative bit refused by the table",
       {.source = "neg", .route = "exchange-api"},
       [](Example& e) { e.refuses("BufferError"); }},
      {"X-15",
       "negative bit handed out raw",
       {.source = "neg", .route = "exchange-api"},
       [](Example& e) {
         e.facts.result_values = false;
         e.facts.export_values.reset();
       },
       kDeviates,
       "lazy-values-raw",
       kPair},
      {"X-15",
       "negative bit read wrong at the border",
       {.source = "neg", .route = "exchange-api"},
       [](Example& e) { e.facts.result_values = e.facts.export_values = false; },
       kDeviates,
       "lazy-values-raw",
       Blame::kProducer},
      {"X-15",
       "negative bit resolved, then spoilt",
       {.source = "neg", .route = "exchange-api"},
       [](Example& e) { e.facts.result_values = false; },
       kDeviates,
       "lazy-values-raw",
       Blame::kConsumer},
      {"X-15",
       "negative bit handed out raw to the reference",
       {.source = "neg", .route = "exchange-api", .consumer = "reference"},
       [](Example& e) {
         e.facts.result_values = false;
         e.facts.export_values.reset();
       },
       kDeviates,
       "lazy-values-raw",
       Blame::kProducer},
      out("X-15", "not by the table", {.source = "neg"},
          [](Example& e) { e.facts.result_values = false; }),
      {"X-14",
       "sparse refused with BufferError",
       {.source = "sparse", .route = "exchange-api"},
       [](Example& e) { e.export_refuses("BufferError"); }},
      {"X-14",
       "sparse refused with another class",
       {.source = "sparse", .route = "exchange-api"},
       [](Example& e) { e.export_refuses("RuntimeError"); },
       kPermitted,
       "wrong-error",
       Blame::kProducer},
      {"X-14",
       "sparse goes out",
       {.source = "sparse", .route = "exchange-api"},
       [](Example&) {},
       kPermitted,
       "undescribable-exported",
       Blame::kProducer},
      out("X-14", "strided", {.route = "exchange-api"},
          [](Example& e) { e.export_refuses("RuntimeError"); }),
      open(
          "X-20", "an import by the table fails", {.dtype = "bfloat16", .route = "exchange-api"},
          [](Example& e) { e.refuses("RuntimeError"); }, "failed-import-open"),
      out("X-20", "an import of a capsule fails", {.dtype = "bfloat16"},
          [](Example& e) { e.refuses("RuntimeError"); }),
      open(
          "X-31", "gradients by the table", {.source = "requires-grad", .route = "exchange-api"},
          [](Example& e) { e.export_refuses("RuntimeError"); }, "autograd-open"),
      out("X-31", "no gradients", {.route = "exchange-api"},
          [](Example& e) { e.export_refuses("RuntimeError"); }),
  };
}

}  // namespace dlpack_conformance
