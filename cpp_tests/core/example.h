// A case with two made-up libraries whose facts are as catalogue and arithmetic say; tests change
// what they are about.
#pragma once

#include <functional>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalogue/devices.h"
#include "catalogue/dtypes.h"
#include "catalogue/layouts.h"
#include "catalogue/sources.h"
#include "core/case.h"
#include "core/case_id.h"
#include "core/default_facts.h"
#include "core/facts.h"
#include "core/judge.h"

namespace dlpack_conformance {

/// Axes of an example, and what its route and libraries say of themselves.
struct Axes {
  std::string dtype = "float32";
  std::string layout = "vector";
  std::string source = "plain";
  std::string request = "plain";
  std::string route = "from_dlpack";
  std::string producer = "alpha";
  std::string consumer = "beta";
  std::string device = "cpu";
  std::vector<std::string> rules = {};
  PromiseKind promise = PromiseKind::kNone;
  bool flat = false;
  std::string promise_dtype = {};
  bool declares = true;  // both libraries: array API 2024.12
  bool consumer_has_dtype = true;
  bool consumer_has_device = false;  // no library needs to know another than the host
  bool consumer_readonly = false;
  bool consumer_immutable = false;
};

class Example {
 public:
  explicit Example(const Axes& axes = {}) {
    producer.name = axes.producer;
    consumer.name = axes.consumer;
    if (axes.declares) producer.declares = consumer.declares = std::pair(2024, 12);
    producer.dtypes = {axes.dtype};
    consumer.dtypes = {axes.consumer_has_dtype ? axes.dtype : "no-such"};
    if (axes.consumer_has_device) consumer.devices = {axes.device};
    consumer.readonly_arrays = axes.consumer_readonly;
    consumer.immutable_arrays = axes.consumer_immutable;
    consumer.versions = {{"numpy", "2.4.6"}};
    const bool is_protocol = axes.route.find('.') == std::string::npos;
    route.name = axes.route;
    route.dlpack = axes.route == "from_dlpack" || axes.route == "methods-only" ||
                   axes.route == "capsule" || axes.route == "exchange-api";
    route.owner = is_protocol ? "" : axes.consumer;
    route.rules = axes.rules;
    promise.kind = axes.promise;
    promise.flat = axes.flat;
    promise.dtype = axes.promise_dtype;
    request = parse_request(axes.request);
    subject.producer = &producer;
    subject.consumer = &consumer;
    subject.route = &route;
    subject.promise = &promise;
    subject.request = &request;
    subject.dtype = find_dtype(axes.dtype);
    subject.layout = find_layout(axes.layout);
    subject.source = find_source(axes.source);
    subject.device = find_device(axes.device);
    if (!subject.dtype || !subject.layout || !subject.source || !subject.device)
      throw std::invalid_argument("an axis is not in the catalogue: " + axes.dtype + " " +
                                  axes.layout + " " + axes.source + " " + axes.device);
    subject.id = "exchange/" + axes.producer + "/" + axes.consumer + "/" + axes.route + "/" +
                 axes.request + "/" + axes.dtype + "/" + axes.layout + "/" + axes.source + "/" +
                 axes.device;
    returns();
  }
  Example(const Example&) = delete;
  Example& operator=(const Example&) = delete;

  /// The route returns, and all is as asked.
  void returns() {
    facts = default_facts(subject, Ending::kReturned);
    exports_as_asked();
  }

  /// The route raises.
  void refuses(std::string error, Texts bases = {"Exception"}) {
    facts = default_facts(subject, Ending::kRefused);
    exports_as_asked();
    facts.route_error = std::move(error);
    facts.route_error_bases = std::move(bases);
    facts.route_message = "no";
  }

  /// The export raises, and so does the route.
  void export_refuses(std::string error, Texts bases = {"Exception"}) {
    refuses(error, bases);
    const std::optional<Text> keywords = facts.export_keywords;
    clear_export();
    facts.export_keywords = keywords;
    facts.export_error = std::move(error);
    facts.export_error_bases = std::move(bases);
  }

  /// The process is lost in a step, twice the same way.
  void crashes(std::string step, std::string how = "signal") {
    facts = default_facts(subject, Ending::kLost);
    exports_as_asked();
    facts.crash_how = std::move(how);
    facts.crash_signal = "SIGABRT";
    facts.crash_step = std::move(step);
    facts.crash_confirmed = true;
  }

  /// The result lies in memory of its own.
  void result_is_copy() {
    facts.result_address = facts.result_read_address = "elsewhere";
    facts.proof_address = "apart";
    facts.proof_forward = facts.proof_backward = "unseen";
    facts.result_writable = true;
  }

  /// The result shares.
  void result_is_shared() {
    facts.result_address = facts.result_read_address = "0";
    facts.proof_address = "same";
    facts.proof_forward = facts.proof_backward = "seen";
  }

  /// The export lies in memory of its own.
  void export_is_copy(bool says_so = true) {
    facts.export_address = "elsewhere";
    facts.export_flags = says_so ? 2 : 0;
  }

  void export_is_legacy() {
    facts.export_capsule = "dltensor";
    facts.export_version.reset();
    facts.export_flags.reset();
    facts.export_keywords = "";
  }

  void clear_export() {
    for (const FactRow& row : kFactRows) {
      if (row.group == "export") set_fact(facts, row.id, FactValue());
    }
  }

  LibraryInfo producer, consumer;
  RouteInfo route;
  Promise promise;
  Request request;
  Case subject;
  Facts facts;

 private:
  void exports_as_asked() {
    if (!route.dlpack) {
      clear_export();
      return;
    }
    facts.export_keywords = "max_version=(1, 3)";
    if (request.copy == Passed::kTrue) *facts.export_keywords += ", copy=True";
    if (request.copy == Passed::kFalse) *facts.export_keywords += ", copy=False";
    if (request.copy == Passed::kNone) *facts.export_keywords += ", copy=None";
    if (request.device == Passed::kOwn || request.device == Passed::kHost)
      *facts.export_keywords += ", dl_device=(1, 0)";
    facts.export_version = Ints{1, 3};
  }
};

/// What one rule says of an example. `kNotJudged`: it is left out.
struct RuleRow {
  std::string rule;
  std::string what;
  Axes axes;
  std::function<void(Example&)> edit = [](Example&) {};
  Verdict verdict = Verdict::kConforms;
  std::string reason = {};
  Blame blame = Blame::kNone;
};

inline void PrintTo(const RuleRow& row, std::ostream* out) { *out << row.rule << ", " << row.what; }

inline const Judged* find_judged(const Judgement& judgement, std::string_view rule) {
  for (const Judged& entry : judgement.judged) {
    if (entry.rule == rule) return &entry;
  }
  return nullptr;
}

}  // namespace dlpack_conformance
