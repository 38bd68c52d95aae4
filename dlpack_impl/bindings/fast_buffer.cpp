// `Array` by the buffer protocol and the two array interfaces of NumPy, for the dtypes that these
// can spell.

#include <dlpack_impl/error.h>

#include <memory>
#include <new>

#include "fast.h"
#include "values.h"

namespace dlpack_impl::python {
namespace {

/// How a dtype is spelled: `format` as in the struct module (complex: `Z` before the part), `kind`
/// as in a typestr.
struct Spelling {
  DType dtype;
  const char* format;
  char kind;
};

constexpr Spelling kSpellings[] = {
    {{kDLBool, 8}, "?", 'b'},      {{kDLInt, 8}, "b", 'i'},        {{kDLInt, 16}, "h", 'i'},
    {{kDLInt, 32}, "i", 'i'},      {{kDLInt, 64}, "q", 'i'},       {{kDLUInt, 8}, "B", 'u'},
    {{kDLUInt, 16}, "H", 'u'},     {{kDLUInt, 32}, "I", 'u'},      {{kDLUInt, 64}, "Q", 'u'},
    {{kDLFloat, 16}, "e", 'f'},    {{kDLFloat, 32}, "f", 'f'},     {{kDLFloat, 64}, "d", 'f'},
    {{kDLComplex, 64}, "Zf", 'c'}, {{kDLComplex, 128}, "Zd", 'c'},
};

const Spelling* spelling(DType dtype) noexcept {
  for (const Spelling& row : kSpellings) {
    if (row.dtype == dtype) return &row;
  }
  return nullptr;
}

ArrayObject& array_of(PyObject* object) noexcept { return *reinterpret_cast<ArrayObject*>(object); }

bool is_f_contiguous(const TensorView& view) {
  std::vector<std::int64_t> shape(view.shape().begin(), view.shape().end());
  std::vector<std::int64_t> strides(view.strides().begin(), view.strides().end());
  return is_c_contiguous(std::vector<std::int64_t>(shape.rbegin(), shape.rend()),
                         std::vector<std::int64_t>(strides.rbegin(), strides.rend()));
}

// ---- buffer protocol
// ---------------------------------------------------------------------------------------

/// @throws BufferError  the request can't be met. @spec R-33 R-34
void check_request(const ArrayObject& array, const Spelling* spelled, int flags) {
  const TensorView& view = array.view();
  DLCONFORM_EXPECTS(
      spelled != nullptr, BufferError,
      detail::field_message("dtype", dtype_name(view.dtype()), "one that has a struct code"));
  const Device device = array.on != nullptr ? view.device() : array.device();
  DLCONFORM_EXPECTS(
      device.is_host_readable(), BufferError,
      detail::field_message("device", device_name(device), "a device that the host can read"));
  DLCONFORM_EXPECTS((flags & PyBUF_WRITABLE) == 0 || !array.readonly(), BufferError,
                    detail::field_message("readonly", "True", "a request that does not write"));
  const bool c_order = is_c_contiguous(view.shape(), view.strides());
  const auto asks = [flags](int bits) { return (flags & bits) == bits; };
  const bool needs_c = asks(PyBUF_C_CONTIGUOUS) || !asks(PyBUF_STRIDES);
  DLCONFORM_EXPECTS(
      c_order || !needs_c, BufferError,
      detail::field_message("strides", "not C-contiguous", "what the request asks for"));
  if (c_order || (!asks(PyBUF_F_CONTIGUOUS) && !asks(PyBUF_ANY_CONTIGUOUS))) {
    DLCONFORM_EXPECTS(
        !asks(PyBUF_F_CONTIGUOUS) || is_f_contiguous(view), BufferError,
        detail::field_message("strides", "not Fortran-contiguous", "what the request asks for"));
    return;
  }
  DLCONFORM_EXPECTS(
      is_f_contiguous(view), BufferError,
      detail::field_message("strides", "not contiguous", "what the request asks for"));
}

/// Shape and byte strides behind a `Py_buffer`, in one block; NULL for rank 0.
Py_ssize_t* make_extents(const TensorView& view) {
  const std::size_t rank = view.shape().size();
  if (rank == 0) return nullptr;
  auto* extents = new Py_ssize_t[2 * rank];
  for (std::size_t axis = 0; axis < rank; ++axis) {
    extents[axis] = view.shape()[axis];
    extents[rank + axis] = view.strides()[axis] * view.dtype().element_bytes();
  }
  return extents;
}

}  // namespace

int array_get_buffer(PyObject* object, Py_buffer* buffer, int flags) {
  ArrayObject& self = array_of(object);
  buffer->obj = nullptr;
  if (!self.log.note(Method::kBuffer)) return -1;
  return guarded(-1, [&] {
    const TensorView& view = self.view();
    const Spelling* spelled = spelling(view.dtype());
    check_request(self, spelled, flags);
    const Py_ssize_t item = view.dtype().element_bytes();
    Py_ssize_t length = 0;
    DLCONFORM_EXPECTS(
        !__builtin_mul_overflow(static_cast<Py_ssize_t>(view.element_count()), item, &length),
        BufferError,
        detail::field_message("elements", view.element_count(), "2**63 - 1 bytes in all"));
    Py_ssize_t* extents = make_extents(view);
    buffer->buf = view.first();
    buffer->len = length;
    buffer->itemsize = item;
    buffer->readonly = self.readonly() ? 1 : 0;
    buffer->ndim = static_cast<int>(view.shape().size());
    buffer->format = (flags & PyBUF_FORMAT) != 0 ? const_cast<char*>(spelled->format) : nullptr;
    buffer->shape = (flags & PyBUF_ND) != 0 ? extents : nullptr;
    buffer->strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES && extents != nullptr
                          ? extents + buffer->ndim
                          : nullptr;
    buffer->suboffsets = nullptr;
    buffer->internal = extents;
    Py_INCREF(object);
    buffer->obj = object;
    return 0;
  });
}

void array_release_buffer(PyObject*, Py_buffer* buffer) {
  delete[] static_cast<Py_ssize_t*>(buffer->internal);
}

// ---- array interfaces
// --------------------------------------------------------------------------------------

namespace {

#if PY_BIG_ENDIAN
constexpr char kNativeOrder = '>';
#else
constexpr char kNativeOrder = '<';
#endif

/// The spelling, or NULL with AttributeError set: an object that can't be described does not have
/// the attribute.
const Spelling* spelling_for(const ArrayObject& array, PyObject* attribute) noexcept {
  const Spelling* spelled = spelling(array.view().dtype());
  if (spelled == nullptr || !array.device().is_host_readable() ||
      !array.view().device().is_host_readable()) {
    const Ref name(from_dtype(array.view().dtype()));
    if (name) {
      PyErr_Format(PyExc_AttributeError,
                   "%U: dtype %U on device type %d; limit: a typestr, in host memory", attribute,
                   name.get(), array.device().type);
    }
    return nullptr;
  }
  return spelled;
}

PyObject* byte_strides(const TensorView& view) {
  std::vector<std::int64_t> bytes(view.strides().begin(), view.strides().end());
  for (std::int64_t& stride : bytes) stride *= view.dtype().element_bytes();
  return from_integers(bytes.data(), bytes.size());
}

/// `PyArrayInterface` as NumPy documents it, with the extents it points to. @spec R-31
struct ArrayStruct {
  int two;
  int nd;
  char typekind;
  int itemsize;
  int flags;
  Py_intptr_t* shape;
  Py_intptr_t* strides;
  void* data;
  PyObject* descr;
  Py_intptr_t extents[2 * kMaxRank];
};

enum ArrayFlags : int {
  kCContiguous = 0x1,
  kFContiguous = 0x2,
  kAligned = 0x100,
  kNotSwapped = 0x200,
  kWriteable = 0x400,
};

void destroy_array_struct(PyObject* capsule) {
  const KeepException kept;
  delete static_cast<ArrayStruct*>(PyCapsule_GetPointer(capsule, nullptr));
  Py_XDECREF(static_cast<PyObject*>(PyCapsule_GetContext(capsule)));
}

std::unique_ptr<ArrayStruct> fill_array_struct(const ArrayObject& array, const Spelling& spelled) {
  const TensorView& view = array.view();
  auto filled = std::make_unique<ArrayStruct>();
  const std::int64_t item = view.dtype().element_bytes();
  const std::size_t rank = view.shape().size();
  filled->two = 2;
  filled->nd = static_cast<int>(rank);
  filled->typekind = spelled.kind;
  filled->itemsize = static_cast<int>(item);
  const std::int64_t part = spelled.kind == 'c' ? item / 2 : item;
  const bool aligned =
      reinterpret_cast<std::uintptr_t>(view.first()) % static_cast<std::uintptr_t>(part) == 0;
  filled->flags = kNotSwapped | (array.readonly() ? 0 : kWriteable) | (aligned ? kAligned : 0) |
                  (is_c_contiguous(view.shape(), view.strides()) ? kCContiguous : 0) |
                  (is_f_contiguous(view) ? kFContiguous : 0);
  for (std::size_t axis = 0; axis < rank; ++axis) {
    filled->extents[axis] = view.shape()[axis];
    filled->extents[rank + axis] = view.strides()[axis] * item;
  }
  filled->shape = filled->extents;
  filled->strides = filled->extents + rank;
  filled->data = view.first();
  return filled;
}

}  // namespace

PyObject* array_interface(PyObject* object, void*) {
  ArrayObject& self = array_of(object);
  const Spelling* spelled = spelling_for(self, names.array_interface);
  if (spelled == nullptr || !self.log.note(Method::kArrayInterface)) return nullptr;
  return guarded(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    const TensorView& view = self.view();
    const long item = static_cast<long>(view.dtype().element_bytes());
    const Ref typestr(
        PyUnicode_FromFormat("%c%c%ld", item == 1 ? '|' : kNativeOrder, spelled->kind, item));
    const Ref shape(from_integers(view.shape().data(), view.shape().size()));
    const bool c_order = is_c_contiguous(view.shape(), view.strides());
    const Ref strides(c_order ? Ref::borrow(Py_None).release() : byte_strides(view));
    if (!typestr || !shape || !strides) return nullptr;
    return Py_BuildValue("{s:O,s:O,s:(NO),s:O,s:i}", "shape", shape.get(), "typestr", typestr.get(),
                         "data", PyLong_FromVoidPtr(view.first()),
                         self.readonly() ? Py_True : Py_False, "strides", strides.get(), "version",
                         3);
  });
}

PyObject* array_struct(PyObject* object, void*) {
  ArrayObject& self = array_of(object);
  const Spelling* spelled = spelling_for(self, names.array_struct);
  if (spelled == nullptr || !self.log.note(Method::kArrayStruct)) return nullptr;
  return guarded(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    std::unique_ptr<ArrayStruct> filled = fill_array_struct(self, *spelled);
    PyObject* capsule = PyCapsule_New(filled.get(), nullptr, destroy_array_struct);
    if (capsule == nullptr) return nullptr;
    filled.release();
    Py_INCREF(object);
    (void)PyCapsule_SetContext(capsule, object);  // can't fail: the capsule is valid
    return capsule;
  });
}

}  // namespace dlpack_impl::python
