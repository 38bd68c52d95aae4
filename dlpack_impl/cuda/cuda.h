/// @file
/// CUDA devices. The header names nothing of CUDA, and the functions exist in every build.
///
/// The runtime is linked statically, so a build with CUDA needs no CUDA library to be loaded, and
/// runs where there is no driver. CUDA does not survive a fork: a process that called
/// `cuda_devices` must not fork afterwards, and a forked child whose parent did gets errors.
#pragma once

#include <memory>
#include <vector>

#include "dlpack_impl/accelerator.h"

namespace dlpack_impl {

/// True where this build can drive CUDA devices, whether or not there is one.
[[nodiscard]] bool built_with_cuda() noexcept;

/// All CUDA devices of this process, by id. Each call makes new objects, and makes the devices'
/// contexts if there are none yet; streams and memory are for the object that made them, the rest
/// is the same device.
///
/// What is special about them:
/// - A stream's handle is CUDA's own, so streams of other libraries are taken too: a handle that
///   was not made here counts as live if it can be one. CUDA can't be asked. A handle stays refused
///   after its end, also when the driver gives it to somebody else.
/// - No memory is asked for that is not free: of the device for `kDevice` and `kManaged`, of the
///   host for `kPinned`.
/// - `queue_copy` never makes the host wait, also from and to pageable memory: that goes through
///   pinned memory, and the driver's thread moves the bytes when the stream gets there.
/// - `release` waits for work of the device, as `cudaFree` does.
/// - `query` knows memory of other libraries too; where CUDA gives no extent of it, `base` is null.
///
/// @throws DeviceError  "no CUDA device: <reason>": built without CUDA, no driver, no device, or
///     CUDA could not be started. Every error of CUDA has the call, its arguments, CUDA's number,
///     name and text; `code()` is the number.
std::vector<std::shared_ptr<Accelerator>> cuda_devices();

}  // namespace dlpack_impl
