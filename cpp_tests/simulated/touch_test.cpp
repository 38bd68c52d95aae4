#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <thread>

#include "devices.h"

// The sanitizers would handle SIGSEGV themselves and exit; here the process must die of it.
#if defined(__SANITIZE_ADDRESS__)
extern "C" const char* __asan_default_options() { return "handle_segv=0:handle_sigbus=0"; }
#elif defined(__SANITIZE_THREAD__)
extern "C" const char* __tsan_default_options() { return "handle_segv=0:handle_sigbus=0"; }
#endif

namespace dlpack_impl::simulated::test {
namespace {

using Action = struct sigaction;
const auto kDiesOfTouch = testing::KilledBySignal(SIGSEGV);

// Words that a dying child leaves for the test: where the handler marks, and the test's own.
class TouchDeathTest : public testing::Test {
 protected:
  void SetUp() override {
    words = static_cast<std::uint64_t*>(
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    ASSERT_NE(static_cast<void*>(words), MAP_FAILED);
    SimulatedOptions options;
    options.devices = 2;
    devices = make_simulated(options);
    set_touch_word(words);
    for (const auto& device : devices) {
      blocks.push_back(static_cast<volatile unsigned char*>(device->allocate(64, 64)));
    }
  }
  void TearDown() override {
    set_touch_word(nullptr);
    munmap(words, 4096);
  }

  std::uint64_t* words = nullptr;
  std::vector<std::shared_ptr<Simulated>> devices;
  std::vector<volatile unsigned char*> blocks;
};

TEST_F(TouchDeathTest, ReadingKillsAndMarksTheDevice) {
  EXPECT_EXIT(static_cast<void>(blocks[0][0]), kDiesOfTouch, "");
  EXPECT_EQ(words[0], 1U);
  EXPECT_EXIT(static_cast<void>(blocks[1][63]), kDiesOfTouch, "");
  EXPECT_EQ(words[0], 2U);
}

TEST_F(TouchDeathTest, WritingKillsAndMarks) {
  EXPECT_EXIT(blocks[1][0] = 1, kDiesOfTouch, "");
  EXPECT_EQ(words[0], 2U);
}

TEST_F(TouchDeathTest, CopyingWithMemcpyKillsAndMarks) {
  // Into memory that the compiler can't see the end of, so that it copies.
  EXPECT_EXIT(std::memcpy(words + 8, const_cast<unsigned char*>(blocks[0]), 64), kDiesOfTouch, "");
  EXPECT_EQ(words[0], 1U);
}

TEST_F(TouchDeathTest, MarksTouchesOfAnyThread) {
  EXPECT_EXIT(std::thread([this] { blocks[0][1] = 1; }).join(), kDiesOfTouch, "");
  EXPECT_EQ(words[0], 1U);
}

TEST_F(TouchDeathTest, BesideABlockIsMarkedToo) {
  EXPECT_EXIT(blocks[0][4096] = 1, kDiesOfTouch, "");
  EXPECT_EQ(words[0], 1U);
}

TEST_F(TouchDeathTest, ComputingAddressesIsNoTouch) {
  std::uintptr_t sum = 0;
  for (int i = 0; i < 64; ++i) sum += reinterpret_cast<std::uintptr_t>(blocks[0] + i);
  EXPECT_NE(sum, 0U);
  EXPECT_EQ(words[0], 0U);
}

TEST_F(TouchDeathTest, OtherFaultsKillWithoutAMark) {
  void* guard = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT_EXIT(static_cast<volatile char*>(guard)[0] = 1, kDiesOfTouch, "");
  EXPECT_EXIT(raise(SIGSEGV), kDiesOfTouch, "");
  EXPECT_EQ(words[0], 0U);
  munmap(guard, 4096);
}

TEST_F(TouchDeathTest, PastTheEndOfAFileIsABusErrorAsEver) {
  const int file = memfd_create("empty", MFD_CLOEXEC);
  void* page = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, file, 0);
  EXPECT_EXIT(static_cast<void>(static_cast<volatile char*>(page)[0]),
              testing::KilledBySignal(SIGBUS), "");
  EXPECT_EQ(words[0], 0U);
  munmap(page, 4096);
  close(file);
}

TEST_F(TouchDeathTest, WithoutAWordItDiesTheSame) {
  set_touch_word(nullptr);
  EXPECT_EXIT(blocks[0][0] = 1, kDiesOfTouch, "");
  EXPECT_EQ(words[0], 0U);
}

TEST_F(TouchDeathTest, MemoryOfDevicesThatAreGoneIsNotTheirs) {
  devices.clear();
  EXPECT_EXIT(blocks[0][0] = 1, kDiesOfTouch, "");
  EXPECT_EQ(words[0], 0U);
}

// The handlers below stand in for those of other libraries; they reach the words through this.
std::uint64_t* handlers_words = nullptr;
Action before_handler{};

void install(int signal, Action action) { sigaction(signal, &action, &before_handler); }

void note_and_exit(int /*signal*/, siginfo_t* info, void* /*context*/) {
  handlers_words[1] = reinterpret_cast<std::uint64_t>(info->si_addr);
  _exit(7);
}

// What faulthandler does: puts back what was there, says what it knows and sends the signal again.
void note_and_send_again(int signal) {
  sigaction(signal, &before_handler, nullptr);
  ++handlers_words[1];
  raise(signal);
}

Action plain(void (*handler)(int)) {
  Action action{};
  action.sa_handler = handler;
  action.sa_flags = SA_NODEFER;
  return action;
}

TEST_F(TouchDeathTest, HandlerOfBeforeIsCalledWithTheAddress) {
  handlers_words = words;
  Action action{};
  action.sa_sigaction = note_and_exit;
  action.sa_flags = SA_SIGINFO;
  EXPECT_EXIT(
      {
        install(SIGSEGV, action);
        set_touch_word(words);
        blocks[1][5] = 1;
      },
      testing::ExitedWithCode(7), "");
  EXPECT_EQ(words[0], 2U);
  EXPECT_EQ(words[1], reinterpret_cast<std::uint64_t>(blocks[1] + 5));
}

TEST_F(TouchDeathTest, HandlerThatSendsTheSignalAgainEndsTheProcessOnce) {
  handlers_words = words;
  EXPECT_EXIT(
      {
        install(SIGSEGV, plain(note_and_send_again));
        set_touch_word(words);
        blocks[1][5] = 1;
      },
      kDiesOfTouch, "");
  EXPECT_EQ(words[0], 2U);
  EXPECT_EQ(words[1], 1U);
}

TEST_F(TouchDeathTest, HandlerThatFoundNothingBeforeItEndsTheProcessToo) {
  handlers_words = words;
  EXPECT_EXIT(
      {
        signal(SIGSEGV, SIG_DFL);
        install(SIGSEGV, plain(note_and_send_again));
        static_cast<void>(make_simulated());
        blocks[0][5] = 1;
      },
      kDiesOfTouch, "");
  EXPECT_EQ(words[0], 1U);
  EXPECT_EQ(words[1], 1U);
}

TEST_F(TouchDeathTest, SentSignalReachesTheHandlerOfBefore) {
  handlers_words = words;
  EXPECT_EXIT(
      {
        install(SIGSEGV, plain(note_and_send_again));
        set_touch_word(words);
        raise(SIGSEGV);
      },
      kDiesOfTouch, "");
  EXPECT_EQ(words[0], 0U);
  EXPECT_EQ(words[1], 1U);
}

TEST_F(TouchDeathTest, SignalsThatWereIgnoredStayIgnoredWhenSent) {
  EXPECT_EXIT(
      {
        signal(SIGSEGV, SIG_IGN);
        set_touch_word(words);
        raise(SIGSEGV);
        words[1] = 1;
        blocks[1][5] = 1;
      },
      kDiesOfTouch, "");
  EXPECT_EQ(words[0], 2U);
  EXPECT_EQ(words[1], 1U);
}

}  // namespace
}  // namespace dlpack_impl::simulated::test
