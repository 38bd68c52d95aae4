#include <pybind11/stl.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>

#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "catalogue/error.h"
#include "observe/abi.h"
#include "observe/addresses.h"
#include "observe/read_export.h"

namespace dlpack_conformance::python {
namespace {

/// The managed tensor in a capsule, by the capsule's name; none where the name is no DLPack name.
std::optional<dlpack_impl::Reading> reading_of(PyObject* capsule, const char* name) {
  const std::string_view called = name == nullptr ? "" : name;
  if (called != "dltensor" && called != "dltensor_versioned") return std::nullopt;
  const void* pointer = PyCapsule_GetPointer(capsule, name);
  if (pointer == nullptr) throw py::error_already_set();
  if (called == "dltensor")
    return dlpack_impl::read_header(*static_cast<const DLManagedTensor*>(pointer));
  return dlpack_impl::read_header(*static_cast<const DLManagedTensorVersioned*>(pointer));
}

/// The memory in a capsule of `_instrument`; null for None. Both modules are of one build.
const dlpack_impl::DeviceMemory* memory_of(const py::object& capsule) {
  if (capsule.is_none()) return nullptr;
  void* const memory = PyCapsule_GetPointer(capsule.ptr(), "dlpack_impl.DeviceMemory");
  if (memory == nullptr) throw py::error_already_set();
  return static_cast<const dlpack_impl::DeviceMemory*>(memory);
}

void read_capsule(FactsObject& self, std::string_view group_text, const py::object& capsule,
                  std::uintptr_t origin, std::pair<std::int64_t, std::int64_t> span,
                  const py::bytes& raw, const py::object& device_memory) {
  const ReadGroup group = parse_read_group(group_text);
  auto& name_fact =
      group == ReadGroup::kExport ? self.facts.export_capsule : self.facts.result_read_capsule;
  if (!PyCapsule_CheckExact(capsule.ptr())) {
    name_fact = "no capsule";
    return;
  }
  const char* name = PyCapsule_GetName(capsule.ptr());
  const auto reading = reading_of(capsule.ptr(), name);
  if (!reading) {
    name_fact = name == nullptr ? "" : name;
    return;
  }
  const std::string_view bytes = raw;
  read_export(self.facts, group, *reading, name,
              {.first = origin, .begin = span.first, .end = span.second},
              std::as_bytes(std::span(bytes)), memory_of(device_memory));
}

/// (address, shape, strides in bytes, item size in bytes)
struct OwnedElements {
  explicit OwnedElements(const py::tuple& given) {
    if (given.size() != 4) {
      throw CatalogueError("relate", "elements", std::to_string(given.size()) + " items",
                           "(address, shape, strides_bytes, item_bytes)");
    }
    for (const py::handle extent : given[1]) shape.push_back(py::cast<std::int64_t>(extent));
    for (const py::handle stride : given[2]) strides.push_back(py::cast<std::int64_t>(stride));
    elements = {.first = py::cast<std::uintptr_t>(given[0]),
                .shape = shape,
                .strides_bytes = strides,
                .item_bytes = py::cast<std::int64_t>(given[3])};
  }
  OwnedElements(const OwnedElements&) = delete;  // `elements` points into it
  OwnedElements& operator=(const OwnedElements&) = delete;

  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;
  Elements elements;
};

/// Field of a `Description`, which is a tuple.
enum Field : Py_ssize_t { kShape, kStrides, kDType, kDevice, kAddress, kWritable, kStridesBytes };

/// Elements as a library describes them.
class Described {
 public:
  /// `item_bits`: bits of memory of one element by dtype. Without them, or without address or
  /// strides, nothing is known.
  Described(const py::tuple& description, const py::dict& item_bits) {
    const auto field = [&](Field at) { return PyTuple_GET_ITEM(description.ptr(), at); };
    PyObject* found = PyDict_GetItemWithError(item_bits.ptr(), field(kDType));
    if (found == nullptr && PyErr_Occurred() != nullptr) throw py::error_already_set();
    if (found == nullptr || field(kAddress) == Py_None) return;
    const std::int64_t bits = integer(found);
    elements_.first = static_cast<std::uintptr_t>(PyLong_AsUnsignedLongLong(field(kAddress)));
    if (PyErr_Occurred() != nullptr) throw py::error_already_set();
    read(field(kShape), shape_);
    elements_.item_bytes = bits / 8;
    if (field(kStrides) == Py_None) {
      if (field(kStridesBytes) == Py_None) return;
      read(field(kStridesBytes), strides_);
    } else {
      read(field(kStrides), strides_);
      if (bits % 8 != 0) {
        pack(bits);
      } else {
        for (std::int64_t& stride : strides_) stride *= bits / 8;
      }
    }
    elements_.shape = shape_;
    elements_.strides_bytes = strides_;
    known_ = true;
  }
  Described(const Described&) = delete;  // `elements_` points into it
  Described& operator=(const Described&) = delete;

