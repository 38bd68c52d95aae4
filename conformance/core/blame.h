/// @file
/// Whom a judged entry is about, and whether a rule binds him as written.
#pragma once

#include "catalogue/rule.h"
#include "core/judge.h"

namespace dlpack_conformance {

/// Who did not follow the rule. A border rule asks what crossed: right, the consumer; wrong, the
/// producer. Where that is unknown and one side is the reference, the other is meant; else the
/// pair.
Blame blame_of(const Rule& rule, const Seen& seen);

/// Does the rule bind as written? An array API rule binds libraries that declare the standard at or
/// above `since`, or promise the rule in their own text; a pair only if it binds both.
bool binds_as_written(const Rule& rule, const Case& subject, Blame side);

/// Is the rule in force: the route lists it where it has to, and `since` and `until` hold? Unknown
/// where the version that they speak of was not seen.
Answer in_force(const Rule& rule, const Seen& seen);

}  // namespace dlpack_conformance
