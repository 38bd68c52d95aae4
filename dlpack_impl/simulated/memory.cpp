// The memory of `Runtime`: blocks of all devices, and where their bytes are.
#include <algorithm>
#include <limits>

#include "dlpack_impl/dlpack.h"
#include "dlpack_impl/error.h"
#include "simulated/runtime.h"

namespace dlpack_impl::simulated {
namespace {

using detail::field_message;

constexpr std::size_t kMaxAlignment = std::size_t{1} << 21;

std::string hexadecimal(std::uintptr_t number) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (; number != 0; number /= 16) text.insert(text.begin(), kDigits[number % 16]);
  return "0x" + (text.empty() ? "0" : text);
}

[[noreturn]] void refuse_memory(std::string_view field, std::uintptr_t address,
                                std::size_t size_bytes, std::string_view limit) {
  throw DeviceError(
      field_message(field, hexadecimal(address) + " and " + std::to_string(size_bytes) + " bytes",
                    limit),
      kInvalidValue);
}

}  // namespace

void* Runtime::allocate(int id, DevicePool pool, std::size_t size_bytes,
                        std::size_t alignment_bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  enter(id, "allocate");
  if (pool != DevicePool::kDevice && options_.device_type == kDLExtDev) {
    throw DeviceError(field_message("pool", pool == DevicePool::kPinned ? "pinned" : "managed",
                                    "device, on " + device_name(device(id))),
                      kInvalidValue);
  }
  const bool power = alignment_bytes != 0 && (alignment_bytes & (alignment_bytes - 1)) == 0;
  if (!power || alignment_bytes > kMaxAlignment) {
    throw DeviceError(
        field_message("alignment_bytes", alignment_bytes, "a power of two, at most 2097152"),
        kInvalidValue);
  }
  Part& part = parts_[at(id)];
  std::array<Space, 3>& pools = part.pools;
  const std::size_t used = pool == DevicePool::kPinned
                               ? pools[1].used_bytes()
                               : pools[0].used_bytes() + pools[2].used_bytes();
  const std::size_t left = options_.memory_bytes - std::min(used, options_.memory_bytes);
  const std::size_t wanted = std::max(size_bytes, std::size_t{1});
  const std::uintptr_t begin =
      wanted <= left ? pools[static_cast<std::size_t>(pool)].take(wanted, alignment_bytes) : 0;
  if (begin == 0) {
    throw DeviceError(
        field_message("size_bytes", size_bytes,
                      std::to_string(left) + " bytes free of " +
                          std::to_string(options_.memory_bytes) + " on " + device_name(device(id))),
        kOutOfMemory);
  }
  return reinterpret_cast<void*>(begin);
}

void Runtime::release(void* memory) noexcept {
  if (memory == nullptr) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto begin = reinterpret_cast<std::uintptr_t>(memory);
  const Place place = find(begin);
  if (place.block == nullptr || place.block->begin != begin) return;
  const std::size_t size = place.block->size_bytes;
  const std::uintptr_t first = bytes_of(begin);
  const auto uses = [first, size](const std::byte* bytes, std::size_t count) {
    const auto address = reinterpret_cast<std::uintptr_t>(bytes);
    return address < first + size && address + count > first;
  };
  std::int64_t done = parts_[at(place.id)].last;
  for (const auto& [time, work] : works_) {
    if (uses(work.to, work.size_bytes) || uses(work.from, work.size_bytes)) {
      done = std::max(done, time.first);
    }
  }
  advance(done);
  parts_[at(place.id)].pools[static_cast<std::size_t>(place.pool)].give_back(begin);
  bytes_.discard(first, size);
}

void Runtime::copy_now(int id, std::string_view call, void* to, const void* from,
                       std::size_t size_bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Timeline& line = enter(id, call, kLegacyStream);
  const bool writes = call == "write";
  if (size_bytes != 0) {
    // The device's side must be known memory; the other is the caller's business.
    const auto device_side = reinterpret_cast<std::uintptr_t>(writes ? to : from);
    if (find(device_side).block == nullptr) {
      refuse_memory("device_bytes", device_side, size_bytes, "a live block of this runtime");
    }
  }
  Work work;
  work.to = resolve(-1, writes ? "device_bytes" : "host_bytes", to, size_bytes);
  work.from = resolve(-1, writes ? "host_bytes" : "device_bytes", from, size_bytes);
  work.size_bytes = size_bytes;
  advance(queue(id, line, options_.operation_ns, work));
}

std::size_t Runtime::free_bytes(int id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::array<Space, 3>& pools = parts_[at(id)].pools;
  return options_.memory_bytes - pools[0].used_bytes() - pools[2].used_bytes();
}

PointerInfo Runtime::query(const void* address) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  const Place place = find(reinterpret_cast<std::uintptr_t>(address));
  if (place.block == nullptr) return {};
  Device stated = device(place.id);
  if (place.pool == DevicePool::kPinned) stated = {kDLCUDAHost, 0};
  if (place.pool == DevicePool::kManaged) stated = {kDLCUDAManaged, 0};
  return {true, stated, reinterpret_cast<void*>(place.block->begin), place.block->size_bytes};
}

Runtime::Place Runtime::find(std::uintptr_t address) const noexcept {
  for (std::size_t id = 0; id < parts_.size(); ++id) {
    for (std::size_t pool = 0; pool < parts_[id].pools.size(); ++pool) {
      if (const Block* block = parts_[id].pools[pool].find(address); block != nullptr) {
        return {static_cast<int>(id), static_cast<DevicePool>(pool), block};
      }
    }
  }
  return {};
}

std::byte* Runtime::resolve(int id, std::string_view field, const void* address,
                            std::size_t size_bytes) const {
  const auto first = reinterpret_cast<std::uintptr_t>(address);
  if (size_bytes == 0) return reinterpret_cast<std::byte*>(bytes_of(first));
  if (size_bytes > std::numeric_limits<std::uintptr_t>::max() - first) {
    refuse_memory(field, first, size_bytes, "the address space");
  }
  const Place place = find(first);
  if (place.block != nullptr) {
    if (size_bytes > place.block->begin + place.block->size_bytes - first) {
      refuse_memory(field, first, size_bytes,
                    "its block of " + std::to_string(place.block->size_bytes) + " bytes at " +
                        hexadecimal(place.block->begin));
    }
    if (id >= 0 && place.pool == DevicePool::kDevice && place.id != id) {
      refuse_memory(field, first, size_bytes,
                    "memory that " + device_name(device(id)) + " can use");
    }
    return reinterpret_cast<std::byte*>(bytes_of(first));
  }
  if (id >= 0 || bytes_.overlaps(first, size_bytes) || overlaps_touch_range(address, size_bytes)) {
    refuse_memory(field, first, size_bytes, "a live block of this runtime");
  }
  if (first == 0) refuse_memory(field, first, size_bytes, "memory of the host or of a device");
  return reinterpret_cast<std::byte*>(first);
}

}  // namespace dlpack_impl::simulated