  [[nodiscard]] bool known() const { return known_; }
  [[nodiscard]] const Elements& elements() const { return elements_; }

 private:
  static std::int64_t integer(PyObject* value) {
    const std::int64_t result = PyLong_AsLongLong(value);
    if (result == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
    return result;
  }

  static void read(PyObject* axes, std::vector<std::int64_t>& into) {
    if (!PyTuple_Check(axes) && !PyList_Check(axes))
      throw CatalogueError("relation", "axes", utf8(py::repr(axes)), "a tuple of ints");
    const Py_ssize_t size = PySequence_Fast_GET_SIZE(axes);
    into.resize(static_cast<std::size_t>(size));
    for (Py_ssize_t at = 0; at < size; ++at)
      into[static_cast<std::size_t>(at)] = integer(PySequence_Fast_GET_ITEM(axes, at));
  }

  /// Packed elements lie in bytes that they share: the bytes are what is compared.
  void pack(std::int64_t bits) {
    if (shape_.size() != strides_.size())
      throw CatalogueError("relation", "strides", std::to_string(strides_.size()),
                           std::to_string(shape_.size()) + ", one for each extent");
    std::int64_t reach = 0;
    for (std::size_t axis = 0; axis < shape_.size(); ++axis)
      reach += std::abs((shape_[axis] - 1) * strides_[axis]);
    shape_ = {(reach * bits + bits + 7) / 8};
    strides_ = {1};
    elements_.item_bytes = 1;
  }

  bool known_ = false;
  std::vector<std::int64_t> shape_;
  std::vector<std::int64_t> strides_;
  Elements elements_;
};

/// Are these fields of two descriptions equal, as Python compares them?
bool equal_fields(const py::tuple& a, const py::tuple& b, std::initializer_list<Field> fields) {
  return std::ranges::all_of(fields, [&](Field at) {
    const int equal = PyObject_RichCompareBool(PyTuple_GET_ITEM(a.ptr(), at),
                                               PyTuple_GET_ITEM(b.ptr(), at), Py_EQ);
    if (equal < 0) throw py::error_already_set();
    return equal == 1;
  });
}

py::object relation(const py::tuple& a, const py::tuple& b, const py::dict& item_bits) {
  for (const py::tuple& one : {a, b}) {
    if (one.size() != kStridesBytes + 1)
      throw CatalogueError("relation", "description", std::to_string(one.size()) + " fields",
                           "7 fields");
  }
  if (PyTuple_GET_ITEM(a.ptr(), kAddress) == Py_None ||
      PyTuple_GET_ITEM(b.ptr(), kAddress) == Py_None)
    return py::none();
  if (equal_fields(a, b, {kAddress, kShape, kStrides, kDType, kDevice, kStridesBytes}))
    return text(spelled(AddressRelation::kSame));
  const Described first(a, item_bits);
  const Described second(b, item_bits);
  if (!first.known() || !second.known()) return py::none();
  return text(spelled(relate(first.elements(), second.elements())));
}

/// What a capsule says of its elements.
struct CapsuleElements {
  explicit CapsuleElements(const py::object& capsule) {
    const char* name = PyCapsule_CheckExact(capsule.ptr()) ? PyCapsule_GetName(capsule.ptr()) : "";
    const auto reading = reading_of(capsule.ptr(), name);
    if (!reading || reading->tensor == nullptr) {
      throw CatalogueError("same_elements", "capsule", name == nullptr ? "" : name,
                           "an unused DLPack capsule of major version 1 or without one");
    }
    tensor = reading->tensor;
    if (tensor->shape != nullptr && tensor->ndim > 0)
      shape = {tensor->shape, static_cast<std::size_t>(tensor->ndim)};
    first = reinterpret_cast<std::uintptr_t>(tensor->data) + tensor->byte_offset;
  }

