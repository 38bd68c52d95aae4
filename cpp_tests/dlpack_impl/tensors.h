// A tensor in memory of ours with its producer, for the tests of both sides.
#pragma once

#include <dlpack_impl/buffer.h>
#include <dlpack_impl/producer.h>

#include <atomic>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace dlpack_impl::test {

// Values that are exact in every dtype: small whole numbers where there are enough patterns,
// otherwise in turn.
inline std::vector<Number> plain_values(DType dtype, std::int64_t count) {
  std::vector<Number> values;
  for (std::int64_t i = 0; i < count * dtype.lanes; ++i) {
    if (dtype.code == kDLBool) {
      values.emplace_back(i % 3 == 1);
    } else if (dtype.code == kDLInt) {
      values.emplace_back(i % 100);
    } else if (dtype.code == kDLUInt || dtype.code == kDLOpaqueHandle) {
      values.emplace_back(static_cast<std::uint64_t>(i % 100));
    } else if (dtype.code == kDLComplex) {
      values.emplace_back(
          std::complex<double>(static_cast<double>(i % 100), -static_cast<double>(i % 7)));
    } else if (dtype.code == kDLFloat8_e8m0fnu) {
      values.emplace_back(static_cast<double>(std::int64_t{1} << (i % 20)));
    } else if (dtype.bits <= 8) {
      constexpr double kExact[] = {0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 0.0, -0.5, -1.0, -6.0};
      values.emplace_back(kExact[i % 11]);
    } else {
      values.emplace_back(static_cast<double>(i % 100));
    }
  }
  return values;
}

struct Tensor {
  Template stamp;
  Buffer buffer;
  std::shared_ptr<ExportLog> log = std::make_shared<ExportLog>();
  Producer producer;

  Tensor(DType dtype, const Layout& layout, Placement placement = {}, bool readonly = false)
      : stamp(make_stamp(dtype, layout, placement)),
        buffer(stamp.make()),
        producer(SourceTensor{dtype, layout.shape, layout.strides, buffer.origin(),
                              layout.offset * dtype.element_bits() / 8, kCpu, readonly},
                 log) {}
  explicit Tensor(std::string_view dtype = "float32", const Layout& layout = {{2, 3}, {3, 1}, 0})
      : Tensor(dtype_from_name(dtype), layout) {}

  [[nodiscard]] VersionedPtr versioned(const ExportOptions& options = {}) const {
    return producer.export_versioned(options, {});
  }
  [[nodiscard]] LegacyPtr legacy(const ExportOptions& options = {}) const {
    return producer.export_legacy(options, {});
  }

 private:
  static Template make_stamp(DType dtype, const Layout& layout, Placement placement) {
    const auto raw = encode_elements(dtype, plain_values(dtype, layout.element_count()));
    return Template(dtype, layout, raw.data(), raw.size(), placement);
  }
};

}  // namespace dlpack_impl::test
