/// @file
/// The parts of the module `_core`; each adds itself.
#pragma once

#include <pybind11/pybind11.h>

#include "core/case.h"
#include "core/facts.h"

namespace dlpack_conformance::python {

namespace py = pybind11;

/// One case's facts as Python sees them.
struct FactsObject {
  Facts facts;
};

void add_digest(py::module_& module);
void add_tables(py::module_& module);
void add_rule_tables(py::module_& module);
void add_ids(py::module_& module);
void add_values(py::module_& module);
void add_facts(py::module_& module);
void add_observe(py::module_& module);
void add_exchange_table(py::module_& module);
void add_crafted(py::module_& module);
void add_plan(py::module_& module);
void add_judge(py::module_& module);
void add_mutation(py::module_& module);
void add_journal(py::module_& module);

/// A fact's value as Python has it; None where it was not collected.
py::object fact_value(const FactValue& value);

/// All facts that were collected, by spelled name in the order of `facts.def`.
py::dict facts_dict(const Facts& facts);

/// A Python value as a fact's; None is "not collected".
/// @throws CatalogueError  the fact's type is another.
FactValue fact_value(FactId id, py::handle value);

/// The facts of a parsed record line, with those that it left out.
/// @throws CatalogueError  a name that is no fact, or a value of another type.
Facts expanded_facts(const Case& subject, const py::dict& facts);

}  // namespace dlpack_conformance::python
