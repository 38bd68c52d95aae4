// main() of a test program: one GoogleTest case for each case id of each library. It is compiled
// with the user's own GoogleTest, so that any version of it will do.
#include <dlpack_conformance/kit_program.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

using dlpack_conformance::kit::Ending;
using dlpack_conformance::kit::Program;
using dlpack_conformance::kit::TestResult;

class OneTest : public testing::Test {
 public:
  explicit OneTest(std::function<void()> body) : body_(std::move(body)) {}
  void TestBody() override { body_(); }

 private:
  std::function<void()> body_;
};

void add(const std::string& suite, const std::string& test, const std::function<void()>& body) {
  testing::RegisterTest(suite.c_str(), test.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                        [body]() -> testing::Test* { return new OneTest(body); });
}

void add_all(Program& program) {
  for (const std::string& library : program.libraries()) {
    add(library + "/traits", "work", [&program, library] {
      const std::string faults = program.traits_faults(library);
      if (!faults.empty()) FAIL() << faults;
    });
  }
  for (std::size_t index = 0; index < program.size(); ++index) {
    add(program.suite_name(index), program.test_name(index), [&program, index] {
      testing::Test::RecordProperty("id", program.id(index));
      const TestResult result = program.run(index);
      testing::Test::RecordProperty("verdict", result.verdict);
      if (result.ending == Ending::kFailed) FAIL() << result.text;
      if (result.ending == Ending::kSkipped) GTEST_SKIP() << result.text;
    });
  }
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int kUsage = 4;
  try {
    Program program(argc, argv);
    testing::InitGoogleTest(&argc, argv);
    if (argc > 1) throw std::invalid_argument(std::string("option: ") + argv[1] + "; unknown");
    add_all(program);
    const int status = RUN_ALL_TESTS();
    if (testing::GTEST_FLAG(list_tests)) return status;
    program.finish();
    return program.exit_status(status);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dlconform: %s\n", error.what());
    return kUsage;
  }
}
