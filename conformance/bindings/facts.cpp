#include "core/facts.h"

#include <array>
#include <string>

#include "bindings/bindings.h"
#include "bindings/convert.h"
#include "catalogue/error.h"

namespace dlpack_conformance::python {
namespace {

// ---- Python value -> field, true where the type is the fact's

bool read(PyObject* value, Flag& out) {
  if (!PyBool_Check(value)) return false;
  out = value == Py_True;
  return true;
}

bool read(PyObject* value, Int& out) {
  if (!PyLong_Check(value) || PyBool_Check(value)) return false;
  out = PyLong_AsLongLong(value);
  if (out != -1 || PyErr_Occurred() == nullptr) return true;
  PyErr_Clear();
  return false;
}

bool read(PyObject* value, Text& out) {
  if (!PyUnicode_Check(value)) return false;
  out = utf8(value);
  return true;
}

template <class T>
bool read(PyObject* value, std::vector<T>& out) {
  const bool is_tuple = PyTuple_Check(value);
  if (!is_tuple && !PyList_Check(value)) return false;
  const Py_ssize_t size = PySequence_Fast_GET_SIZE(value);
  PyObject** items = PySequence_Fast_ITEMS(value);
  out.resize(static_cast<std::size_t>(size));
  for (Py_ssize_t at = 0; at < size; ++at) {
    if (!read(items[at], out[static_cast<std::size_t>(at)])) return false;
  }
  return true;
}

using Setter = bool (*)(Facts&, PyObject*);

template <class T, std::optional<T> Facts::*field>
bool set_field(Facts& facts, PyObject* value) {
  if (value == Py_None) {
    (facts.*field).reset();
    return true;
  }
  std::optional<T>& target = facts.*field;
  if (!target) target.emplace();
  if (read(value, *target)) return true;
  target.reset();
  return false;
}

constexpr std::array<Setter, kFactCount> kSetters = {
#define DLCONFORM_FACT(group, name, type, unit, collector, text) \
  &set_field<type, &Facts::group##_##name>,
#include "catalogue/facts.def"
#undef DLCONFORM_FACT
};

std::string_view wanted(FactType type) {
  switch (type) {
    case FactType::kFlag:
      return "True, False or None";
    case FactType::kInt:
      return "an int of 64 bits or None";
    case FactType::kText:
      return "a str or None";
    case FactType::kInts:
      return "a tuple or list of ints of 64 bits, or None";
    case FactType::kTexts:
      return "a tuple or list of str, or None";
  }
  return {};
}

/// Names of facts, interned, to their numbers. Looked up twice: by the object that the caller's
/// code holds as a constant, which is the same each time, and only then by its text.
class Names {
 public:
  Names() {
    for (const FactRow& row : kFactRows) {
      by_text_[text(row.spelled)] = py::int_(static_cast<std::size_t>(row.id));
    }
  }

  FactId find(PyObject* name) {
    Slot& slot = slots_[slot_of(name)];
    if (slot.name == name) return slot.id;
    PyObject* number =
        PyUnicode_Check(name) ? PyDict_GetItemWithError(by_text_.ptr(), name) : nullptr;
    if (number == nullptr) {
      throw CatalogueError("facts", "name", utf8(py::str(py::handle(name))),
                           "a name of catalogue/facts.def");
    }
    const auto id = static_cast<FactId>(PyLong_AsLong(number));
    Py_INCREF(name);  // while the slot holds it, no other object has its address
    Py_XDECREF(slot.name);
    slot = {.name = name, .id = id};
    return id;
  }

 private:
  struct Slot {
    PyObject* name = nullptr;
    FactId id{};
  };

  static std::size_t slot_of(PyObject* name) {
    return (reinterpret_cast<std::uintptr_t>(name) >> 4) % 1021;
  }

  py::dict by_text_;
  std::array<Slot, 1021> slots_{};
};

Names& names() {
  static auto* const instance =
      new Names;  // never destroyed: the interpreter is gone before statics are
  return *instance;
}

void set_one(Facts& facts, PyObject* name, PyObject* value) {
  const FactId id = names().find(name);
  const auto index = static_cast<std::size_t>(id);
  if (kSetters[index](facts, value)) return;
  if (PyErr_Occurred() != nullptr) throw py::error_already_set();
  throw CatalogueError("facts", kFactRows[index].spelled, utf8(py::repr(value)),
                       wanted(kFactRows[index].type));
}

void update(FactsObject& self, const py::dict& facts) {
  PyObject* name = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(facts.ptr(), &position, &name, &value) != 0) set_one(self.facts, name, value);
}

}  // namespace

py::object fact_value(const FactValue& value) {
  return std::visit(
      [](const auto& one) -> py::object {
        using T = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<T, std::monostate>) {
          return py::none();
        } else if constexpr (std::is_same_v<T, Flag>) {
          return py::bool_(one);
        } else if constexpr (std::is_same_v<T, Int>) {
          return py::int_(one);
        } else if constexpr (std::is_same_v<T, Text>) {
          return text(one);
        } else if constexpr (std::is_same_v<T, Ints>) {
          return ints(one);
        } else {
          py::tuple result(one.size());
          for (std::size_t at = 0; at < one.size(); ++at) result[at] = text(one[at]);
          return result;
        }
      },
      value);
}

FactValue fact_value(FactId id, py::handle value) {
  Facts scratch;
  const auto index = static_cast<std::size_t>(id);
  if (!kSetters[index](scratch, value.ptr())) {
    if (PyErr_Occurred() != nullptr) throw py::error_already_set();
    throw CatalogueError("facts", kFactRows[index].spelled, utf8(py::repr(value)),
                         wanted(kFactRows[index].type));
  }
  return get_fact(scratch, id);
}

py::dict facts_dict(const Facts& facts) {
  py::dict result;
  for (const FactRow& row : kFactRows) {
    const FactValue value = get_fact(facts, row.id);
    if (!std::holds_alternative<std::monostate>(value))
      result[text(row.spelled)] = fact_value(value);
  }
  return result;
}

void add_facts(py::module_& module) {
  py::class_<FactsObject>(module, "Facts", py::is_final())
      .def(py::init<>())
      .def("clear", [](FactsObject& self) { clear(self.facts); })
      .def(
          "set",
          [](FactsObject& self, const py::str& name, const py::object& value) {
            set_one(self.facts, name.ptr(), value.ptr());
          },
          py::arg("name"), py::arg("value"))
      .def("update", &update, py::arg("facts"))
      .def(
          "get",
          [](const FactsObject& self, const py::str& name) {
            return fact_value(get_fact(self.facts, names().find(name.ptr())));
          },
          py::arg("name"))
      .def("to_dict", [](const FactsObject& self) { return facts_dict(self.facts); });
}

}  // namespace dlpack_conformance::python
