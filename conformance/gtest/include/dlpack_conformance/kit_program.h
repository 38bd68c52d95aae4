/// @file
/// What `main` of a test program needs; authors of traits include `kit.h` alone.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace dlpack_conformance::kit {

enum class Ending { kPassed, kFailed, kSkipped };

/// What a test says of one case.
struct TestResult {
  Ending ending = Ending::kPassed;
  std::string verdict;
  std::string text;  ///< of a failure or a skip: rules, sources, facts
};

/// The cases of all libraries that the program's sources added.
class Program {
 public:
  /// Takes the options `--dlconform_...` out of the arguments and plans the cases.
  /// @throws std::invalid_argument  an option or its value is wrong: what, and what is right.
  Program(int& argc, char** argv);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[nodiscard]] std::size_t size() const;
  /// Unique names without characters that a filter of GoogleTest gives a meaning to.
  [[nodiscard]] std::string suite_name(std::size_t index) const;
  [[nodiscard]] std::string test_name(std::size_t index) const;
  [[nodiscard]] std::string id(std::size_t index) const;
  [[nodiscard]] TestResult run(std::size_t index);

  /// Names of the libraries, and what is wrong with the traits of one; empty: nothing was found.
  [[nodiscard]] std::vector<std::string> libraries() const;
  [[nodiscard]] std::string traits_faults(const std::string& library) const;

  /// Writes the record file, where one is wanted, of the cases that ran.
  /// @throws std::runtime_error  it can't be written.
  void finish() const;
  /// Exit status: `status` of GoogleTest, but 3 where the suite or the traits are at fault, and 5
  /// where no case ran.
  [[nodiscard]] int exit_status(int status) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dlpack_conformance::kit
