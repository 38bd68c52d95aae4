#include "core/judge.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "bindings/json.h"
#include "catalogue/error.h"
#include "catalogue/rule.h"
#include "core/claim_tally.h"
#include "core/plan.h"
#include "core/record.h"

namespace dlpack_conformance::python {
namespace {

using namespace py::literals;

py::bytes bytes(const std::string& line) { return {line.data(), line.size()}; }

/// The judge with the plan whose cases it is asked about; Python keeps the plan alive.
class PlanJudge {
 public:
  explicit PlanJudge(const Plan& plan) : plan_(&plan) {}

  [[nodiscard]] Case at(std::size_t index) const { return plan_->at(index); }

  [[nodiscard]] py::dict judge(std::size_t index, const FactsObject& facts) const {
    const Judgement judgement = judge_.judge(at(index), facts.facts);
    py::list judged;
    for (const Judged& one : judgement.judged) {
      judged.append(py::dict("rule"_a = one.rule, "verdict"_a = text(spell(one.verdict)),
                             "reason"_a = one.reason, "blame"_a = text(spell(one.blame))));
    }
    py::list modifiers;
    for (const std::string_view modifier : judgement.modifiers.names())
      modifiers.append(text(modifier));
    return py::dict("outcome"_a = text(spell(judgement.outcome)), "modifiers"_a = modifiers,
                    "verdict"_a = text(spell(judgement.verdict)),
                    "blame"_a = text(spell(judgement.blame)), "judged"_a = judged,
                    "proof"_a = judgement.proof);
  }

  [[nodiscard]] py::bytes record(std::size_t index, const FactsObject& facts,
                                 std::int64_t time_ns) {
    const Case subject = at(index);
    line_.clear();
    write_record(line_, subject, facts.facts,
                 judge_.judge(subject, facts.facts, docket_of(subject)), time_ns);
    return bytes(line_);
  }

  [[nodiscard]] py::bytes not_run(std::size_t index, std::string_view reason) const {
    if (!is_reason(reason))
      throw CatalogueError("record", "reason", reason, "a code of the reason table");
    return bytes(not_run_line(at(index), reason));
  }

  [[nodiscard]] Facts expand(std::size_t index, const py::dict& written) const {
    return expanded_facts(at(index), written);
  }

 private:
  const Docket& docket_of(const Case& subject) {
    const auto [found, is_new] = dockets_.try_emplace({subject.kind, subject.route});
    if (is_new) found->second = judge_.docket(subject);
    return found->second;
  }

  const Plan* plan_;
  Judge judge_;
  std::map<std::pair<CaseKind, const RouteInfo*>, Docket> dockets_;  ///< routes live in the plan
  std::string line_;  ///< the last line; its memory serves the next one
};

/// The facts of a parsed record line. Names of groups stand for themselves, all else is checked as
/// a fact.
std::vector<WrittenFact> written_of(const py::dict& facts, std::vector<std::string>& names) {
  names.reserve(facts.size());  // views into it stay valid
  std::vector<WrittenFact> written;
  for (const auto& [name, value] : facts) {
    names.push_back(utf8(py::str(name)));
    const auto id = find_fact(names.back());
    written.push_back({names.back(), id ? fact_value(*id, value) : FactValue()});
  }
  return written;
}

/// Claims, counted over the cases of one plan.
struct PlanTally {
  const Plan* plan;
  ClaimTally tally;

  bool add(std::size_t index, const py::object& facts) {
    if (py::isinstance<FactsObject>(facts))
      return tally.add(plan->at(index), facts.cast<const FactsObject&>().facts);
    Facts parsed;
    for (const auto& [name, value] : facts.cast<py::dict>()) {
      const std::string spelled_name = utf8(py::str(name));
      const auto id = find_fact(spelled_name);
      if (!id) throw CatalogueError("facts", "name", spelled_name, "a name of catalogue/facts.def");
      set_fact(parsed, *id, fact_value(*id, value));
    }
    return tally.add(plan->at(index), parsed);
  }

  [[nodiscard]] py::list results() const {
    py::list rows;
    for (const ClaimResult& result : tally.results()) {
      py::list cases;
      for (const ClaimCount& count : result.counts) {
        cases.append(py::dict("pattern"_a = text(count.cases->pattern),
                              "text"_a = text(count.cases->text), "yes"_a = count.yes,
                              "no"_a = count.no, "open"_a = count.open,
                              "first_yes"_a = count.first_yes, "first_no"_a = count.first_no));
      }
      rows.append(py::dict("id"_a = text(result.claim->id), "text"_a = text(result.claim->text),
                           "note"_a = text(result.claim->note),
                           "shown"_a = text(spell(result.shown)), "cases"_a = cases));
    }
    return rows;
  }
};

}  // namespace

Facts expanded_facts(const Case& subject, const py::dict& facts) {
  std::vector<std::string> names;
  const auto written = written_of(facts, names);
  Facts expanded;
  std::string wrong;
  if (!dlpack_conformance::expand(subject, written, expanded, wrong)) {
    throw CatalogueError("record", "fact", wrong,
                         "a fact or a group of catalogue/facts.def with a value of its type");
  }
  return expanded;
}

void add_judge(py::module_& module) {
  py::class_<PlanJudge>(module, "Judge", py::is_final())
      .def(py::init<const Plan&>(), py::arg("plan"), py::keep_alive<1, 2>())
      .def("judge", &PlanJudge::judge, py::arg("index"), py::arg("facts"))
      .def("record", &PlanJudge::record, py::arg("index"), py::arg("facts"), py::arg("time_ns"))
      .def("not_run", &PlanJudge::not_run, py::arg("index"), py::arg("reason"))
      .def(
          "expand",
          [](const PlanJudge& self, std::size_t index, const py::dict& facts) {
            return facts_dict(self.expand(index, facts));
          },
          py::arg("index"), py::arg("facts"));
  py::class_<PlanTally>(module, "ClaimTally", py::is_final())
      .def(py::init([](const Plan& plan) {
             return PlanTally{&plan, {}};
           }),
           py::arg("plan"), py::keep_alive<1, 2>())
      .def("add", &PlanTally::add, py::arg("index"), py::arg("facts"))
      .def("results", &PlanTally::results);
  module.def(
      "header_line", [](const py::dict& header) { return bytes(header_line(json(header))); },
      py::arg("header"));
  module.def(
      "footer_line",
      [](const py::dict& counts, std::string_view digest) {
        return bytes(footer_line(json(counts), digest));
      },
      py::arg("counts"), py::arg("digest"));
}

}  // namespace dlpack_conformance::python
