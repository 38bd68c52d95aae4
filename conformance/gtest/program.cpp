#include <dlpack_conformance/kit.h>
#include <dlpack_conformance/kit_program.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "catalogue/error.h"
#include "catalogue/profiles.h"
#include "gtest/census.h"
#include "gtest/suite.h"

namespace dlpack_conformance::kit {
namespace {

std::vector<Subject>& subjects() {
  static auto* const all = new std::vector<Subject>;
  return *all;
}

struct Options {
  std::string out;
  std::string profile = "quick";
  std::vector<std::string> filters;
  Isolation isolation;
  bool exit_zero = false;
  std::vector<std::string> command;
};

constexpr std::string_view kPrefix = "--dlconform_";
constexpr const char* kLimit =
    "out=FILE, filter=QUERY, profile=NAME, timeout=SECONDS, exit_zero, in_process";

[[noreturn]] void wrong(std::string_view option, const std::string& limit) {
  throw std::invalid_argument("option: " + std::string(option) + "; limit: " + limit);
}

void take(Options& options, std::string_view argument) {
  const std::string_view option = argument.substr(kPrefix.size());
  const std::size_t equals = option.find('=');
  const std::string_view name = option.substr(0, equals);
  const bool has_value = equals != std::string_view::npos;
  const std::string value(has_value ? option.substr(equals + 1) : "");
  if (has_value && value.empty()) wrong(argument, "a value after the =");
  if (name == "out" && has_value) {
    options.out = value;
  } else if (name == "filter" && has_value) {
    options.filters.push_back(value);
  } else if (name == "profile" && has_value) {
    options.profile = value;
    if (find_profile(value) == nullptr) wrong(argument, "quick, default or full");
  } else if (name == "timeout" && has_value) {
    double seconds = 0;
    const auto end = value.data() + value.size();
    if (std::from_chars(value.data(), end, seconds).ptr != end || seconds <= 0)
      wrong(argument, "seconds above 0");
    options.isolation.timeout_s = seconds;
  } else if (name == "exit_zero" && !has_value) {
    options.exit_zero = true;
  } else if (name == "in_process" && !has_value) {
    options.isolation.fork = false;
  } else {
    wrong(argument, std::string(kPrefix) + kLimit);
  }
}

Options take_options(int& argc, char** argv) {
  Options options;
  int kept = 0;
  for (int at = 0; at < argc; ++at) {
    const std::string_view argument(argv[at]);
    options.command.emplace_back(argument);
    if (at > 0 && argument.starts_with(kPrefix)) {
      take(options, argument);
    } else {
      argv[kept++] = argv[at];
    }
  }
  if (!options.out.empty() && !std::ofstream(options.out, std::ios::binary | std::ios::app))
    throw std::invalid_argument("--dlconform_out: " + options.out + "; limit: can be written");
  // The place of the program says nothing, and is another on each machine.
  options.command[0] = options.command[0].substr(options.command[0].rfind('/') + 1);
  argc = kept;
  return options;
}

/// `-`, `.` and `+` are letters of ids, and signs in filters.
std::string test_word(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c == '-' || c == '.'; }, '_');
  return text;
}

}  // namespace

namespace detail {

void add(Subject subject) { subjects().push_back(std::move(subject)); }

}  // namespace detail

struct Program::State {
  explicit State(Options given)
      : options(std::move(given)), suite(subjects(), options.profile, options.filters) {}

  Options options;
  Suite suite;
  std::map<std::size_t, Result> results;  ///< of the cases that ran, in the order of the plan
  bool fault = false;
};

Program::Program(int& argc, char** argv) {
  if (subjects().empty())
    throw std::invalid_argument("libraries: none; limit: a source with DLCONFORM_LIBRARY(Traits)");
  try {
    state_ = std::make_unique<State>(take_options(argc, argv));
  } catch (const CatalogueError& error) {
    throw std::invalid_argument(error.what());
  }
}

Program::~Program() = default;

std::size_t Program::size() const { return state_->suite.size(); }

std::string Program::id(std::size_t index) const { return state_->suite.plan().id(index); }

std::string Program::suite_name(std::size_t index) const {
  const CaseId id = state_->suite.plan().axes(index);
  const std::string library = test_word(state_->suite.subject_of(index).name);
  if (id.kind == CaseKind::kProtocol) return library + "/" + test_word(std::string(id.parts[1]));
  return library + "/exchange_" + test_word(std::string(id.parts[0])) + "_" +
         test_word(std::string(id.parts[1]));
}

std::string Program::test_name(std::size_t index) const {
  const CaseId id = state_->suite.plan().axes(index);
  if (id.kind == CaseKind::kProtocol) return test_word(std::string(id.parts[2]));
  std::string name;
  for (const std::string_view part : id.axes().subspan(3))
    name += (name.empty() ? "" : "/") + test_word(std::string(part));
  return name;
}

TestResult Program::run(std::size_t index) {
  const Result& result =
      state_->results.insert_or_assign(index, state_->suite.run(index, state_->options.isolation))
          .first->second;
  TestResult test{.ending = Ending::kPassed,
                  .verdict = std::string(spell(result.judgement.verdict)),
                  .text = {}};
  const auto failed = [&] {
    test.ending = Ending::kFailed;
    test.text = explained(state_->suite.plan().at(index), result);
  };
  switch (result.judgement.verdict) {
    case Verdict::kSuiteFault:
      state_->fault = true;
      failed();
      test.text += "\n  " + result.facts.suite_fault.value_or("");
      break;
    case Verdict::kDeviates:
      if (!state_->options.exit_zero) failed();
      break;
    case Verdict::kNotApplicable:
      test.ending = Ending::kSkipped;
      test.text = result.facts.route_absent.value_or("");
      break;
    default:
      break;
  }
  return test;
}

std::vector<std::string> Program::libraries() const {
  std::vector<std::string> names;
  for (const Subject& subject : subjects()) names.push_back(subject.name);
  return names;
}

std::string Program::traits_faults(const std::string& library) const {
  std::string text;
  const auto subject = std::ranges::find(subjects(), library, &Subject::name);
  for (const std::string& fault : census_of(*subject).faults)
    text += (text.empty() ? "" : "\n") + fault;
  if (!text.empty()) state_->fault = true;
  return text;
}

void Program::finish() const {
  const std::string& path = state_->options.out;
  if (path.empty()) return;
  std::vector<std::string> lines;
  std::vector<Result> results;
  for (const auto& [index, result] : state_->results) {
    lines.push_back(result.line);
    results.push_back(result);
  }
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << state_->suite.header(lines.size(), state_->options.command);
  for (const std::string& line : lines) file << line;
  file << footer(lines, results);
  file.flush();
  if (!file) throw std::runtime_error("--dlconform_out: " + path + " can't be written");
}

int Program::exit_status(int status) const {
  constexpr int kSuiteFault = 3, kNothingRan = 5;
  if (state_->fault) return kSuiteFault;
  return state_->results.empty() ? kNothingRan : status;
}

}  // namespace dlpack_conformance::kit
