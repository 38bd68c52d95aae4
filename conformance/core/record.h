/// @file
/// The record: one line of JSON a case, its keys in fixed order, without the facts that the
/// catalogue already says.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/case.h"
#include "core/facts.h"
#include "core/json.h"
#include "core/judge.h"

namespace dlpack_conformance {

/// What a fact is when the library and the route did what the case asks, by catalogue and
/// arithmetic alone.
/// @return std::monostate where nothing is to be expected, or "not collected" is.
FactValue default_fact(const Case& subject, FactId id);

/// An entry of a line's `facts`. `name` is a fact (`result.shape`); or a group (`result`), then the
/// value is monostate (null) and no fact of the group was collected. A fact with monostate was not
/// collected.
struct WrittenFact {
  std::string_view name;
  FactValue value;
};

/// The facts of a line: those that differ from their default, in the order of `facts.def`.
std::vector<WrittenFact> written_facts(const Case& subject, const Facts& facts);

/// The inverse of `written_facts`: puts the left-out facts back into `facts`, which is cleared
/// first.
/// @return false at a name that is no fact and no group, or a value of another type; `wrong` then
/// names it.
bool expand(const Case& subject, const std::vector<WrittenFact>& written, Facts& facts,
            std::string& wrong);

/// One line, with its `\n`. In `judged` a rule that conforms is only its id; the others are
/// objects. `time_ns`: how long the case took.
std::string record_line(const Case& subject, const Facts& facts, const Judgement& judgement,
                        std::int64_t time_ns);

/// The same at the end of `out`, so that a run can use one buffer for all its lines.
void write_record(std::string& out, const Case& subject, const Facts& facts,
                  const Judgement& judgement, std::int64_t time_ns);

/// The line of a planned case that did not run; `reason` is a code of the reasons table.
std::string not_run_line(const Case& subject, std::string_view reason);

/// First line of a run: `header` is an object; `kind` is written first.
std::string header_line(const Json& header);

/// Last line: counts of the run and the digest over its case lines without `time_ns`.
std::string footer_line(const Json& counts, std::string_view digest);

/// JSON Schema (draft 2020-12) of the three kinds of lines, made from the tables.
std::string record_schema();

}  // namespace dlpack_conformance
