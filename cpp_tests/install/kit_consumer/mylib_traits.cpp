#include <dlpack_conformance/kit.h>

#include <stdexcept>
#include <string>

#include "mylib.h"

namespace kit = dlpack_conformance::kit;

struct MylibTraits {
  using Array = mylib::Array;
  static constexpr const char* name = "mylib";

  static std::string version() { return "1.0"; }
  static Array over(const kit::Source& source) {
    if (source.dtype_name != "float32") throw std::invalid_argument("mylib has no such dtype");
    return {source.shape, source.strides, static_cast<float*>(source.first), source.memory};
  }
  static kit::Description describe(const Array& array) {
    kit::Description said;
    said.shape = array.shape;
    said.strides = array.strides;
    said.dtype = {kDLFloat, 32, 1};
    said.first = array.first;
    return said;
  }
  static void read(const Array& array, void* out) {
    auto* element = static_cast<float*>(out);
    std::vector<std::int64_t> index(array.shape.size(), 0);
    for (bool more = true; more;) {
      *element++ = array.at(index.data());
      more = false;
      for (std::size_t axis = index.size(); axis-- > 0 && !more;) {
        more = ++index[axis] < array.shape[axis];
        if (!more) index[axis] = 0;
      }
    }
  }
  static void write(Array& array, const std::int64_t* index, const void* element) {
    array.at(index) = *static_cast<const float*>(element);
  }
  static DLManagedTensor* to_dlpack(const Array& array) { return mylib::to_dlpack(array); }
  static Array from_dlpack(DLManagedTensor* tensor) { return mylib::from_dlpack(tensor); }
};
DLCONFORM_LIBRARY(MylibTraits);
