#include "core/journal.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <system_error>

namespace dlpack_conformance {
namespace {

TEST(Journal, StartsWithoutACase) {
  const Journal journal;

  EXPECT_EQ(journal.read().case_index, -1);
  EXPECT_EQ(journal.read().step, 0);
}

TEST(Journal, StepsAreThoseOfTheLifeOfACase) {
  EXPECT_THAT(journal_steps(),
              testing::ElementsAre("make", "export", "exchange", "read", "write", "release"));
}

TEST(Journal, KeepsLargeIndicesAndEveryStep) {
  Journal journal;
  for (const std::int64_t index : {std::int64_t{0}, std::int64_t{299'999}, std::int64_t{1} << 40}) {
    for (std::int32_t step = 0; step < std::ssize(journal_steps()); ++step) {
      journal.step(index, step);

      EXPECT_EQ(journal.read().case_index, index);
      EXPECT_EQ(journal.read().step, step);
    }
  }
}

TEST(Journal, BeatGrowsWithEveryWriteAndClearKeepsIt) {
  Journal journal;
  const std::uint64_t before = journal.read().beat;
  journal.step(1, 0);
  journal.step(1, 1);
  journal.clear();

  EXPECT_EQ(journal.read().beat, before + 3);
  EXPECT_EQ(journal.read().case_index, -1);
}

TEST(Journal, WritesOfAChildThatWasLostAreSeen) {
  Journal journal;
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Journal inherited(journal.fd());
    inherited.step(7, 2);
    _exit(9);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);

  EXPECT_EQ(journal.read().case_index, 7);
  EXPECT_EQ(journal.read().step, 2);
}

TEST(Journal, ATouchMarkedByAChildIsSeenUntilClear) {
  Journal journal;
  ASSERT_FALSE(journal.read().touched);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Journal inherited(journal.fd());
    *inherited.touch_word() = 1;
    _exit(9);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);

  EXPECT_TRUE(journal.read().touched);
  journal.step(3, 1);
  EXPECT_TRUE(journal.read().touched);
  journal.clear();
  EXPECT_FALSE(journal.read().touched);
}

TEST(Journal, DescriptorIsInherited) {
  const Journal journal;

  EXPECT_EQ(fcntl(journal.fd(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(Journal, OtherDescriptorsAreErrors) {
  EXPECT_THROW(Journal(-1), std::system_error);
  const int fd = open("/dev/null", O_RDWR);
  EXPECT_THROW(Journal{fd}, std::system_error);
  close(fd);
}

}  // namespace
}  // namespace dlpack_conformance
