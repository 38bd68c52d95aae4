// `inspect`: a capsule read without changing it.

#include <dlpack_impl/consumer.h>
#include <dlpack_impl/error.h>

#include "capsule.h"
#include "fast.h"
#include "parts.h"
#include "values.h"

namespace py = pybind11;

namespace dlpack_impl::python {
namespace {

/// What a capsule's tensor says, copied, and the capsule, from which elements are read when they
/// are asked for.
class CapsuleReading {
 public:
  explicit CapsuleReading(const py::object& capsule) : capsule_(capsule) {
    Managed found;
    if (!look(capsule.ptr(), found)) throw PythonErrorIsSet{};
    name_ = PyCapsule_GetName(capsule.ptr());
    header_ =
        found.versioned != nullptr ? read_header(*found.versioned) : read_header(*found.legacy);
  }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const Reading& header() const noexcept { return header_; }
  /// @throws BufferError  another major version: only version and deleter may be read. @spec C-08
  [[nodiscard]] const DLTensor& tensor() const {
    DLCONFORM_EXPECTS(header_.tensor != nullptr, BufferError,
                      detail::field_message(
                          "version", header_.version.value_or(kLegacyVersion).major, "major 1"));
    return *header_.tensor;
  }
  [[nodiscard]] TensorView view() const {
    (void)tensor();
    return TensorView(header_, Rules::kReadable);
  }
  /// @throws BufferError  a rank that can't be looked at.
  [[nodiscard]] py::object integers(const std::int64_t* numbers) const {
    const std::int32_t ndim = tensor().ndim;
    if (numbers == nullptr) return py::none();
    DLCONFORM_EXPECTS(ndim >= 0 && ndim <= kMaxRank, BufferError,
                      detail::field_message("ndim", ndim, "0 to 64"));
    return checked(from_integers(numbers, static_cast<std::size_t>(ndim)));
  }

 private:
  py::object capsule_;
  std::string name_;
  Reading header_;
};

py::object version_of(const CapsuleReading& reading) {
  const auto& version = reading.header().version;
  return version.has_value() ? py::object(py::make_tuple(version->major, version->minor))
                             : py::none();
}

py::object flags_of(const CapsuleReading& reading) {
  const auto& flags = reading.header().flags;
  return flags.has_value() ? py::object(py::int_(*flags)) : py::none();
}

py::tuple dtype_of(const CapsuleReading& reading) {
  const DLDataType& dtype = reading.tensor().dtype;
  return py::make_tuple(dtype.code, dtype.bits, dtype.lanes);
}

py::tuple device_of(const CapsuleReading& reading) {
  const DLDevice& device = reading.tensor().device;
  return py::make_tuple(static_cast<std::int32_t>(device.device_type), device.device_id);
}

}  // namespace

void add_reading(py::module_& module) {
  py::class_<CapsuleReading>(module, "Reading", "A capsule read without changing it.")
      .def_property_readonly("name", &CapsuleReading::name)
      .def_property_readonly("version", version_of)
      .def_property_readonly("flags", flags_of)
      .def_property_readonly("device", device_of)
      .def_property_readonly("dtype", dtype_of)
      .def_property_readonly("dtype_name",
                             [](const CapsuleReading& r) {
                               return (void)r.tensor(), checked(from_dtype(r.header().dtype()));
                             })
      .def_property_readonly("shape",
                             [](const CapsuleReading& r) { return r.integers(r.tensor().shape); })
      .def_property_readonly("strides",
                             [](const CapsuleReading& r) { return r.integers(r.tensor().strides); })
      .def_property_readonly("ndim", [](const CapsuleReading& r) { return r.tensor().ndim; })
      .def_property_readonly(
          "data",
          [](const CapsuleReading& r) { return reinterpret_cast<std::uintptr_t>(r.tensor().data); })
      .def_property_readonly("byte_offset",
                             [](const CapsuleReading& r) { return r.tensor().byte_offset; })
      .def_property_readonly("has_deleter",
                             [](const CapsuleReading& r) { return r.header().has_deleter; })
      .def_property_readonly("has_context",
                             [](const CapsuleReading& r) { return r.header().has_context; })
      .def(
          "values", [](const CapsuleReading& r) { return checked(list_elements(r.view())); },
          "All elements in C order; of more than 2**20 the first and the last.")
      .def(
          "raw", [](const CapsuleReading& r) { return checked(raw_elements(r.view())); },
          "All elements as C-contiguous bytes.");
  module.def(
      "inspect", [](const py::object& capsule) { return CapsuleReading(capsule); },
      py::arg("capsule"), "Read a capsule, consumed or not, without changing it.");
}

}  // namespace dlpack_impl::python
