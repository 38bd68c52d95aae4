/// @file
/// The facts of a case in which everything went as catalogue and arithmetic say; a record leaves
/// those out.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

#include "catalogue/dims.h"
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

/// What a fact's value looks like where it is only read.
template <class T>
using FactView = std::conditional_t<
    std::is_same_v<T, Text>, std::string_view,
    std::conditional_t<
        std::is_same_v<T, Ints>, std::span<const std::int64_t>,
        std::conditional_t<std::is_same_v<T, Texts>, std::span<const std::string_view>, T>>>;

/// `Facts` without memory of its own.
struct FactViews {
#define DLCONFORM_FACT(group, name, type, unit, collector, text) \
  std::optional<FactView<type>> group##_##name;
#include "catalogue/facts.def"
#undef DLCONFORM_FACT
};

/// The expected facts of a case as views into catalogue, plan and itself: a record line needs them
/// for every case, and only to compare.
class UsualFacts {
 public:
  UsualFacts(const Case& subject, const Course& course);
  UsualFacts(const UsualFacts&) = delete;
  UsualFacts& operator=(const UsualFacts&) = delete;

  [[nodiscard]] const FactViews& views() const { return views_; }

 private:
  struct Expected;
  using Axes = std::array<std::int64_t, kMaxRank>;

  void expect_source(const Case& subject, const Expected& expected);
  void expect_export(const Case& subject, const Expected& expected, bool failed);
  void expect_calls(const Expected& expected);
  void expect_result(const Case& subject, const Expected& expected, bool unread);
  void expect_reading(const Case& subject, const Expected& expected);
  void expect_proof(const Case& subject, const Expected& expected);
  void expect_end(const Expected& expected, bool returned);

  FactViews views_;
  std::array<std::int64_t, 2> device_{};
  std::array<std::int64_t, 3> export_dtype_{};
  std::array<std::int64_t, 3> result_dtype_{};
  std::int64_t flat_extent_ = 0;
  Axes export_strides_{};
  Axes result_strides_{};
};

/// Expected facts: the route is taken to do what it promises, a source to be as its row says. Every
/// fact that tells of the course itself (`route.error`, `export.error`, `crash.how` ...) has no
/// default.
Facts default_facts(const Case& subject, const Course& course);
inline Facts default_facts(const Case& subject, Ending ending) {
  return default_facts(subject, Course{.ending = ending});
}

}  // namespace dlpack_conformance
