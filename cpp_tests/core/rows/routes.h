// Examples for the rules R.
#pragma once

#include <vector>

#include "core/example.h"

namespace dlpack_conformance {

inline std::vector<RuleRow> route_rows() {
  using enum Verdict;
  using enum Blame;
  const auto wrong = [](std::string rule, std::string what, Axes axes,
                        std::function<void(Example&)> edit, std::string reason) {
    axes.rules.push_back(rule);
    // A route without a dot belongs to no library.
    const bool owned = axes.route.find('.') != std::string::npos;
    const Blame side = axes.producer == "reference" ? Blame::kConsumer : Blame::kPair;
    return RuleRow{rule, what, axes, edit, kDeviates, reason, owned ? Blame::kRoute : side};
  };
  const auto right = [](std::string rule, std::string what, Axes axes,
                        std::function<void(Example&)> edit) {
    axes.rules.push_back(rule);
    return RuleRow{rule, what, axes, edit};
  };
  const auto open = [](std::string rule, std::string what, Axes axes,
                       std::function<void(Example&)> edit, std::string reason) {
    axes.rules.push_back(rule);
    return RuleRow{rule, what, axes, edit, kUndecided, reason, kNone};
  };
  const auto out = [](std::string rule, std::string what, Axes axes,
                      std::function<void(Example&)> edit) {
    axes.rules.push_back(rule);
    return RuleRow{rule, what, axes, edit, kNotJudged};
  };
  const auto not_listed = [](std::string rule, Axes axes, std::function<void(Example&)> edit) {
    return RuleRow{rule, "not listed", axes, edit, kNotJudged};
  };
  const auto nothing = [](Example&) {};
  const auto copies = [](Example& e) { e.result_is_copy(); };
  const auto shares = [](Example& e) { e.result_is_shared(); };
  const auto refuses = [](Example& e) { e.refuses("TypeError"); };
  const auto wrong_values = [](Example& e) { e.facts.result_values = false; };
  const auto aborts = [](Example& e) { e.crashes("exchange"); };
  const auto dies = [](Example& e) { e.facts.end_values = false; };
  const auto warns = [](Example& e) {
    e.facts.route_warnings =
        Texts{"DeprecationWarning: __array__ implementation doesn't accept a copy keyword"};
  };
  const auto flat = [](Axes axes) {
    axes.flat = true;
    return axes;
  };
  const auto asks = [](std::string request, std::string dtype = "float32") {
    return Axes{.dtype = dtype, .request = request, .route = "torch.asarray"};
  };
  const auto promises = [](PromiseKind kind, std::string dtype = {}) {
    return Axes{.route = "gamma.convert", .promise = kind, .promise_dtype = dtype};
  };
  const auto exported = [](Example& e) {
    e.facts.export_capsule = "dltensor_versioned";
    e.facts.export_address = "0";
    e.facts.export_values = true;
  };
  const Axes a{.route = "torch.from_numpy"};
  const Axes read_only{.source = "readonly", .route = "torch.from_numpy"};
  const Axes reversed{.layout = "reversed", .route = "torch.from_numpy"};
  const Axes forced{.request = "force-true", .route = "torch.Tensor.numpy"};
  const Axes converts = promises(PromiseKind::kConverts, "float64");
  return {
      right("R-01", "shares", a, nothing),
      wrong("R-01", "copies", a, copies, "promise-shares"),
      wrong("R-01", "process lost", a, aborts, "process-lost"),
      out("R-01", "process lost before the route", a, [](Example& e) { e.crashes("export"); }),
      out("R-01", "refused", a, refuses),
      right("R-01", "no elements", {.layout = "empty-0", .route = "torch.from_numpy"}, nothing),
      not_listed("R-01", a, copies),

      right("R-02", "keeps", a, nothing),
      right("R-02", "keeps an empty array", {.layout = "empty-0", .route = "torch.from_numpy"},
            nothing),
      wrong("R-02", "other values", a, wrong_values, "promise-values"),
      wrong(
          "R-02", "other dtype", a, [](Example& e) { e.facts.result_dtype = "float64"; },
          "promise-values"),
      wrong("R-02", "refused", a, refuses, "promise-values"),
      out("R-02", "a dtype that is not listed", {.dtype = "uint16", .route = "torch.from_numpy"},
          wrong_values),
      out("R-02", "reversed may be refused", reversed, refuses),
      out("R-02", "empty with a backward stride may be refused",
          {.layout = "empty-reversed", .route = "torch.from_numpy"}, refuses),

      right("R-03", "reversed refused", reversed, refuses),
      right("R-03", "reversed kept", reversed, nothing),
      right("R-03", "empty with a backward stride refused",
            {.layout = "empty-reversed", .route = "torch.from_numpy"}, refuses),
      wrong("R-03", "reversed misread", reversed, wrong_values, "promise-values"),
      wrong("R-03", "reversed aborts", reversed, aborts, "process-lost"),
      wrong("R-03", "swapped misread", {.dtype = "swapped-int32", .route = "torch.from_numpy"},
            wrong_values, "promise-values"),
      out("R-03", "neither", a, refuses),

      open("R-04", "read-only", read_only, nothing, "readonly-route-open"),
      out("R-04", "writable", a, nothing),

      right("R-06", "same dtype shares", asks("plain"), nothing),
      right("R-06", "other dtype copies", asks("dtype-float64"), copies),
      wrong("R-06", "same dtype copies", asks("plain"), copies, "promise-shares"),
      wrong(
          "R-06", "other dtype not converted", asks("dtype-float64"),
          [](Example& e) {
            e.result_is_copy();
            e.facts.result_dtype = "float32";
          },
          "promise-shares"),
      out("R-06", "an array that nothing is documented of",
          {.route = "torch.as_tensor", .producer = "reference"}, copies),
      out("R-06", "process lost at an array that nothing is documented of",
          {.layout = "reversed", .route = "torch.as_tensor", .producer = "reference"}, aborts),
      wrong("R-06", "process lost", {.layout = "reversed", .route = "torch.as_tensor"}, aborts,
            "process-lost"),
      out("R-06", "refused", asks("plain"), refuses),

      right("R-08", "copies", a, copies),
      wrong("R-08", "shares", a, shares, "promise-copies"),
      wrong("R-08", "process lost", a, aborts, "process-lost"),
      out("R-08", "refused", a, refuses),
      wrong("R-08", "shares what nothing is documented of",
            {.route = "torch.tensor", .producer = "reference"}, shares, "promise-copies"),
      out("R-08", "process lost at an array that nothing is documented of",
          {.route = "torch.tensor", .producer = "reference"}, aborts),

      open("R-09", "copies", a, copies, "route-open"),

      right("R-10", "shares", asks("plain"), nothing),
      right("R-10", "a strided array may be copied", {.layout = "rows", .route = "torch.asarray"},
            copies),
      wrong("R-10", "a plain array is copied", asks("copy-none"), copies, "promise-shares"),
      out("R-10", "copy=True is R-11", asks("copy-true"), copies),
      out("R-10", "another dtype", asks("dtype-float64"), copies),

      out("R-10", "process lost at an array that nothing is documented of",
          {.layout = "reversed", .route = "torch.asarray", .producer = "reference"}, aborts),
      wrong("R-10", "process lost", {.layout = "reversed", .route = "torch.asarray"}, aborts,
            "process-lost"),
      wrong("R-10", "a buffer of the reference is copied",
            {.route = "buffer", .producer = "reference"}, copies, "promise-shares"),
      out("R-10", "an array that nothing is documented of",
          {.route = "torch.asarray", .producer = "reference"}, copies),

      right("R-11", "copy=True copies", asks("copy-true"), copies),
      right("R-11", "copy=False raises", asks("copy-false"), refuses),
      right("R-11", "copy=False shares", asks("copy-false"), shares),
      wrong("R-11", "copy=True shares", asks("copy-true"), shares, "promise-copy-keyword"),
      wrong("R-11", "copy=False copies", asks("copy-false"), copies, "promise-copy-keyword"),
      out("R-11", "copy not passed", asks("plain"), copies),

      right("R-12", "bytes as the dtype", flat({.route = "buffer"}), nothing),
      wrong("R-12", "bytes as another dtype", flat({.route = "buffer"}), wrong_values,
            "promise-values"),
      out("R-12", "refused", flat({.route = "buffer"}), refuses),

      right("R-13", "one axis, shared",
            {.layout = "matrix", .route = "torch.frombuffer", .flat = true}, nothing),
      wrong("R-13", "copied", flat(a), copies, "promise-shares"),
      wrong("R-13", "two axes", {.layout = "matrix", .route = "torch.frombuffer"}, nothing,
            "promise-shares"),
      out("R-13", "refused", flat(a), refuses),

      right("R-15", "owner lives", a, nothing),
      wrong("R-15", "owner dies", a, dies, "result-dies"),
      out("R-15", "was never right", a,
          [](Example& e) {
            e.facts.result_values = false;
            e.facts.end_values = false;
          }),
      out("R-15", "refused", a, refuses),
      open("R-17", "read-only", read_only, nothing, "readonly-route-open"),
      out("R-17", "writable", a, nothing),

      right("R-18", "shares", {.route = "torch.Tensor.numpy"}, nothing),
      right("R-18", "gradients refused", {.source = "requires-grad", .route = "torch.Tensor.numpy"},
            refuses),
      wrong("R-18", "copies", {.route = "torch.Tensor.numpy"}, copies, "promise-shares"),
      wrong("R-18", "gradients let through",
            {.source = "requires-grad", .route = "torch.Tensor.numpy"}, nothing, "promise-shares"),
      out("R-18", "refused for a reason of its own", {.route = "torch.Tensor.numpy"}, refuses),
      out("R-18", "force=True is R-19", forced, copies),

      right("R-19", "plain shares", forced, nothing),
      right("R-19", "conjugate resolved",
            {.dtype = "complex64",
             .source = "conj",
             .request = "force-true",
             .route = "torch.Tensor.numpy"},
            copies),
      wrong("R-19", "plain copied", forced, copies, "promise-possible"),
      wrong("R-19", "conjugate shared",
            {.dtype = "complex64",
             .source = "conj",
             .request = "force-true",
             .route = "torch.Tensor.numpy"},
            shares, "promise-possible"),
      out("R-19", "not forced", {.route = "torch.Tensor.numpy"}, copies),
      open("R-20", "shares", a, nothing, "route-open"),

      right("R-21", "copy=True copies", asks("copy-true"), copies),
      right("R-21", "copy=False raises ValueError", asks("copy-false"),
            [](Example& e) { e.refuses("ValueError"); }),
      wrong("R-21", "copy=True shares", asks("copy-true"), shares, "promise-copy-keyword"),
      wrong("R-21", "copy=False copies", asks("copy-false"), copies, "promise-copy-keyword"),
      {"R-21",
       "copy=False raises another class",
       {.request = "copy-false", .route = "numpy.array", .rules = {"R-21"}},
       refuses,
       kPermitted,
       "wrong-error",
       Blame::kRoute},
      out("R-21", "NumPy 1 had other words", asks("copy-false"),
          [](Example& e) {
            e.result_is_copy();
            e.consumer.versions["numpy"] = "1.26.4";
          }),
      out("R-21", "NumPy's version unknown", asks("copy-false"),
          [](Example& e) {
            e.result_is_copy();
            e.consumer.versions.clear();
          }),
      out("R-21", "copy not passed", asks("plain"), copies),

      right("R-22", "no warning", a, nothing),
      {"R-22",
       "a warning",
       {.route = "array-method", .rules = {"R-22"}},
       warns,
       kPermitted,
       "promise-keyword",
       Blame::kProducer},
      out("R-22", "NumPy 1 asks for no keyword", a,
          [warns](Example& e) {
            warns(e);
            e.consumer.versions["numpy"] = "1.26.4";
          }),
      out("R-22", "warnings not collected", a, [](Example& e) { e.facts.route_warnings.reset(); }),

      right("R-23", "raises", asks("copy-false"),
            [warns](Example& e) {
              e.refuses("ValueError");
              warns(e);
            }),
      wrong(
          "R-23", "returns", asks("copy-false"),
          [warns](Example& e) {
            e.result_is_shared();
            warns(e);
          },
          "promise-refused"),
      {"R-23",
       "raises another class",
       {.request = "copy-false", .route = "array-method", .rules = {"R-23"}},
       [warns](Example& e) {
         e.refuses("TypeError");
         warns(e);
       },
       kPermitted,
       "wrong-error",
       Blame::kPair},
      out("R-23", "NumPy 1 asks for no keyword", asks("copy-false"),
          [warns](Example& e) {
            e.result_is_shared();
            warns(e);
            e.consumer.versions["numpy"] = "1.26.4";
          }),
      out("R-23", "the method has the keyword", asks("copy-false"), shares),
      not_listed("R-23", asks("copy-false"),
                 [warns](Example& e) {
                   e.result_is_shared();
                   warns(e);
                 }),

      right("R-24", "fresh memory", asks("copy-true"), copies),
      {"R-24",
       "shared memory",
       {.request = "copy-true", .route = "array-method", .rules = {"R-24"}},
       shares,
       kDeviates,
       "promise-copies",
       Blame::kProducer},
      out("R-24", "NumPy 1 asks for no keyword", asks("copy-true"),
          [](Example& e) {
            e.result_is_shared();
            e.consumer.versions["numpy"] = "1.26.4";
          }),
      out("R-24", "copy not passed", asks("plain"), shares),

      right("R-27", "honoured", a, nothing),
      right("R-27", "read-only kept",
            {.source = "readonly", .route = "array-interface", .consumer_readonly = true}, nothing),
      wrong("R-27", "misread", a, wrong_values, "promise-values"),
      wrong(
          "R-27", "read-only lost", read_only, [](Example& e) { e.facts.result_writable = true; },
          "promise-values"),
      out("R-27", "refused", a, refuses),

      right("R-28", "object kept", a, nothing),
      wrong("R-28", "object let go", a, dies, "result-dies"),
      out("R-28", "was never right", a,
          [](Example& e) {
            e.facts.result_values = false;
            e.facts.end_values = false;
          }),
      out("R-28", "refused", a, refuses),

      right("R-31", "honoured", a, nothing),
      wrong(
          "R-31", "another item size", a, [](Example& e) { e.facts.result_dtype = "float32x4"; },
          "promise-values"),
      wrong(
          "R-31", "another shape", a, [](Example& e) { e.facts.result_shape = Ints{3}; },
          "promise-values"),
      out("R-31", "fields are optional", {.dtype = "record", .route = "array-struct"},
          [](Example& e) { e.facts.result_dtype = "void8"; }),
      out("R-31", "refused", a, refuses),

      right("R-35", "reversed kept", reversed, nothing),
      wrong("R-35", "broadcast misread", {.layout = "broadcast", .route = "memoryview"},
            wrong_values, "promise-values"),
      out("R-35", "refused", reversed, refuses),
      out("R-35", "forward", a, wrong_values),

      right("R-39", "one axis, shared", flat(a), nothing),
      wrong("R-39", "copied", flat(a), copies, "promise-shares"),
      wrong("R-39", "read-only buffer, writable result", flat(read_only), nothing,
            "promise-shares"),
      out("R-39", "refused", flat(a), refuses),

      open("R-50", "an array of another library", {.route = "torch.as_tensor"}, refuses,
           "measured-open"),

      right("R-51", "an ndarray", a, nothing),
      wrong(
          "R-51", "something else", a, [](Example& e) { e.facts.result_own_type = false; },
          "foreign-type"),
      out("R-51", "refused", a, refuses),

      right("R-55", "swapped format refused", {.dtype = "swapped-int32", .route = "memoryview"},
            refuses),
      wrong("R-55", "swapped format misread", {.dtype = "swapped-int32", .route = "memoryview"},
            wrong_values, "promise-values"),
      out("R-55", "native format", {.route = "memoryview"}, wrong_values),

      right("R-56", "swapped typestr kept", {.dtype = "swapped-int32", .route = "array-interface"},
            nothing),
      wrong("R-56", "swapped typestr misread",
            {.dtype = "swapped-int32", .route = "array-interface"}, wrong_values, "promise-values"),
      out("R-56", "native typestr", {.route = "array-interface"}, wrong_values),

      {"R-58", "shares", promises(PromiseKind::kShares)},
      {"R-58", "raises", promises(PromiseKind::kShares), refuses},
      {"R-58",
       "no elements",
       {.layout = "empty-0", .route = "gamma.convert", .promise = PromiseKind::kShares}},
      {"R-58",
       "the process is C-45's",
       {.layout = "reversed", .promise = PromiseKind::kShares},
       aborts,
       kNotJudged},
      {"R-58", "copies", promises(PromiseKind::kShares), copies, kDeviates, "promise-shares",
       Blame::kRoute},
      {"R-58", "process lost", promises(PromiseKind::kShares), aborts, kDeviates, "process-lost",
       Blame::kRoute},
      {"R-58",
       "a listed rule speaks",
       {.route = "gamma.convert", .rules = {"R-01"}, .promise = PromiseKind::kShares},
       copies,
       kNotJudged},
      {"R-58", "no promise", promises(PromiseKind::kNone), copies, kNotJudged},

      {"R-59", "copies", promises(PromiseKind::kCopies)},
      {"R-59", "converts", converts, copies},
      {"R-59", "refused", promises(PromiseKind::kCopies), refuses},
      {"R-59",
       "the process is C-45's",
       {.layout = "reversed", .promise = PromiseKind::kCopies},
       aborts,
       kNotJudged},
      {"R-59", "shares", promises(PromiseKind::kCopies), shares, kDeviates, "promise-copies",
       Blame::kRoute},
      {"R-59", "nothing to convert", promises(PromiseKind::kConverts, "float32"), shares,
       kNotJudged},
      {"R-59", "no promise", promises(PromiseKind::kNone), shares, kNotJudged},

      {"R-60", "shares", promises(PromiseKind::kSharesIfPossible), exported},
      {"R-60",
       "refused, as the consumer lacks the dtype",
       {.route = "gamma.convert",
        .promise = PromiseKind::kSharesIfPossible,
        .consumer_has_dtype = false},
       refuses},
      {"R-60", "refused where the reference shares", promises(PromiseKind::kSharesIfPossible),
       [exported](Example& e) {
         e.refuses("TypeError");
         exported(e);
       },
       kPermitted, "promise-possible", Blame::kRoute},
      {"R-60", "no one axis over columns",
       flat({.layout = "columns",
             .route = "gamma.convert",
             .promise = PromiseKind::kSharesIfPossible}),
       [exported](Example& e) {
         e.refuses("TypeError");
         exported(e);
       },
       kNotJudged},
      {"R-60", "process lost", promises(PromiseKind::kSharesIfPossible), aborts, kPermitted,
       "process-lost", Blame::kRoute},
      {"R-60",
       "refused over DLPack for a dtype is the consumer's",
       {.promise = PromiseKind::kSharesIfPossible, .consumer_has_dtype = false},
       [](Example& e) {
         e.refuses("TypeError");
         e.facts.export_values.reset();
       },
       kNotJudged},
      {"R-60", "copies where the reference shares", promises(PromiseKind::kSharesIfPossible),
       [exported](Example& e) {
         e.result_is_copy();
         exported(e);
       },
       kPermitted, "promise-possible", Blame::kRoute},
      {"R-60", "not known whether the reference shares", promises(PromiseKind::kSharesIfPossible),
       copies, kNotJudged},
      {"R-60", "no promise", promises(PromiseKind::kNone), exported, kNotJudged},
      {"R-60", "a process lost over DLPack, by a route of another name",
       promises(PromiseKind::kSharesIfPossible),
       [](Example& e) {
         e.crashes("exchange");
         e.facts.export_by_route = true;
       },
       kNotJudged},
      {"R-60",
       "the process is C-45's",
       {.layout = "reversed", .promise = PromiseKind::kSharesIfPossible},
       aborts,
       kNotJudged},
  };
}

}  // namespace dlpack_conformance
