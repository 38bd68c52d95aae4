// tinynb: arrays over memory of their own or of others, with DLPack as nanobind speaks it.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstring>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace nb = nanobind;

namespace {

const std::map<std::string, nb::dlpack::dtype>& dtypes() {
  static const std::map<std::string, nb::dlpack::dtype> known = {
      {"float32", nb::dtype<float>()},      {"float64", nb::dtype<double>()},
      {"int32", nb::dtype<std::int32_t>()}, {"int64", nb::dtype<std::int64_t>()},
      {"uint8", nb::dtype<std::uint8_t>()},
  };
  return known;
}

/// An array; its memory lives as long as `elements` does.
class Array {
 public:
  explicit Array(nb::ndarray<> elements) : elements_(std::move(elements)) {
    static_cast<void>(dtype());  // refuses what it does not have
  }

  /// Zeros, row-major.
  static Array zeros(const std::vector<std::size_t>& shape, const std::string& dtype) {
    const auto known = dtypes().find(dtype);
    if (known == dtypes().end()) throw nb::value_error(("no dtype " + dtype).c_str());
    std::size_t bytes = known->second.bits / 8;
    for (const std::size_t extent : shape) bytes *= extent;
    auto* memory = new std::vector<char>(bytes == 0 ? 1 : bytes);
    const nb::capsule owner(
        memory, [](void* held) noexcept { delete static_cast<std::vector<char>*>(held); });
    return Array(
        nb::ndarray<>(memory->data(), shape.size(), shape.data(), owner, nullptr, known->second));
  }

  [[nodiscard]] Array copy() const {
    Array made = zeros({elements_.shape_ptr(), elements_.shape_ptr() + elements_.ndim()}, dtype());
    std::vector<std::int64_t> index(elements_.ndim(), 0);
    const std::size_t item = elements_.itemsize();
    for (std::size_t at = 0; at < elements_.size(); ++at) {
      std::memcpy(static_cast<char*>(made.elements_.data()) + at * item, place(index), item);
      for (std::size_t axis = index.size(); axis-- > 0;) {
        if (++index[axis] < static_cast<std::int64_t>(elements_.shape(axis))) break;
        index[axis] = 0;
      }
    }
    return made;
  }

  [[nodiscard]] std::string dtype() const {
    for (const auto& [name, known] : dtypes())
      if (known == elements_.dtype()) return name;
    throw nb::type_error("tinynb has float32, float64, int32, int64 and uint8");
  }
  [[nodiscard]] nb::tuple shape() const {
    return axes([&](auto at) { return elements_.shape(at); });
  }
  [[nodiscard]] nb::tuple strides() const {
    return axes([&](auto at) { return elements_.stride(at); });
  }
  [[nodiscard]] std::uintptr_t address() const {
    return reinterpret_cast<std::uintptr_t>(elements_.data());
  }

  [[nodiscard]] nb::object get(const std::vector<std::int64_t>& index) const {
    return on(place(index), [](auto* element) { return nb::cast(*element); });
  }
  void set(const std::vector<std::int64_t>& index, const nb::object& value) const {
    on(place(index), [&](auto* element) {
      *element = nb::cast<std::decay_t<decltype(*element)>>(value);
      return nb::object();
    });
  }

  [[nodiscard]] nb::object dlpack(const nb::kwargs& keywords) const {
    return exported().attr("__dlpack__")(**keywords);
  }
  [[nodiscard]] nb::object dlpack_device() const { return exported().attr("__dlpack_device__")(); }

 private:
  [[nodiscard]] nb::object exported() const {
    return nb::cast(nb::ndarray<nb::array_api>(elements_), nb::rv_policy::reference);
  }

  template <typename Extent>
  [[nodiscard]] nb::tuple axes(Extent extent) const {
    nb::list values;
    for (std::size_t at = 0; at < elements_.ndim(); ++at) values.append(extent(at));
    return nb::tuple(values);
  }

  [[nodiscard]] char* place(const std::vector<std::int64_t>& index) const {
    if (index.size() != elements_.ndim()) throw nb::index_error("one index for each axis");
    std::int64_t offset = 0;
    for (std::size_t axis = 0; axis < index.size(); ++axis) {
      if (index[axis] < 0 || index[axis] >= static_cast<std::int64_t>(elements_.shape(axis)))
        throw nb::index_error("out of range");
      offset += index[axis] * elements_.stride(axis);
    }
    return static_cast<char*>(elements_.data()) +
           offset * static_cast<std::int64_t>(elements_.itemsize());
  }

  template <typename Work>
  nb::object on(char* place, Work work) const {
    const std::string name = dtype();
    if (name == "float32") return work(reinterpret_cast<float*>(place));
    if (name == "float64") return work(reinterpret_cast<double*>(place));
    if (name == "int32") return work(reinterpret_cast<std::int32_t*>(place));
    if (name == "int64") return work(reinterpret_cast<std::int64_t*>(place));
    return work(reinterpret_cast<std::uint8_t*>(place));
  }

  nb::ndarray<> elements_;
};

Array from_dlpack(const nb::ndarray<nb::device::cpu>& x, std::optional<bool> copy) {
  const Array shared{nb::ndarray<>(x)};
  return copy.value_or(false) ? shared.copy() : shared;
}

}  // namespace

NB_MODULE(tinynb, module) {
  nb::class_<Array>(module, "Array")
      .def_prop_ro("dtype", &Array::dtype)
      .def_prop_ro("shape", &Array::shape)
      .def_prop_ro("strides", &Array::strides)
      .def_prop_ro("address", &Array::address)
      .def("__getitem__", &Array::get)
      .def("__setitem__", &Array::set)
      .def("__dlpack__", &Array::dlpack)
      .def("__dlpack_device__", &Array::dlpack_device);
  module.def("zeros", &Array::zeros, nb::arg("shape"), nb::arg("dtype") = "float32");
  module.def("from_dlpack", &from_dlpack, nb::arg("x"), nb::kw_only(),
             nb::arg("copy") = nb::none());
  module.attr("__version__") = "0.1";
}
