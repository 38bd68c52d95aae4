#include "core/journal.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace dlpack_conformance {
namespace {

constexpr std::array<std::string_view, 6> kSteps = {"make", "export", "exchange",
                                                    "read", "write",  "release"};

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

int shared_memory_fd() {
#ifdef __linux__
  return memfd_create("dlconform-journal", 0);  // without MFD_CLOEXEC: runners inherit it
#else
  char path[] = "/tmp/dlconform-journal-XXXXXX";
  const int fd = mkstemp(path);
  if (fd >= 0) unlink(path);
  return fd;
#endif
}

}  // namespace

std::span<const std::string_view> journal_steps() { return kSteps; }

Journal::Journal() : fd_(shared_memory_fd()), owns_fd_(true) {
  if (fd_ < 0) fail("journal: no shared memory");
  if (ftruncate(fd_, sizeof(Page)) != 0) {
    close(fd_);
    fail("journal: shared memory cannot be sized");
  }
  map();
  clear();
}

Journal::Journal(int fd) : fd_(fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) fail("journal: fd is not open");
  if (status.st_size < static_cast<off_t>(sizeof(Page))) {
    errno = EINVAL;
    fail("journal: fd is no journal");
  }
  map();
}

Journal::~Journal() {
  munmap(page_, sizeof(Page));
  if (owns_fd_) close(fd_);
}

void Journal::map() {
  void* address = mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
  if (address == MAP_FAILED) {
    if (owns_fd_) close(fd_);
    fail("journal: shared memory cannot be mapped");
  }
  page_ = static_cast<Page*>(address);  // zero bytes are valid atomics
}

JournalEntry Journal::read() const noexcept {
  const std::uint64_t beat = page_->beat.load(std::memory_order_acquire);
  const std::uint64_t place = page_->place.load(std::memory_order_relaxed);
  return {.case_index = static_cast<std::int64_t>(place) >> 8,
          .step = static_cast<std::int32_t>(place & 0xff),
          .beat = beat,
          .touched = page_->touched.load(std::memory_order_relaxed) != 0};
}

}  // namespace dlpack_conformance
