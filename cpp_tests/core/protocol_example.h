// A protocol case of one made-up library against the reference, without facts; tests add what was
// seen.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "core/case.h"
#include "core/facts.h"
#include "core/judge.h"

namespace dlpack_conformance {

/// What a protocol case is of, and what its library says of itself.
struct Probed {
  std::string variant = "ordinary";
  bool malformed = false;
  bool declares = true;  // array API 2024.12
  bool readonly_arrays = false;
  bool immutable_arrays = false;
  std::string of_rule = {};  // the rule that the case is of; empty: the row's
};

class ProtocolExample {
 public:
  ProtocolExample(const std::string& rule, const Probed& probed) {
    library.name = "alpha";
    library.versions = {{"alpha", "1.0"}, {"numpy", "2.4.6"}};
    if (probed.declares) library.declares = std::pair(2024, 12);
    library.readonly_arrays = probed.readonly_arrays;
    library.immutable_arrays = probed.immutable_arrays;
    subject.kind = CaseKind::kProtocol;
    subject.producer = subject.consumer = &library;
    subject.subject = probed.of_rule.empty() ? rule : probed.of_rule;
    subject.variant = probed.variant;
    subject.malformed = probed.malformed;
    subject.id = "protocol/alpha/" + subject.subject + "/" + probed.variant;
  }
  ProtocolExample(const ProtocolExample&) = delete;
  ProtocolExample& operator=(const ProtocolExample&) = delete;

  /// The call that was tried returned.
  void returned() { facts.route_returned = true; }

  /// The call that was tried raised.
  void raised(std::string error, Texts bases = {"Exception"}) {
    facts.route_returned = false;
    facts.route_error = std::move(error);
    facts.route_error_bases = std::move(bases);
    facts.route_message = "no";
  }

  /// The process was lost, twice the same way.
  void crashes(std::string step = "exchange", std::string how = "signal") {
    facts.crash_how = std::move(how);
    facts.crash_signal = "SIGSEGV";
    facts.crash_step = std::move(step);
    facts.crash_confirmed = true;
  }

  LibraryInfo library;
  Case subject;
  Facts facts;
};

/// What one rule says of a protocol case. `kNotJudged`: it is left out.
struct ProtocolRow {
  std::string rule;
  std::string what;
  std::function<void(ProtocolExample&)> edit = [](ProtocolExample&) {};
  Verdict verdict = Verdict::kConforms;
  std::string reason = {};
  Blame blame = Blame::kNone;
  Probed probed = {};
};

inline void PrintTo(const ProtocolRow& row, std::ostream* out) {
  *out << row.rule << ", " << row.what;
}

/// Examples of the groups, one file each in rows/.
std::vector<ProtocolRow> header_protocol_rows();
std::vector<ProtocolRow> tensor_protocol_rows();
std::vector<ProtocolRow> producer_protocol_rows();
std::vector<ProtocolRow> consumer_protocol_rows();
std::vector<ProtocolRow> exchange_api_protocol_rows();
std::vector<ProtocolRow> stream_protocol_rows();
std::vector<ProtocolRow> device_protocol_rows();
std::vector<ProtocolRow> route_protocol_rows();

}  // namespace dlpack_conformance
