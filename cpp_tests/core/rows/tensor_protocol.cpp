// Examples of protocol cases for the rules T.
#include <functional>
#include <string>

#include "core/protocol_example.h"

namespace dlpack_conformance {
namespace {

/// A plain matrix of float32 and its versioned export, both as they are to be.
void export_of(ProtocolExample& e, const std::string& dtype = "float32") {
  Facts& facts = e.facts;
  facts.source_shape = Ints{3, 4};
  facts.source_dtype = dtype;
  facts.source_address = "0";
  facts.source_writable = true;
  facts.export_capsule = "dltensor_versioned";
  facts.export_version = Ints{1, 3};
  facts.export_flags = 0;
  facts.export_device = facts.export_dlpack_device = Ints{1, 0};
  facts.export_dtype = Ints{2, 32, 1};
  facts.export_ndim = 2;
  facts.export_shape_null = facts.export_strides_null = false;
  facts.export_shape = Ints{3, 4};
  facts.export_strides = Ints{4, 1};
  facts.export_address = "0";
  facts.export_byte_offset = 0;
  facts.export_values = true;
}

void refused(ProtocolExample& e) {
  e.facts.source_dtype = "float32";
  e.facts.export_error = "BufferError";
  e.facts.export_error_bases = Texts{"Exception"};
}

/// An import that came out right.
void taken(ProtocolExample& e) {
  e.returned();
  e.facts.source_shape = e.facts.result_shape = Ints{3, 4};
  e.facts.result_values = true;
}

using Edit = std::function<void(ProtocolExample&)>;

Edit exported(const Edit& then = [](ProtocolExample&) {}) {
  return [then](ProtocolExample& e) {
    export_of(e);
    then(e);
  };
}

Edit exported_as(
    const std::string& dtype, const Ints& numbers, const Edit& then = [](ProtocolExample&) {}) {
  return [=](ProtocolExample& e) {
    export_of(e, dtype);
    e.facts.export_dtype = numbers;
    then(e);
  };
}

ProtocolRow right(std::string rule, std::string what, Edit edit) {
  return {std::move(rule), std::move(what), std::move(edit)};
}

ProtocolRow wrong(std::string rule, std::string what, Edit edit, std::string reason,
                  Verdict verdict = Verdict::kDeviates, Blame blame = Blame::kProducer) {
  return {std::move(rule), std::move(what), std::move(edit), verdict, std::move(reason), blame};
}

ProtocolRow out(std::string rule, std::string what, Edit edit) {
  return {std::move(rule), std::move(what), std::move(edit), Verdict::kNotJudged};
}

ProtocolRow open(std::string rule, std::string reason) {
  return {std::move(rule), "whatever was seen", exported(), Verdict::kUndecided, std::move(reason)};
}

std::vector<ProtocolRow> of_addresses() {
  using enum Verdict;
  const auto moved = exported([](ProtocolExample& e) { e.facts.export_address = "4"; });
  const auto strided = [](const Ints& strides) {
    return [=](ProtocolExample& e) {
      e.facts.source_strides = Ints{4, 1};
      e.facts.export_strides = strides;
    };
  };
  return {
      right("T-01", "element 0 lies where the library has it", exported()),
      wrong("T-01", "element 0 lies one on", moved, "element-address"),
      wrong("T-01", "values are others",
            exported([](ProtocolExample& e) { e.facts.export_values = false; }), "element-address"),
      wrong("T-01", "the library's write does not show",
            exported([](ProtocolExample& e) { e.facts.proof_forward = "unseen"; }),
            "element-address"),
      wrong("T-01", "a write to the export does not show",
            exported([](ProtocolExample& e) { e.facts.proof_backward = "unseen"; }),
            "element-address"),
      out("T-01", "the export is a copy",
          exported([](ProtocolExample& e) { e.facts.export_address = "elsewhere"; })),
      out("T-01", "no data", exported([](ProtocolExample& e) { e.facts.export_address = "null"; })),
      out("T-01", "no elements", exported([](ProtocolExample& e) {
            e.facts.source_shape = Ints{0, 3};
            e.facts.export_address = "4";
          })),
      right("T-04", "strides count elements", exported(strided({4, 1}))),
      wrong("T-04", "strides count bytes", exported(strided({16, 4})), "strides-differ"),
      wrong("T-04", "too few strides", exported(strided({1})), "strides-differ"),
      right("T-04", "an axis of extent 1 has any stride", exported([](ProtocolExample& e) {
              e.facts.source_shape = e.facts.export_shape = Ints{3, 1};
              e.facts.source_strides = Ints{4, 1};
              e.facts.export_strides = Ints{4, 9};
            })),
      out("T-04", "a copy has strides of its own", exported([=](ProtocolExample& e) {
            strided({1, 3})(e);
            e.facts.export_address = "elsewhere";
          })),
      out("T-04", "no elements", exported([=](ProtocolExample& e) {
            strided({9, 9})(e);
            e.facts.source_shape = Ints{0, 3};
          })),
      right("T-02", "taken and right", taken),
      wrong(
          "T-02", "refused", [](ProtocolExample& e) { e.raised("BufferError"); },
          "alignment-relied-on", kPermitted, Blame::kConsumer),
      open("T-03", "offset-place-open"),
  };
}

std::vector<ProtocolRow> of_shapes() {
  using enum Verdict;
  const auto no_strides = [](ProtocolExample& e) {
    e.facts.export_strides_null = true;
    e.facts.export_strides.reset();
  };
  const auto misread = [](ProtocolExample& e) {
    taken(e);
    e.facts.result_values = false;
  };
  const auto empty = [](std::string address) {
    return exported([=](ProtocolExample& e) {
      e.facts.source_shape = e.facts.export_shape = Ints{0, 3};
      e.facts.export_address = address;
    });
  };
  return {
      right("T-05", "1.3 with strides", exported()),
      wrong("T-05", "1.3 without strides", exported(no_strides), "strides-null"),
      out("T-05", "1.1 without strides", exported([=](ProtocolExample& e) {
            no_strides(e);
            e.facts.export_version = Ints{1, 1};
          })),
      out("T-05", "rank 0 without strides", exported([=](ProtocolExample& e) {
            no_strides(e);
            e.facts.export_shape = Ints{};
          })),
      right("T-06", "taken and right", taken),
      wrong("T-06", "misread", misread, "null-strides-unread", kPermitted, Blame::kConsumer),
      right("T-07", "exported right", exported()),
      right("T-07", "taken and right", taken),
      wrong("T-07", "export refused", refused, "rank-zero-misread", kPermitted, Blame::kLibrary),
      wrong("T-07", "exported wrong",
            exported([](ProtocolExample& e) { e.facts.export_values = false; }),
            "rank-zero-misread", kPermitted, Blame::kLibrary),
      wrong(
          "T-07", "import refused", [](ProtocolExample& e) { e.raised("RuntimeError"); },
          "rank-zero-misread", kPermitted, Blame::kLibrary),
      right("T-08", "NULL", empty("null")),
      wrong("T-08", "an address", empty("0"), "empty-data", kPermitted),
      out("T-08", "elements", exported()),
      right("T-09", "extents are natural", exported()),
      wrong("T-09", "an extent is negative", exported([](ProtocolExample& e) {
              e.facts.export_shape = Ints{3, -4};
            }),
            "shape-invalid"),
      wrong("T-09", "the rank is negative",
            exported([](ProtocolExample& e) { e.facts.export_ndim = -1; }), "shape-invalid"),
      wrong("T-09", "axes without a shape", exported([](ProtocolExample& e) {
              e.facts.export_shape_null = true;
              e.facts.export_shape.reset();
            }),
            "shape-invalid"),
      right("T-09", "rank 0 without a shape", exported([](ProtocolExample& e) {
              e.facts.export_ndim = 0;
              e.facts.export_shape_null = true;
              e.facts.export_shape = Ints{};
            })),
      out("T-09", "refused",
          [](ProtocolExample& e) {
            refused(e);
            e.facts.export_ndim = -1;
          }),
      open("T-10", "negative-strides-open"),
      open("T-11", "zero-strides-open"),
      open("T-12", "idle-strides-open"),
      open("T-31", "overlap-open"),
      open("T-32", "misaligned-open"),
  };
}

std::vector<ProtocolRow> of_dtypes() {
  using enum Verdict;
  const auto wrong_values = [](ProtocolExample& e) { e.facts.export_values = false; };
  const auto digits = [](Int count) {
    return [=](ProtocolExample& e) { e.facts.source_digits = count; };
  };
  const auto padded = [](ProtocolExample& e) { e.facts.export_flags = 4; };
  return {
      right("T-13", "refused", refused),
      right("T-13", "copied right", exported()),
      wrong("T-13", "rounded", exported(wrong_values), "strides-rounded"),
      right("T-14", "code 2", exported()),
      right("T-14", "refused", refused),
      wrong("T-14", "code 18", exported([](ProtocolExample& e) {
              e.facts.export_dtype = Ints{18, 32, 1};
            }),
            "code-unlisted", kPermitted),
      right("T-15", "32 bits, 4 bytes", exported()),
      right("T-15", "four lanes of 32 bits", exported_as("float32x4", {2, 32, 4})),
      wrong("T-15", "64 bits, 4 bytes", exported_as("float32", {2, 64, 1}), "item-size"),
      out("T-15", "less than a byte", exported_as("float4_e2m1fn", {17, 8, 1})),
      right("T-16", "one lane", exported()),
      wrong("T-16", "two lanes of half the width", exported_as("float32", {2, 16, 2}), "lanes"),
      out("T-16", "a short vector", exported_as("float32x4", {2, 32, 4})),
      right("T-17", "code 6", exported_as("bool", {6, 8, 1})),
      wrong("T-17", "unsigned integers", exported_as("bool", {1, 8, 1}), "bool-code"),
      wrong("T-17", "other bytes than 0 and 1", exported_as("bool", {6, 8, 1}, wrong_values),
            "bool-code"),
      out("T-17", "refused", refused),
      right("T-18", "refused", refused),
      right("T-18", "copied right", exported()),
      wrong("T-18", "bytes as they lie", exported(wrong_values), "byte-order-lost"),
      right("T-33", "real part first", exported_as("complex64", {5, 64, 1})),
      wrong("T-33", "parts swapped", exported_as("complex64", {5, 64, 1}, wrong_values),
            "complex-parts"),
      out("T-33", "another type", exported_as("complex64", {2, 64, 1}, wrong_values)),
      out("T-33", "another shape",
          exported_as("complex64", {5, 64, 1},
                      [](ProtocolExample& e) {
                        e.facts.export_values = false;
                        e.facts.export_shape = Ints{12};
                      })),
      out("T-33", "refused",
          [](ProtocolExample& e) {
            export_of(e, "complex64");
            e.facts.export_dtype = Ints{5, 64, 1};
            e.facts.export_capsule.reset();
            refused(e);
            e.facts.source_dtype = "complex64";
          }),
      right("T-34", "refused", refused),
      right("T-34", "IEEE binary128", exported_as("longdouble", {2, 128, 1}, digits(113))),
      right("T-34", "a handle by agreement", exported_as("longdouble", {3, 128, 1}, digits(64))),
      wrong("T-34", "80 bits as IEEE", exported_as("longdouble", {2, 128, 1}, digits(64)),
            "long-double-as-ieee"),
      right("T-19", "fp4 with 4 bits", exported_as("float4_e2m1fn", {17, 4, 1})),
      wrong("T-19", "fp4 with 8 bits", exported_as("float4_e2m1fn", {17, 8, 1}), "sub-byte-bits"),
      out("T-19", "a type of whole bytes", exported_as("float32", {2, 16, 1})),
      out("T-19", "another code", exported_as("float4_e2m1fn", {1, 8, 1})),
      out("T-19", "refused",
          [](ProtocolExample& e) {
            exported_as("float4_e2m1fn", {17, 8, 1})(e);
            e.facts.export_capsule.reset();
            refused(e);
            e.facts.source_dtype = "float4_e2m1fn";
          }),
      right("T-20", "lowest bits first", exported_as("float6_e2m3fn", {15, 6, 1})),
      wrong("T-20", "highest bits first", exported_as("float6_e2m3fn", {15, 6, 1}, wrong_values),
            "sub-byte-order"),
      out("T-20", "padded", exported_as("float6_e2m3fn-padded", {15, 6, 1}, wrong_values)),
      out("T-20", "other bits", exported_as("float6_e2m3fn", {15, 8, 1}, wrong_values)),
      right("T-21", "packed", exported_as("float4_e2m1fn", {17, 4, 1})),
      right("T-21", "padded", exported_as("float4_e2m1fn-padded", {17, 4, 1}, padded)),
      wrong("T-21", "packed, called padded", exported_as("float4_e2m1fn", {17, 4, 1}, padded),
            "padding-untold"),
      wrong("T-21", "padded, not said", exported_as("float4_e2m1fn-padded", {17, 4, 1}),
            "padding-untold"),
      out("T-21", "a type of whole bytes", exported(padded)),
  };
}

std::vector<ProtocolRow> of_devices_and_versions() {
  using enum Verdict;
  return {
      right("T-23", "id 0", exported()),
      wrong("T-23", "id 1 in the struct", exported([](ProtocolExample& e) {
              e.facts.export_device = Ints{1, 1};
            }),
            "device-id"),
      wrong("T-23", "id 1 by the method", exported([](ProtocolExample& e) {
              e.facts.export_dlpack_device = Ints{1, 1};
            }),
            "device-id"),
      out("T-23", "another device", exported([](ProtocolExample& e) {
            e.facts.export_device = Ints{2, 1};
          })),
      right("T-28", "version 1.3", exported()),
      wrong("T-28", "version 0.0", exported([](ProtocolExample& e) {
              e.facts.export_version = Ints{0, 0};
            }),
            "version-unfilled"),
      wrong("T-28", "a type of 1.1 in a struct of 1.0",
            exported_as("float8_e5m2", {12, 8, 1},
                        [](ProtocolExample& e) {
                          e.facts.export_version = Ints{1, 0};
                        }),
            "version-unfilled"),
      out("T-28", "legacy", exported([](ProtocolExample& e) {
            e.facts.export_capsule = "dltensor";
            e.facts.export_version = Ints{0, 0};
          })),
      right("T-24", "read on the CPU", exported()),
      wrong("T-24", "misread", exported([](ProtocolExample& e) { e.facts.export_values = false; }),
            "data-unreadable"),
      wrong("T-24", "the process is lost in reading", exported([](ProtocolExample& e) {
              e.facts.export_values.reset();
              e.crashes("read");
            }),
            "data-unreadable"),
      out("T-24", "the process is lost in the export", exported([](ProtocolExample& e) {
            e.facts.export_values.reset();
            e.crashes("export");
          })),
      out("T-24", "another device", exported([](ProtocolExample& e) {
            e.facts.export_device = Ints{2, 0};
            e.facts.export_values = false;
          })),
  };
}

std::vector<ProtocolRow> of_lives_and_imports() {
  using enum Verdict;
  const auto kept = [](bool stays, bool right) {
    return exported([=](ProtocolExample& e) {
      e.facts.life_stays = stays;
      e.facts.life_right = right;
    });
  };
  const auto refuses = [](ProtocolExample& e) { e.raised("BufferError"); };
  const auto misread = [](ProtocolExample& e) {
    taken(e);
    e.facts.result_values = false;
  };
  const auto reshaped = [](ProtocolExample& e) {
    taken(e);
    e.facts.result_shape = Ints{12};
  };
  return {
      right("T-27", "all reads the same", kept(true, true)),
      wrong("T-27", "the shape changed", kept(false, true), "export-invalidated"),
      wrong("T-27", "values changed", kept(true, false), "export-invalidated"),
      wrong("T-27", "the process is lost in reading",
            exported([](ProtocolExample& e) { e.crashes("read"); }), "export-invalidated"),
      out("T-27", "the process is lost in the export",
          exported([](ProtocolExample& e) { e.crashes("export"); })),
      right("T-22", "taken and right", taken),
      right("T-22", "refused", refuses),
      wrong("T-22", "misread", misread, "size-exceeded", kDeviates, Blame::kConsumer),
      wrong("T-22", "another shape", reshaped, "size-exceeded", kDeviates, Blame::kConsumer),
      wrong(
          "T-22", "the process is lost", [](ProtocolExample& e) { e.crashes("read"); },
          "size-exceeded", kDeviates, Blame::kConsumer),
      right("T-26", "refused", refuses),
      wrong("T-26", "taken", taken, "opaque-taken", kPermitted, Blame::kConsumer),
      right("T-29", "taken and right", taken),
      wrong("T-29", "refused", refuses, "null-context-refused", kPermitted, Blame::kConsumer),
      right("T-30", "taken and right", taken),
      wrong("T-30", "refused", refuses, "null-deleter-refused", kPermitted, Blame::kConsumer),
  };
}

}  // namespace

std::vector<ProtocolRow> tensor_protocol_rows() {
  std::vector<ProtocolRow> rows;
  for (const auto& part : {of_addresses(), of_shapes(), of_dtypes(), of_devices_and_versions(),
                           of_lives_and_imports()}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

}  // namespace dlpack_conformance
