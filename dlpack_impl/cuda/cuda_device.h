// One CUDA device. What its functions promise stands in accelerator.h and cuda.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <set>
#include <string_view>

#include "cuda/blocks.h"
#include "cuda/staging.h"
#include "dlpack_impl/accelerator.h"

namespace dlpack_impl::cuda {

class CudaDevice final : public Accelerator {
 public:
  // The device must be current. Makes its context, and runs each kernel once: CUDA loads a kernel
  // at its first launch, and that may wait for all work that is queued. Throws DeviceError where a
  // kernel does not run.
  explicit CudaDevice(int id);
  CudaDevice(const CudaDevice&) = delete;
  CudaDevice& operator=(const CudaDevice&) = delete;
  // Waits for the device. Memory stays: it belongs to those who took it.
  ~CudaDevice() override;

  [[nodiscard]] Device device() const noexcept override;
  [[nodiscard]] void* allocate(std::size_t size_bytes, std::size_t alignment_bytes) const override;
  void release(void* memory) const noexcept override;
  void write(void* device_bytes, const void* host_bytes, std::size_t size_bytes) const override;
  void read(void* host_bytes, const void* device_bytes, std::size_t size_bytes) const override;

  [[nodiscard]] void* allocate_from(DevicePool pool, std::size_t size_bytes,
                                    std::size_t alignment_bytes) const override;
  [[nodiscard]] std::size_t free_bytes() const override;
  [[nodiscard]] PointerInfo query(const void* address) const noexcept override;

  [[nodiscard]] Stream make_stream(bool blocking) const override;
  void end_stream(Stream stream) const override;
  [[nodiscard]] bool has_stream(Stream stream) const noexcept override;

  void queue_fill(Stream stream, void* at, std::byte value, std::size_t size_bytes) const override;
  void queue_copy(Stream stream, void* to, const void* from, std::size_t size_bytes) const override;
  void queue_check(Stream stream, const void* at, std::byte value, std::size_t size_bytes,
                   std::uint64_t* different) const override;
  void queue_delay(Stream stream, std::int64_t nanoseconds) const override;

  void order(Stream first, Stream second) const override;
  void synchronize(Stream stream) const override;
  void synchronize_device() const override;
  [[nodiscard]] bool is_idle(Stream stream) const override;
  [[nodiscard]] std::int64_t now_ns() const noexcept override;

 private:
  void expect_stream(std::string_view field, Stream stream) const;
  // The bytes lie in memory that this device can use.
  void expect_memory(std::string_view field, const void* at, std::size_t size_bytes) const;
  void copy_now(void* to, const void* from, std::size_t size_bytes) const;
  // Memory that CUDA knows nothing of: the host's own.
  [[nodiscard]] bool is_pageable(const void* address) const { return !query(address).known; }

  int id_;
  mutable Blocks blocks_;
  mutable Staging staging_;
  mutable std::mutex mutex_;  // guards the two sets
  mutable std::set<Stream> live_;
  mutable std::set<Stream> ended_;
};

}  // namespace dlpack_impl::cuda
