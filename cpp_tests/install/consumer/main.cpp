// What a library author does first: export an array of one's own, and let the reference consumer
// read it.
#include <dlpack_impl/consumer.h>
#include <dlpack_impl/producer.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <utility>

int main() {
  using namespace dlpack_impl;
  std::array<std::int32_t, 6> elements{0, 1, 2, 3, 4, 5};

  SourceTensor transposed;
  transposed.dtype = dtype_from_name("int32");
  transposed.shape = {3, 2};
  transposed.strides = {1, 3};
  transposed.origin = elements.data();

  auto log = std::make_shared<ExportLog>();
  {
    const Imported imported(Producer(transposed, log).export_versioned({}, Keeper{}));
    const std::int64_t index[] = {2, 1};
    if (imported.view().address({index, 2}) != &elements[5]) return 1;
    if (log->live() != 1) return 2;
  }
  std::printf("shared, and freed %lld time(s)\n", static_cast<long long>(log->deleter_calls()));
  return log->deleter_calls() == 1 ? 0 : 3;
}
