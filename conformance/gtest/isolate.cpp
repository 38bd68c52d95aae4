#include "gtest/isolate.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <regex>
#include <system_error>
#include <tuple>

#include "core/journal.h"
#include "gtest/thrown.h"
#include "gtest/traits_error.h"
#include "gtest/wire.h"

namespace dlpack_conformance::kit {
namespace {

constexpr std::uint8_t kEnd = 255;
constexpr std::size_t kMaxSaid = 1 << 16;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// How a child went.
struct Loss {
  std::string how;  ///< signal, exit or hung; empty: it was not lost
  std::string signal;
  int status = 0;
  std::string step;
  std::string said;  ///< what it wrote to its error stream

  [[nodiscard]] auto way() const { return std::tie(how, signal, status, step); }
};

std::string signal_name(int number) {
  const char* const name = sigabbrev_np(number);
  return name == nullptr ? "signal-" + std::to_string(number) : std::string("SIG") + name;
}

/// The same in every process: addresses are left out.
std::string normal(const std::string& text) {
  static const std::regex address("0[xX][0-9a-fA-F]{3,}");
  return std::regex_replace(text, address, "0x..");
}

/// What C++ said of the exception that ended it, else the last line.
std::string last_words(const std::string& said) {
  std::string last, what;
  std::size_t begin = 0;
  while (begin < said.size()) {
    std::size_t end = said.find('\n', begin);
    if (end == std::string::npos) end = said.size();
    std::string line = said.substr(begin, end - begin);
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first != std::string::npos) {
      line = line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
      last = line;
      constexpr std::string_view kWhat = "what():";
      if (line.starts_with(kWhat)) {
        what = line.substr(std::min(line.find_first_not_of(" ", kWhat.size()), line.size()));
      }
    }
    begin = end + 1;
  }
  return normal(what.empty() ? last : what);
}

bool write_all(int fd, const void* bytes, std::size_t size) {
  const auto* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t written = write(fd, at, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    at += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

/// A step with the facts before it, or the end.
void send(int fd, std::uint8_t step, const std::string& facts) {
  std::string frame(1, static_cast<char>(step));
  const auto size = static_cast<std::uint32_t>(facts.size());
  frame.append(reinterpret_cast<const char*>(&size), sizeof(size));
  frame += facts;
  if (!write_all(fd, frame.data(), frame.size())) _exit(1);
}

/// Takes whole frames from what came so far.
class Frames {
 public:
  void add(const char* bytes, std::size_t size) { buffer_.append(bytes, size); }
  /// @return the step and its facts, or none.
  std::optional<std::pair<std::uint8_t, std::string>> next() {
    constexpr std::size_t kHead = 1 + sizeof(std::uint32_t);
    if (buffer_.size() < kHead) return std::nullopt;
    std::uint32_t size = 0;
    std::memcpy(&size, buffer_.data() + 1, sizeof(size));
    if (buffer_.size() < kHead + size) return std::nullopt;
    std::pair frame(static_cast<std::uint8_t>(buffer_[0]), buffer_.substr(kHead, size));
    buffer_.erase(0, kHead + size);
    return frame;
  }

 private:
  std::string buffer_;
};

/// A child process with a pipe from it, and its error stream in memory.
class Child {
 public:
  /// `work` gets the descriptor to write to.
  explicit Child(const std::function<void(int)>& work) {
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) != 0) fail("kit: no pipe");
    said_fd_ = memfd_create("dlconform-kit-stderr", MFD_CLOEXEC);
    if (said_fd_ < 0) fail("kit: no shared memory");
    std::fflush(nullptr);
    pid_ = fork();
    if (pid_ < 0) fail("kit: fork");
    if (pid_ == 0) {
      close(pipe_fds[0]);
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      const rlimit none{0, 0};
      setrlimit(RLIMIT_CORE, &none);
      dup2(said_fd_, STDERR_FILENO);
      // How a process ends is the kernel's word, and not that of a handler of some library.
      for (const int number : {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL}) signal(number, SIG_DFL);
      work(pipe_fds[1]);
      _exit(0);
    }
    close(pipe_fds[1]);
    fd_ = pipe_fds[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (!ended_) end();
    close(fd_);
    close(said_fd_);
  }

  /// Bytes that came; 0: it closed the pipe; none: nothing within the time.
  std::optional<std::size_t> receive(char* into, std::size_t size, double timeout_s) {
    pollfd waits{fd_, POLLIN, 0};
    for (;;) {
      const int ready = poll(&waits, 1, timeout_s < 0 ? -1 : static_cast<int>(timeout_s * 1000));
      if (ready < 0 && errno == EINTR) continue;
      if (ready <= 0) return std::nullopt;
      const ssize_t got = read(fd_, into, size);
      if (got < 0 && errno == EINTR) continue;
      return got < 0 ? 0 : static_cast<std::size_t>(got);
    }
  }
  void kill() const { ::kill(pid_, SIGKILL); }
  /// Waits for it. @return its status as of waitpid.
  int end() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    ended_ = true;
    return status;
  }
  [[nodiscard]] std::string said() const {
    std::string text(kMaxSaid, '\0');
    const ssize_t size = pread(said_fd_, text.data(), text.size(), 0);
    text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return text;
  }

 private:
  pid_t pid_ = -1;
  int fd_ = -1;
  int said_fd_ = -1;
  bool ended_ = false;
};

/// Fills the facts of one case; what is wrong with the kit or the traits is a fact, too.
void observe(Observer& observer, const std::function<void(Observer&)>& run) {
  try {
    run(observer);
  } catch (const TraitsError& error) {
    observer.facts.suite_fault = error.what();
  } catch (...) {
    observer.facts.suite_fault = thrown_class() + ": " + thrown_text();
  }
}

Loss loss_of(int status, bool hung) {
  Loss loss;
  if (hung) {
    loss.how = "hung";
  } else if (WIFSIGNALED(status)) {
    loss.how = "signal";
    loss.signal = signal_name(WTERMSIG(status));
  } else {
    loss.how = "exit";
    loss.status = WEXITSTATUS(status);
  }
  return loss;
}

/// One run in a child; facts of its end, or those that it had sent when it was lost.
std::pair<Facts, Loss> once(const Subject& subject, const std::function<void(Observer&)>& run,
                            double timeout_s) {
  Child child([&](int fd) {
    Observer observer(subject, [fd](Step step, const Facts& facts) {
      send(fd, static_cast<std::uint8_t>(step), packed(facts));
    });
    observer.step(Step::kMake);
    observe(observer, run);
    send(fd, kEnd, packed(observer.facts));
  });
  Frames frames;
  Facts facts;
  std::string step = "make";
  bool hung = false;
  char buffer[4096];
  for (;;) {
    const std::optional<std::size_t> got = child.receive(buffer, sizeof(buffer), timeout_s);
    if (!got) {
      hung = true;
      child.kill();
      break;
    }
    if (*got == 0) break;
    frames.add(buffer, *got);
    while (const auto frame = frames.next()) {
      facts = unpacked(frame->second);
      if (frame->first == kEnd) return {std::move(facts), {}};
      step = journal_steps()[frame->first];
    }
  }
  Loss loss = loss_of(child.end(), hung);
  loss.step = step;
  loss.said = child.said();
  return {std::move(facts), loss};
}

void note(Facts& facts, const Loss& loss, bool confirmed) {
  facts.crash_how = loss.how;
  facts.crash_step = loss.step;
  if (loss.how == "signal") facts.crash_signal = loss.signal;
  if (loss.how == "exit") facts.crash_status = loss.status;
  if (const std::string words = last_words(loss.said); !words.empty()) facts.crash_message = words;
  facts.crash_confirmed = confirmed;
}

}  // namespace

