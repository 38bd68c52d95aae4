// Fields of the struct, and the capsule around it.
#include <pybind11/stl.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "tamper.h"

namespace dlpack_impl::faults {
namespace {

using namespace py::literals;

/// Arrays and names that a spoiled tensor points at. They are kept until the process ends: who
/// reads them last is not known.
template <class T>
std::deque<T>& kept() {
  static auto* const all = new std::deque<T>;
  return *all;
}

std::int64_t* keep(std::vector<std::int64_t> numbers) {
  numbers.push_back(0);  // so that there is an address, also of no numbers
  return kept<std::vector<std::int64_t>>().emplace_back(std::move(numbers)).data();
}

using Pair = std::pair<std::int64_t, std::int64_t>;

/// Sets one field; `None` stands for NULL.
void set_field(const Held& held, const std::string& field, const py::handle& value) {
  DLTensor& tensor = held.tensor();
  if (field == "version" || field == "flags") {
    if (held.versioned == nullptr) throw py::value_error("a legacy tensor has no " + field);
    if (field == "flags") {
      held.versioned->flags = value.cast<std::uint64_t>();
    } else {
      const auto [major, minor] = value.cast<Pair>();
      held.versioned->version = {static_cast<std::uint32_t>(major),
                                 static_cast<std::uint32_t>(minor)};
    }
  } else if (field == "device") {
    const auto [type, id] = value.cast<Pair>();
    tensor.device = {static_cast<DLDeviceType>(type), static_cast<std::int32_t>(id)};
  } else if (field == "dtype") {
    const auto numbers = value.cast<std::vector<int>>();
    tensor.dtype = {static_cast<std::uint8_t>(numbers.at(0)),
                    static_cast<std::uint8_t>(numbers.at(1)),
                    static_cast<std::uint16_t>(numbers.at(2))};
  } else if (field == "ndim") {
    tensor.ndim = value.cast<std::int32_t>();
  } else if (field == "shape") {
    tensor.shape = value.is_none() ? nullptr : keep(value.cast<std::vector<std::int64_t>>());
  } else if (field == "strides") {
    tensor.strides = value.is_none() ? nullptr : keep(value.cast<std::vector<std::int64_t>>());
  } else if (field == "data") {
    tensor.data = value.is_none() ? nullptr : reinterpret_cast<void*>(value.cast<std::uintptr_t>());
  } else if (field == "byte_offset") {
    tensor.byte_offset = value.cast<std::uint64_t>();
  } else {
    throw py::type_error("edit() has no field " + field);
  }
}

py::capsule edit(const py::capsule& capsule, const py::kwargs& fields) {
  const Held held = held_by(capsule);
  for (const auto& [name, value] : fields) set_field(held, py::str(name), value);
  return capsule;
}

py::dict look(const py::capsule& capsule) {
  const Held held = held_by(capsule);
  const DLTensor& tensor = held.tensor();
  const auto numbers = [&](const std::int64_t* first) -> py::object {
    if (first == nullptr) return py::none();
    return py::cast(std::vector<std::int64_t>(first, first + tensor.ndim));
  };
  py::dict fields(
      "device"_a =
          py::make_tuple(static_cast<int>(tensor.device.device_type), tensor.device.device_id),
      "dtype"_a = py::make_tuple(tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes),
      "ndim"_a = tensor.ndim, "shape"_a = numbers(tensor.shape),
      "strides"_a = numbers(tensor.strides),
      "data"_a = reinterpret_cast<std::uintptr_t>(tensor.data),
      "byte_offset"_a = tensor.byte_offset);
  if (held.versioned != nullptr) {
    fields["version"] =
        py::make_tuple(held.versioned->version.major, held.versioned->version.minor);
    fields["flags"] = held.versioned->flags;
  }
  return fields;
}

py::capsule rename(const py::capsule& capsule, const std::optional<std::string>& name) {
  const char* kept_name = name ? kept<std::string>().emplace_back(*name).c_str() : nullptr;
  if (PyCapsule_SetName(capsule.ptr(), kept_name) != 0) throw py::error_already_set();
  return capsule;
}

}  // namespace

void add_capsules(py::module_& module) {
  module.def("edit", edit, py::arg("capsule"),
             "Change fields of the struct in a capsule, which is returned.");
  module.def("look", look, py::arg("capsule"), "Fields of the struct, by the names of edit().");
  module.def("rename", rename, py::arg("capsule"), py::arg("name"),
             "Give the capsule another name, None for none; it is returned.");
}

}  // namespace dlpack_impl::faults
