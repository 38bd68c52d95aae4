/// @file
/// The facts of a case in which everything went as catalogue and arithmetic say; a record leaves
/// those out.
#pragma once

#include <cstdint>

#include "core/case.h"
#include "core/facts.h"

namespace dlpack_conformance {

/// How far a case came; decides which facts are to be expected at all.
enum class Ending : std::uint8_t {
  kReturned,  ///< the route returned
  kRefused,   ///< the route raised
  kLost,      ///< the process was lost on the way
  kNothing    ///< nothing was exchanged: no such route, no source, not run, or no exchange case
};

/// The course of a case. After an exception nothing is to be expected of what it kept from being
/// seen.
struct Course {
  Ending ending = Ending::kReturned;
  bool export_failed = false;
  bool result_unread = false;  ///< by the consumer's own API
  bool reread_failed = false;
};

Course course_of(const Case& subject, const Facts& facts);

/// Expected facts: the route is taken to do what it promises, a source to be as its row says. Every
/// fact that tells of the course itself (`route.error`, `export.error`, `crash.how` ...) has no
/// default.
Facts default_facts(const Case& subject, const Course& course);
inline Facts default_facts(const Case& subject, Ending ending) {
  return default_facts(subject, Course{.ending = ending});
}

}  // namespace dlpack_conformance
