#include "simulated/runtime.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "dlpack_impl/dlpack.h"
#include "dlpack_impl/error.h"

namespace dlpack_impl::simulated {
namespace {

using detail::field_message;

constexpr int kMaxDevices = 16;
constexpr std::size_t kMinMemory = 4096;
constexpr std::size_t kMaxMemory = std::size_t{1} << 36;
constexpr Stream kFirstStream = 0x1000;
constexpr Stream kStreamStep = 0x10;
// Twice the memory in addresses: what alignment wastes shall not look like too little memory.
constexpr std::size_t kAddressesPerByte = 2;

// Threads that ended keep their number: the id of a thread is used again.
std::uint64_t number_of_this_thread() {
  static std::atomic<std::uint64_t> threads{0};
  thread_local const std::uint64_t number = ++threads;
  return number;
}

SimulatedOptions checked(SimulatedOptions options) {
  DLCONFORM_EXPECTS(options.devices >= 1 && options.devices <= kMaxDevices, InvalidArgument,
                    field_message("devices", options.devices, "1 to 16"));
  for (const auto& [field, value] :
       {std::pair("delay_ns", options.delay_ns), std::pair("operation_ns", options.operation_ns)}) {
    DLCONFORM_EXPECTS(value >= 0 && value <= Accelerator::kMaxDelay, InvalidArgument,
                      field_message(field, value, "0 to 1000000000"));
  }
  DLCONFORM_EXPECTS(options.memory_bytes >= kMinMemory && options.memory_bytes <= kMaxMemory,
                    InvalidArgument,
                    field_message("memory_bytes", options.memory_bytes, "4096 to 68719476736"));
  DLCONFORM_EXPECTS(options.device_type == kDLCUDA || options.device_type == kDLExtDev,
                    InvalidArgument, field_message("device_type", options.device_type, "2 or 12"));
  options.memory_bytes = options.memory_bytes / Space::kStep * Space::kStep;
  if (!options.late) options.delay_ns = options.operation_ns = 0;
  return options;
}

std::size_t region_bytes(const SimulatedOptions& options) {
  constexpr std::size_t kPages = std::size_t{1} << 16;  // a multiple of any page size
  return (options.memory_bytes * kAddressesPerByte + kPages - 1) / kPages * kPages;
}

std::size_t all_bytes(const SimulatedOptions& options) {
  return region_bytes(options) * static_cast<std::size_t>(options.devices);
}

[[noreturn]] void refuse_stream(std::string_view field, Stream stream, Device device) {
  throw DeviceError(field_message(field, stream, "1, 2 or a live stream of " + device_name(device)),
                    kInvalidStream);
}

}  // namespace

Runtime::Runtime(const SimulatedOptions& options)
    : options_(checked(options)),
      bytes_(all_bytes(options_) * 3, true),
      hidden_(all_bytes(options_), false),
      touch_(reinterpret_cast<const void*>(hidden_.begin()), region_bytes(options_),
             options_.devices),
      next_stream_(kFirstStream) {
  const std::size_t region = region_bytes(options_);
  std::uintptr_t ordinary = bytes_.begin() + all_bytes(options_);
  for (int id = 0; id < options_.devices; ++id) {
    parts_.push_back({std::make_unique<Simulated>(*this, id),
                      {Space(hidden_.begin() + at(id) * region, region), Space(ordinary, region),
                       Space(ordinary + region, region)}});
    ordinary += 2 * region;
  }
}

// Streams.

Stream Runtime::make_stream(int id, bool blocking) {
  const std::lock_guard<std::mutex> lock(mutex_);
  enter(id, "make_stream");
  const Stream made = next_stream_;
  parts_[at(id)].made.emplace(made, Timeline{0, blocking});
  next_stream_ += kStreamStep;
  return made;
}

void Runtime::end_stream(int id, Stream stream) {
  const std::lock_guard<std::mutex> lock(mutex_);
  enter(id, "end_stream");
  Part& part = parts_[at(id)];
  const auto found = part.made.find(stream);
  if (found == part.made.end()) {
    throw DeviceError(
        field_message("stream", stream, "a stream that was made on " + device_name(device(id))),
        kInvalidStream);
  }
  if (found->second.blocking) part.ended = std::max(part.ended, found->second.end);
  part.made.erase(found);
}

bool Runtime::has_stream(int id, Stream stream) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stream == kLegacyStream || stream == kPerThreadStream ||
         parts_[at(id)].made.count(stream) != 0;
}

Runtime::Timeline* Runtime::look_up(int id, Stream stream) {
  Part& part = parts_[at(id)];
  if (stream == kLegacyStream) return &part.legacy;
  if (stream == kPerThreadStream) return &part.threads[number_of_this_thread()];
  const auto found = part.made.find(stream);
  return found == part.made.end() ? nullptr : &found->second;
}

Runtime::Timeline& Runtime::look_up_made_anywhere(int id, std::string_view field, Stream stream,
                                                  int& found_id) {
  found_id = id;
  if (Timeline* line = look_up(id, stream); line != nullptr) return *line;
  for (found_id = 0; found_id < options_.devices; ++found_id) {
    if (Timeline* line = look_up(found_id, stream); line != nullptr) return *line;
  }
  refuse_stream(field, stream, device(id));
}

void Runtime::enter(int id, std::string_view call) {
  auto& failing = parts_[at(id)].failing;
  const auto found = failing.find(call);
  if (found == failing.end() || --found->second > 0) return;
  failing.erase(found);
  throw DeviceError(field_message(call, "fails on demand", "calls that nobody asked to fail"),
                    kFailedOnDemand);
}

