// Elements of an `Array`: decoded by the consumer's code, encoded by the producer's.

#include <dlpack_impl/error.h>

#include <array>
#include <vector>

#include "device_array.h"
#include "fast.h"
#include "values.h"

namespace dlpack_impl::python {
namespace {

constexpr std::size_t kFewLanes = 16;
constexpr std::size_t kFewBytes = 16 * kFewLanes;  // 16 bytes, complex128, is the widest lane

/// An index as integers on the stack. `object`: a tuple, or an int for one axis.
class Index {
 public:
  explicit Index(PyObject* object) {
    if (PyTuple_Check(object)) {
      const Py_ssize_t rank = PyTuple_GET_SIZE(object);
      DLCONFORM_EXPECTS(rank <= kMaxRank, InvalidArgument,
                        detail::field_message("index", rank, "64 axes"));
      for (Py_ssize_t i = 0; i < rank; ++i) add(PyTuple_GET_ITEM(object, i), object);
    } else {
      add(object, object);
    }
  }
  [[nodiscard]] Int64View view() const noexcept { return {numbers_.data(), size_}; }

 private:
  void add(PyObject* item, PyObject* whole) {
    const long long number = PyLong_Check(item) ? PyLong_AsLongLong(item) : -1;
    if (number == -1 && (!PyLong_Check(item) || PyErr_Occurred() != nullptr)) {
      PyErr_Clear();
      refuse(error_types.type_mismatch, "index", whole, "a tuple of integers, one an axis");
      throw PythonErrorIsSet{};
    }
    numbers_[size_++] = number;
  }

