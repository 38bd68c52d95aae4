// Whatever an observation does to its process is a result, and this process goes on.
#include "gtest/isolate.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <stdexcept>
#include <thread>

#include "gtest/traits_error.h"

// The sanitizers would handle signals themselves and exit; here a child must die of them.
#if defined(__SANITIZE_ADDRESS__)
extern "C" const char* __asan_default_options() { return "handle_segv=0:handle_sigbus=0"; }
#elif defined(__SANITIZE_THREAD__)
extern "C" const char* __tsan_default_options() { return "handle_segv=0:handle_sigbus=0"; }
#endif

namespace dlpack_conformance::kit {
namespace {

Facts facts_of(const std::function<void(Observer&)>& run, double timeout_s = 10) {
  static const Subject none{.name = "none"};
  return isolated(none, run, {.timeout_s = timeout_s});
}

TEST(Isolation, BringsFactsBack) {
  const Facts facts = facts_of([](Observer& observer) { observer.facts.life_repeats = 7; });
  EXPECT_EQ(facts.life_repeats, 7);
  EXPECT_FALSE(facts.crash_how);
}

TEST(Isolation, KeepsTheFactsBeforeASignal) {
  const Facts facts = facts_of([](Observer& observer) {
    observer.facts.life_repeats = 7;
    observer.step(Step::kExchange);
    observer.facts.life_threads = 8;
    raise(SIGSEGV);
  });
  EXPECT_EQ(facts.crash_how, "signal");
  EXPECT_EQ(facts.crash_signal, "SIGSEGV");
  EXPECT_EQ(facts.crash_step, "exchange");
  EXPECT_EQ(facts.crash_confirmed, true);
  EXPECT_EQ(facts.life_repeats, 7);
  EXPECT_FALSE(facts.life_threads);
}

TEST(Isolation, KeepsTheLastWordsOfAnException) {
  const Facts facts = facts_of([](Observer&) {
    const std::function<void()> throws = [] { throw std::runtime_error("too many at 0x7fff1234"); };
    [&]() noexcept { throws(); }();
  });
  EXPECT_EQ(facts.crash_signal, "SIGABRT");
  EXPECT_EQ(facts.crash_message, "too many at 0x..");
}

TEST(Isolation, KeepsAnExitStatus) {
  const Facts facts = facts_of([](Observer&) { _exit(9); });
  EXPECT_EQ(facts.crash_how, "exit");
  EXPECT_EQ(facts.crash_status, 9);
}

TEST(Isolation, EndsWhatStandsStill) {
  const Facts facts = facts_of(
      [](Observer& observer) {
        observer.step(Step::kRead);
        std::this_thread::sleep_for(std::chrono::hours(1));
      },
      0.2);
  EXPECT_EQ(facts.crash_how, "hung");
  EXPECT_EQ(facts.crash_step, "read");
}

TEST(Isolation, IsNotConfirmedWhereTheSecondRunIsNotLost) {
  int pipe_fds[2];
  ASSERT_EQ(pipe(pipe_fds), 0);
  ASSERT_EQ(write(pipe_fds[1], "x", 1), 1);
  close(pipe_fds[1]);
  const Facts facts = facts_of([&](Observer&) {
    char one = 0;
    if (read(pipe_fds[0], &one, 1) == 1) raise(SIGKILL);
  });
  close(pipe_fds[0]);
  EXPECT_EQ(facts.crash_signal, "SIGKILL");
  EXPECT_EQ(facts.crash_confirmed, false);
}

TEST(Isolation, CallsWrongTraitsAFaultOfTheSuite) {
  const Facts facts =
      facts_of([](Observer&) { throw TraitsError("mylib", "describe", "says nothing"); });
  EXPECT_EQ(facts.suite_fault, "traits of mylib: describe() says nothing");
}

TEST(Isolation, RunsInThisProcessWhereAsked) {
  static const Subject none{.name = "none"};
  const pid_t here = getpid();
  pid_t there = 0;
  static_cast<void>(isolated(none, [&](Observer&) { there = getpid(); }, {.fork = false}));
  EXPECT_EQ(there, here);
}

TEST(EachApart, GoesOnAfterALoss) {
  const std::vector<std::string> answers = each_apart(3, [](std::size_t at) {
    if (at == 1) raise(SIGKILL);
    return std::to_string(at);
  });
  EXPECT_EQ(answers, (std::vector<std::string>{"0", "it ended the process: SIGKILL", "2"}));
}

}  // namespace
}  // namespace dlpack_conformance::kit
