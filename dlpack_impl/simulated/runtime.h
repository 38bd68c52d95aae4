// What the simulated devices of one `make_simulated` share: clock, queued work, streams and memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlpack_impl/accelerator.h"
#include "simulated/simulated.h"
#include "simulated/space.h"
#include "simulated/touch.h"

namespace dlpack_impl::simulated {

// The functions are those of `Simulated`, for the device with that id.
class Runtime {
 public:
  explicit Runtime(const SimulatedOptions& options);

  [[nodiscard]] Simulated* face(int id) const noexcept { return parts_[at(id)].face.get(); }
  [[nodiscard]] Device device(int id) const noexcept { return {options_.device_type, id}; }

  void* allocate(int id, DevicePool pool, std::size_t size_bytes, std::size_t alignment_bytes);
  void release(void* memory) noexcept;
  // `call` is `write` or `read`; each waits.
  void copy_now(int id, std::string_view call, void* to, const void* from, std::size_t size_bytes);
  [[nodiscard]] std::size_t free_bytes(int id);
  [[nodiscard]] PointerInfo query(const void* address) noexcept;

  [[nodiscard]] Stream make_stream(int id, bool blocking);
  void end_stream(int id, Stream stream);
  [[nodiscard]] bool has_stream(int id, Stream stream) noexcept;

  void queue_fill(int id, Stream stream, void* to, std::byte value, std::size_t size_bytes);
  void queue_copy(int id, Stream stream, void* to, const void* from, std::size_t size_bytes);
  void queue_check(int id, Stream stream, const void* from, std::byte value, std::size_t size_bytes,
                   std::uint64_t* different);
  void queue_delay(int id, Stream stream, std::int64_t nanoseconds);

  void order(int id, Stream first, Stream second);
  void synchronize(int id, Stream stream);
  void synchronize_device(int id);
  [[nodiscard]] bool is_idle(int id, Stream stream);
  [[nodiscard]] std::int64_t now_ns() noexcept;

  void fail(int id, std::string_view call, int after);

 private:
  // `end`: when all that was queued on the stream will be done.
  struct Timeline {
    std::int64_t end = 0;
    bool blocking = true;
  };

  // What one device has. The pools stand in the order of `DevicePool`.
  struct Part {
    std::unique_ptr<Simulated> face;
    std::array<Space, 3> pools;
    Timeline legacy;
    std::map<std::uint64_t, Timeline> threads;  // by number of thread
    std::map<Stream, Timeline> made;
    std::int64_t ended = 0;  // blocking streams that were ended: the latest end of their work
    std::int64_t last = 0;   // the latest end of all work
    std::map<std::string, int, std::less<>> failing;
  };

  // Work that has its time. Addresses are those at which the runtime itself has the bytes.
  struct Work {
    std::byte* to = nullptr;          // null: a check
    const std::byte* from = nullptr;  // null: a fill
    std::size_t size_bytes = 0;
    std::byte value{};
    std::uint64_t* different = nullptr;
  };

  // Where an address lies.
  struct Place {
    int id = 0;
    DevicePool pool = DevicePool::kDevice;
    const Block* block = nullptr;
  };

  static std::size_t at(int id) noexcept { return static_cast<std::size_t>(id); }
  // The bytes behind an address; the pages of `kDevice` are without access.
  [[nodiscard]] std::uintptr_t bytes_of(std::uintptr_t address) const noexcept {
    return hidden_.overlaps(address, 1) ? bytes_.begin() + (address - hidden_.begin()) : address;
  }
  [[nodiscard]] Place find(std::uintptr_t address) const noexcept;
  // Where the runtime has these bytes. Throws DeviceError: they are in no live block, or in one
  // that device `id` can't use; `id` -1 takes any, and the host's memory.
  [[nodiscard]] std::byte* resolve(int id, std::string_view field, const void* address,
                                   std::size_t size_bytes) const;

  // Throws where the call was to fail.
  void enter(int id, std::string_view call);
  // As `enter`; then time passes, and the stream is looked up.
  Timeline& enter(int id, std::string_view call, Stream stream);
  [[nodiscard]] Timeline* look_up(int id, Stream stream);
  [[nodiscard]] Timeline& look_up_made_anywhere(int id, std::string_view field, Stream stream,
                                                int& found_id);
  // When an action that is put on the stream now has all that it must wait for.
  [[nodiscard]] static std::int64_t wait_of(const Part& part, const Timeline& line);
  // When all is done that a host waits for with this stream: the legacy one has blocking streams.
  [[nodiscard]] static std::int64_t done_of(const Part& part, const Timeline& line) {
    return &line == &part.legacy ? wait_of(part, line) : line.end;
  }
  // Gives work its time, and takes it into the queue.
  std::int64_t queue(int id, Timeline& line, std::int64_t duration_ns, const Work& work);
  void advance(std::int64_t time);
  static void run(const Work& work);

  SimulatedOptions options_;
  // Device pools of all devices, then their pinned and managed pools.
  Pages bytes_;
  Pages hidden_;
  TouchRange touch_;

  std::mutex mutex_;  // guards all below
  std::int64_t now_ = 0;
  std::uint64_t sequence_ = 0;
  Stream next_stream_;
  std::vector<Part> parts_;
  std::map<std::pair<std::int64_t, std::uint64_t>, Work> works_;  // by end, then as queued
};

}  // namespace dlpack_impl::simulated