  std::array<std::int64_t, kMaxRank> numbers_;
  std::size_t size_ = 0;
};

const TensorView& view_of(PyObject* object) noexcept {
  return reinterpret_cast<ArrayObject*>(object)->view();
}

PyObject* element(const TensorView& view, Int64View index) {
  const DType dtype = view.dtype();
  if (dtype.lanes > kFewLanes) {
    const std::vector<Number> lanes = view.at(index);
    return from_lanes(lanes.data(), lanes.size());
  }
  std::array<std::byte, kFewBytes> raw;
  std::array<Number, kFewLanes> lanes;
  view.get(index, raw.data());
  decode_element(dtype, raw.data(), lanes.data());
  return from_lanes(lanes.data(), dtype.lanes);
}

/// The first and the last element, where there are too many to list.
PyObject* both_ends(const TensorView& view) {
  std::vector<std::int64_t> index(view.shape().size(), 0);
  Ref first(element(view, index));
  for (std::size_t axis = 0; axis < index.size(); ++axis) index[axis] = view.shape()[axis] - 1;
  Ref last(element(view, index));
  if (!first || !last) return nullptr;
  PyObject* list = PyList_New(2);
  if (list == nullptr) return nullptr;
  PyList_SET_ITEM(list, 0, first.release());
  PyList_SET_ITEM(list, 1, last.release());
  return list;
}

}  // namespace

PyObject* list_elements(const TensorView& view) {
  const std::int64_t count = view.element_count();
  if (count > kMaxElements) return both_ends(view);
  const DType dtype = view.dtype();
  const std::vector<std::byte> raw = view.read_raw();
  const std::vector<Number> numbers = decode_elements(dtype, raw.data(), raw.size(), count);
  Ref list(PyList_New(count));
  if (!list) return nullptr;
  for (std::int64_t i = 0; i < count; ++i) {
    PyObject* item = from_lanes(numbers.data() + i * dtype.lanes, dtype.lanes);
    if (item == nullptr) return nullptr;
    PyList_SET_ITEM(list.get(), i, item);
  }
  return list.release();
}

PyObject* raw_elements(const TensorView& view) {
  const std::int64_t size = view.raw_bytes();
  if (view.element_count() > kMaxElements) {
    throw InvalidArgument(detail::field_message("elements", view.element_count(), "2**20"));
  }
  Ref bytes(PyBytes_FromStringAndSize(nullptr, size));
  if (!bytes) return nullptr;
  view.read_raw(PyBytes_AS_STRING(bytes.get()), static_cast<std::size_t>(size));
  return bytes.release();
}

PyObject* one_element(const TensorView& view, Int64View index) { return element(view, index); }

namespace {

/// The argument `stream` of `read` and `raw`, NULL where absent or None. @throws PythonErrorIsSet
PyObject* stream_argument(const ArrayObject& array, PyObject* const* args, Py_ssize_t positional,
                          PyObject* keywords) {
  const Py_ssize_t named = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
  if (positional + named > 1 ||
      (named == 1 && PyUnicode_Compare(PyTuple_GET_ITEM(keywords, 0), names.stream) != 0)) {
    PyErr_SetString(PyExc_TypeError, "only one argument: stream");
    throw PythonErrorIsSet{};
  }
  PyObject* stream = positional + named == 0 || args[0] == Py_None ? nullptr : args[0];
  if (stream != nullptr && array.on == nullptr) {
    refuse(error_types.invalid_argument, "stream", stream, "None on the host");
    throw PythonErrorIsSet{};
  }
  return stream;
}

const ArrayObject& array_of(PyObject* object) noexcept {
  return *reinterpret_cast<const ArrayObject*>(object);
}

}  // namespace

PyObject* array_read(PyObject* object, PyObject* const* args, Py_ssize_t positional,
                     PyObject* keywords) {
  return guarded(static_cast<PyObject*>(nullptr), [&] {
    PyObject* stream = stream_argument(array_of(object), args, positional, keywords);
    return array_of(object).on != nullptr ? list_on_device(array_of(object), stream)
                                          : list_elements(view_of(object));
  });
}

PyObject* array_raw(PyObject* object, PyObject* const* args, Py_ssize_t positional,
                    PyObject* keywords) {
  return guarded(static_cast<PyObject*>(nullptr), [&] {
    PyObject* stream = stream_argument(array_of(object), args, positional, keywords);
    return array_of(object).on != nullptr ? raw_on_device(array_of(object), stream)
                                          : raw_elements(view_of(object));
  });
}

PyObject* array_get(PyObject* object, PyObject* index) {
  return guarded(static_cast<PyObject*>(nullptr), [&] {
    const Index at(index);
    return array_of(object).on != nullptr ? get_on_device(array_of(object), at.view())
                                          : element(view_of(object), at.view());
  });
}

PyObject* array_set(PyObject* object, PyObject* const* args, Py_ssize_t count) {
  if (count != 2) {
    PyErr_Format(PyExc_TypeError, "set() takes 2 arguments, index and value; got %zd", count);
    return nullptr;
  }
  auto& self = *reinterpret_cast<ArrayObject*>(object);
  return guarded(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    const Index index(args[0]);
    DLCONFORM_EXPECTS(!self.readonly(), InvalidArgument,
                      detail::field_message("readonly", "True", "a writable array"));
    const TensorView& view = self.view();
    const DType dtype = view.dtype();
    if (dtype.lanes == 1) {
      const Number number = number_from(args[1]);
      std::array<std::byte, kFewBytes> raw;
      encode_element(dtype, &number, raw.data());
      if (self.on != nullptr) {
        set_on_device(self, index.view(), raw.data());
      } else {
        view.set(index.view(), raw.data());
      }
    } else {
      const std::vector<Number> lanes = lanes_from(args[1], dtype);
      std::vector<std::byte> raw(static_cast<std::size_t>(dtype.element_bytes()));
      encode_element(dtype, lanes.data(), raw.data());
      if (self.on != nullptr) {
        set_on_device(self, index.view(), raw.data());
      } else {
        view.set(index.view(), raw.data());
      }
    }
    Py_RETURN_NONE;
  });
}

}  // namespace dlpack_impl::python
