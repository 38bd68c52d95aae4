// The table of probes: ids that are ids, rules that are rules, names that a filter can name.
#include <dlpack_conformance/kit_program.h>
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include "catalogue/rule.h"
#include "core/case_id.h"
#include "gtest/probe.h"
#include "kit/subjects/reference_traits.h"

namespace dlpack_conformance::kit {
namespace {

struct Second : test::ReferenceTraits {
  static constexpr const char* name = "second";
};
DLCONFORM_LIBRARY(Second);

TEST(Probes, AreUniqueAndOfKnownRules) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const Probe& probe : all_probes()) {
    EXPECT_TRUE(seen.emplace(probe.rule, probe.variant).second) << probe.rule << probe.variant;
    const Rule* const rule = find_rule(probe.rule);
    ASSERT_NE(rule, nullptr) << probe.rule;
    EXPECT_TRUE(is_judged_in(*rule, CaseKind::kProtocol)) << probe.rule;
    EXPECT_TRUE(is_id_part(probe.variant)) << probe.variant;
    EXPECT_FALSE(probe.text.empty());
  }
  EXPECT_GT(seen.size(), 1500u);
}

/// What the program says of these options; empty: nothing.
std::string refusal(std::vector<std::string> options) {
  options.insert(options.begin(), "program");
  std::vector<char*> argv;
  for (std::string& option : options) argv.push_back(option.data());
  int argc = static_cast<int>(argv.size());
  try {
    const Program program(argc, argv.data());
    return argc == 1 ? "" : "left over: " + std::string(argv[1]);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST(Program, TakesItsOwnOptionsAndLeavesOthers) {
  EXPECT_EQ(refusal({"--dlconform_timeout=2.5", "--dlconform_exit_zero"}), "");
  EXPECT_EQ(refusal({"--gtest_brief=1"}), "left over: --gtest_brief=1");
}

TEST(Program, NamesAWrongOptionAndItsLimit) {
  EXPECT_EQ(refusal({"--dlconform_outt=x"}),
            "option: --dlconform_outt=x; limit: --dlconform_out=FILE, filter=QUERY, profile=NAME, "
            "timeout=SECONDS, exit_zero, in_process");
  EXPECT_EQ(refusal({"--dlconform_timeout=0"}),
            "option: --dlconform_timeout=0; limit: seconds above 0");
  EXPECT_EQ(refusal({"--dlconform_profile=fast"}),
            "option: --dlconform_profile=fast; limit: quick, default or full");
  EXPECT_NE(refusal({"--dlconform_filter=nonsense=1"}), "");
  EXPECT_EQ(refusal({"--dlconform_out=/nowhere/x.ndjson"}),
            "--dlconform_out: /nowhere/x.ndjson; limit: can be written");
}

TEST(Program, GivesTestsUniqueNamesThatAFilterCanName) {
  std::string name = "program";
  char* argv[] = {name.data()};
  int argc = 1;
  const Program program(argc, argv);
  std::set<std::string> seen;
  for (std::size_t index = 0; index < program.size(); ++index) {
    const std::string full = program.suite_name(index) + "." + program.test_name(index);
    EXPECT_TRUE(seen.insert(full).second) << full;
    EXPECT_EQ(full.find_first_of("-:*?"), std::string::npos) << full;
    EXPECT_EQ(full.find('.'), full.rfind('.')) << full;
  }
  EXPECT_GT(seen.size(), 1500u);
}

}  // namespace
}  // namespace dlpack_conformance::kit
