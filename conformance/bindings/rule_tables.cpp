#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "catalogue/ambiguities.h"
#include "catalogue/claims.h"
#include "catalogue/documents.h"
#include "catalogue/reasons.h"
#include "catalogue/rule.h"
#include "core/case_id.h"
#include "core/record.h"

namespace dlpack_conformance::python {
namespace {

using namespace py::literals;

const DocumentRow& document_of(const Place& place) {
  return documents()[static_cast<std::size_t>(place.document)];
}

py::list source_rows(const Rule& rule) {
  py::list rows;
  for (const Place& place : rule.source.all()) {
    const DocumentRow& document = document_of(place);
    rows.append(py::dict("document"_a = text(document.key), "title"_a = text(document.title),
                         "where"_a = text(document.where), "place"_a = text(place.place)));
  }
  return rows;
}

/// `title, place; title, place`
std::string source_text(const Rule& rule) {
  std::string result;
  for (const Place& place : rule.source.all()) {
    if (!result.empty()) result.append("; ");
    result.append(document_of(place).title).append(", ").append(place.place);
  }
  return result;
}

py::list reading_rows(const Rule& rule) {
  py::list rows;
  for (const Reading& reading : rule.readings)
    rows.append(py::dict("id"_a = text(reading.id), "text"_a = text(reading.text)));
  return rows;
}

/// Kinds of cases in which the rule is judged; none: it is untestable here.
py::list judged_in(const Rule& rule) {
  py::list kinds;
  for (const CaseKind kind : {CaseKind::kExchange, CaseKind::kProtocol}) {
    if (is_judged_in(rule, kind)) kinds.append(text(spelled(kind)));
  }
  return kinds;
}

py::list rule_rows() {
  py::list rows;
  for (const Rule& rule : rules()) {
    rows.append(py::dict("id"_a = text(rule.id), "level"_a = text(spell(rule.level)),
                         "duty"_a = text(spell(rule.duty)),
                         "binds"_a = text(spell(binds_whom(rule))), "judged_in"_a = judged_in(rule),
                         "since"_a = spell(rule.since), "until"_a = spell(rule.until),
                         "source"_a = source_text(rule), "sources"_a = source_rows(rule),
                         "text"_a = text(rule.text), "ambiguity"_a = text(rule.ambiguity),
                         "readings"_a = reading_rows(rule), "reason"_a = text(rule.reason),
                         "untestable"_a = text(rule.untestable), "added"_a = text(rule.added)));
  }
  return rows;
}

py::list ambiguity_rows() {
  py::list rows;
  for (const AmbiguityRow& row : ambiguities()) {
    py::list readings;
    for (const AmbiguityReading& reading : row.readings)
      readings.append(py::dict("id"_a = text(reading.id), "text"_a = text(reading.text)));
    py::list choices;
    for (const AmbiguityChoice& choice : row.choices) {
      choices.append(py::dict("library"_a = text(choice.library),
                              "readings"_a = text(choice.readings), "what"_a = text(choice.what)));
    }
    rows.append(py::dict("id"_a = text(row.id), "question"_a = text(row.question),
                         "texts"_a = text(row.texts), "readings"_a = readings,
                         "choices"_a = choices));
  }
  return rows;
}

py::list reason_rows() {
  py::list rows;
  for (const ReasonRow& row : reasons())
    rows.append(py::dict("code"_a = text(row.code), "text"_a = text(row.text)));
  return rows;
}

py::list document_rows() {
  py::list rows;
  for (const DocumentRow& row : documents()) {
    rows.append(py::dict("key"_a = text(row.key), "title"_a = text(row.title),
                         "where"_a = text(row.where)));
  }
  return rows;
}

py::list claim_rows() {
  py::list rows;
  for (const ClaimRow& row : claims()) {
    py::list cases;
    for (const ClaimCases& line : row.cases) {
      cases.append(py::dict("pattern"_a = text(line.pattern), "text"_a = text(line.text)));
    }
    rows.append(py::dict("id"_a = text(row.id), "text"_a = text(row.text),
                         "note"_a = text(row.note), "cases"_a = cases));
  }
  return rows;
}

}  // namespace

void add_rule_tables(py::module_& module) {
  module.def("rules", &rule_rows);
  module.def("ambiguities", &ambiguity_rows);
  module.def("reasons", &reason_rows);
  module.def("documents", &document_rows);
  module.def("claims", &claim_rows);
  module.def("schema", &record_schema);
}

}  // namespace dlpack_conformance::python
