// The CUDA runtime with errors that are thrown, and the current device as a scope.
#pragma once

#include <cuda_runtime_api.h>

#include <string>
#include <string_view>
#include <type_traits>

#include "dlpack_impl/accelerator.h"

namespace dlpack_impl::cuda {

// "<number> (<name>: <text>)", as CUDA spells an error.
std::string error_text(cudaError_t error);

[[noreturn]] void fail(cudaError_t error, const std::string& call);

// Throws DeviceError unless the call succeeded. The arguments are those worth reading; they are
// made text only then. What failed is taken back from the runtime's last error, so that the next
// launch does not report it again.
//
//     expect(cudaMalloc(&memory, size), "cudaMalloc", size);
template <class... Arguments>
void expect(cudaError_t result, std::string_view call, const Arguments&... arguments) {
  if (result == cudaSuccess) return;
  std::string text(call);
  ((text.append(text.size() == call.size() ? "(" : ", ").append(std::to_string(arguments))), ...);
  if (text.size() != call.size()) text.append(")");
  fail(result, text);
}

// Streams are spelled as CUDA has them: 1 and 2 are its handles of the two default streams.
inline cudaStream_t handle(Stream stream) noexcept {
  return reinterpret_cast<cudaStream_t>(stream);
}

// Makes a device current for this thread as long as it lives; other libraries find theirs again.
class Current {
 public:
  explicit Current(int id) {
    expect(cudaGetDevice(&previous_), "cudaGetDevice");
    changed_ = previous_ != id;
    if (changed_) expect(cudaSetDevice(id), "cudaSetDevice", id);
  }
  Current(const Current&) = delete;
  Current& operator=(const Current&) = delete;
  ~Current() {
    if (changed_) static_cast<void>(cudaSetDevice(previous_));
  }

 private:
  int previous_ = 0;
  bool changed_ = false;
};

}  // namespace dlpack_impl::cuda