Facts isolated(const Subject& subject, const std::function<void(Observer&)>& run,
               const Isolation& isolation) {
  if (!isolation.fork) {
    Observer observer(subject, [](Step, const Facts&) {});
    observe(observer, run);
    return observer.facts;
  }
  constexpr int kMoreRuns = 2;
  auto [facts, loss] = once(subject, run, isolation.timeout_s);
  if (loss.how.empty()) return facts;
  for (int more = 0; more < kMoreRuns; ++more) {
    auto [again_facts, again] = once(subject, run, isolation.timeout_s);
    if (again.how.empty()) {
      note(facts, loss, false);
      return facts;
    }
    const bool same = again.way() == loss.way();
    facts = std::move(again_facts);
    loss = again;
    if (same) {
      note(facts, loss, true);
      return facts;
    }
  }
  note(facts, loss, false);
  return facts;
}

std::vector<std::string> each_apart(std::size_t count,
                                    const std::function<std::string(std::size_t)>& work) {
  constexpr double kPatience = 60;
  std::vector<std::string> answers;
  while (answers.size() < count) {
    Child child([&](int fd) {
      for (std::size_t at = answers.size(); at < count; ++at) send(fd, 0, work(at));
    });
    Frames frames;
    char buffer[4096];
    bool hung = false;
    while (answers.size() < count) {
      const std::optional<std::size_t> got = child.receive(buffer, sizeof(buffer), kPatience);
      hung = !got;
      if (!got || *got == 0) break;
      frames.add(buffer, *got);
      while (const auto frame = frames.next()) answers.push_back(frame->second);
    }
    if (answers.size() == count) break;
    if (hung) child.kill();
    const Loss loss = loss_of(child.end(), hung);
    const std::string words = last_words(child.said());
    answers.push_back("it ended the process: " + (loss.how == "signal" ? loss.signal : loss.how) +
                      (words.empty() ? "" : ": " + words));
  }
  return answers;
}

}  // namespace dlpack_conformance::kit