Runtime::Timeline& Runtime::enter(int id, std::string_view call, Stream stream) {
  enter(id, call);
  advance(now_ + Simulated::kCallNs);
  Timeline* line = look_up(id, stream);
  if (line == nullptr) refuse_stream("stream", stream, device(id));
  return *line;
}

// Time.

std::int64_t Runtime::wait_of(const Part& part, const Timeline& line) {
  std::int64_t time = line.end;
  if (&line == &part.legacy) {
    time = std::max(time, part.ended);
    for (const auto& [number, other] : part.threads) time = std::max(time, other.end);
    for (const auto& [stream, other] : part.made) {
      if (other.blocking) time = std::max(time, other.end);
    }
  } else if (line.blocking) {
    time = std::max(time, part.legacy.end);
  }
  return time;
}

std::int64_t Runtime::queue(int id, Timeline& line, std::int64_t duration_ns, const Work& work) {
  Part& part = parts_[at(id)];
  const std::int64_t begin = std::max(now_ + options_.delay_ns, wait_of(part, line));
  line.end = begin + duration_ns;
  part.last = std::max(part.last, line.end);
  if (work.size_bytes != 0) works_.emplace(std::pair(line.end, sequence_++), work);
  const std::int64_t end = line.end;
  advance(now_);
  return end;
}

void Runtime::advance(std::int64_t time) {
  now_ = std::max(now_, time);
  while (!works_.empty() && works_.begin()->first.first <= now_) {
    run(works_.begin()->second);
    works_.erase(works_.begin());
  }
}

void Runtime::run(const Work& work) {
  if (work.to == nullptr) {
    *work.different += work.size_bytes - static_cast<std::size_t>(std::count(
                                             work.from, work.from + work.size_bytes, work.value));
  } else if (work.from == nullptr) {
    std::memset(work.to, static_cast<int>(work.value), work.size_bytes);
  } else {
    std::memmove(work.to, work.from, work.size_bytes);
  }
}

// Work.

void Runtime::queue_fill(int id, Stream stream, void* to, std::byte value, std::size_t size_bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Timeline& line = enter(id, "queue_fill", stream);
  queue(id, line, options_.operation_ns,
        {resolve(id, "at", to, size_bytes), nullptr, size_bytes, value});
}

void Runtime::queue_copy(int id, Stream stream, void* to, const void* from,
                         std::size_t size_bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Timeline& line = enter(id, "queue_copy", stream);
  queue(id, line, options_.operation_ns,
        {resolve(-1, "to", to, size_bytes), resolve(-1, "from", from, size_bytes), size_bytes});
}

void Runtime::queue_check(int id, Stream stream, const void* from, std::byte value,
                          std::size_t size_bytes, std::uint64_t* different) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Timeline& line = enter(id, "queue_check", stream);
  auto* count =
      reinterpret_cast<std::uint64_t*>(resolve(-1, "different", different, sizeof *different));
  queue(id, line, options_.operation_ns,
        {nullptr, resolve(id, "at", from, size_bytes), size_bytes, value, count});
}

void Runtime::queue_delay(int id, Stream stream, std::int64_t nanoseconds) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Timeline& line = enter(id, "queue_delay", stream);
  if (nanoseconds < 0 || nanoseconds > Accelerator::kMaxDelay) {
    throw DeviceError(field_message("nanoseconds", nanoseconds, "0 to 1000000000"), kInvalidValue);
  }
  queue(id, line, options_.late ? nanoseconds : 0, {});
}

// Order.

void Runtime::order(int id, Stream first, Stream second) {
  const std::lock_guard<std::mutex> lock(mutex_);
  enter(id, "order");
  advance(now_ + Simulated::kCallNs);
  int from = 0;
  int to = 0;
  Timeline& awaited = look_up_made_anywhere(id, "first", first, from);
  Timeline& waiting = look_up_made_anywhere(id, "second", second, to);
  const std::int64_t event = wait_of(parts_[at(from)], awaited);
  // The recorded event is work of the one stream, and waiting for it is work of the other.
  awaited.end = event;
  waiting.end = std::max(event, wait_of(parts_[at(to)], waiting));
}

void Runtime::synchronize(int id, Stream stream) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const Timeline& line = enter(id, "synchronize", stream);
  advance(done_of(parts_[at(id)], line));
}

void Runtime::synchronize_device(int id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  enter(id, "synchronize");
  advance(std::max(now_ + Simulated::kCallNs, parts_[at(id)].last));
}

bool Runtime::is_idle(int id, Stream stream) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const Timeline& line = enter(id, "is_idle", stream);
  return done_of(parts_[at(id)], line) <= now_;
}

std::int64_t Runtime::now_ns() noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  return now_;
}

void Runtime::fail(int id, std::string_view call, int after) {
  const std::vector<std::string>& calls = Simulated::failing_calls();
  std::string names;
  for (const std::string& name : calls) names += (names.empty() ? "" : " ") + name;
  DLCONFORM_EXPECTS(std::find(calls.begin(), calls.end(), call) != calls.end(), InvalidArgument,
                    field_message("call", call, "one of " + names));
  DLCONFORM_EXPECTS(after >= 0, InvalidArgument, field_message("after", after, ">= 0"));
  const std::lock_guard<std::mutex> lock(mutex_);
  auto& failing = parts_[at(id)].failing;
  failing.erase(std::string(call));
  if (after > 0) failing.emplace(call, after);
}

}  // namespace dlpack_impl::simulated