  /// Strides of the axes that move something; where there are no elements none does.
  [[nodiscard]] std::vector<std::int64_t> moving() const {
    if (std::ranges::find(shape, 0) != shape.end()) return {};
    std::vector<std::int64_t> strides(shape.size());
    std::int64_t step = 1;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      const std::int64_t stride = tensor->strides == nullptr ? step : tensor->strides[axis];
      strides[axis] = shape[axis] > 1 ? stride : 0;
      step *= shape[axis];
    }
    return strides;
  }

  const DLTensor* tensor = nullptr;
  std::span<const std::int64_t> shape;
  std::uintptr_t first = 0;
};

/// Where one of the two lies outside the source's memory it is a copy, whose place and strides are
/// its own.
bool same_elements(const py::object& capsule, const py::object& other, std::uintptr_t origin,
                   std::pair<std::int64_t, std::int64_t> span) {
  const CapsuleElements a(capsule);
  const CapsuleElements b(other);
  const auto in_source = [&](const CapsuleElements& x) {
    const auto offset = static_cast<std::int64_t>(x.first - origin);
    return offset == 0 || (offset >= span.first && offset < span.second);
  };
  const bool in_place = in_source(a) && in_source(b);
  const auto device = [](const CapsuleElements& x) {
    return std::pair(x.tensor->device.device_type, x.tensor->device.device_id);
  };
  const auto dtype = [](const CapsuleElements& x) {
    return std::tuple(x.tensor->dtype.code, x.tensor->dtype.bits, x.tensor->dtype.lanes);
  };
  return device(a) == device(b) && dtype(a) == dtype(b) && std::ranges::equal(a.shape, b.shape) &&
         (!in_place || (a.first == b.first && a.moving() == b.moving()));
}

}  // namespace

void add_observe(py::module_& module) {
  auto facts = py::reinterpret_borrow<py::class_<FactsObject>>(module.attr("Facts"));
  facts.def("read_export", &read_capsule, py::arg("group"), py::arg("capsule"), py::arg("origin"),
            py::arg("span"), py::arg("raw"), py::arg("device_memory") = py::none());
  module.def(
      "relate",
      [](const py::tuple& a, const py::tuple& b) {
        return text(spelled(relate(OwnedElements(a).elements, OwnedElements(b).elements)));
      },
      py::arg("a"), py::arg("b"));
  module.def("relation", &relation, py::arg("a"), py::arg("b"), py::arg("item_bits"));
  module.def("same_elements", &same_elements, py::arg("capsule"), py::arg("other"),
             py::arg("origin"), py::arg("span"));
  module.def(
      "address_text",
      [](std::uintptr_t address, std::uintptr_t origin, std::pair<std::int64_t, std::int64_t> span,
         bool empty) {
        return address_text(address, {.first = origin, .begin = span.first, .end = span.second},
                            empty);
      },
      py::arg("address"), py::arg("origin"), py::arg("span"), py::arg("empty") = false);
  module.def("abi", [] {
    py::dict entries;
    for (const AbiEntry& entry : abi_entries()) entries[text(entry.name)] = facts_dict(entry.facts);
    return entries;
  });
  module.def("long_double_digits", [] { return std::numeric_limits<long double>::digits; });
}

}  // namespace dlpack_conformance::python
