// `__cuda_array_interface__`, version 3, both ways.

#include <dlpack_impl/error.h>

#include <array>
#include <charconv>
#include <string>

#include "device_array.h"
#include "parts.h"
#include "values.h"

namespace py = pybind11;

namespace dlpack_impl::python {
namespace {

#if PY_BIG_ENDIAN
constexpr char kNativeOrder = '>';
#else
constexpr char kNativeOrder = '<';
#endif

// ---- as a producer
// -------------------------------------------------------------------------------------------

/// The typestr of a dtype; empty where it has none.
std::string typestr_of(DType dtype) {
  if (dtype.lanes != 1 || dtype.bits % 8 != 0) return {};
  char kind = 0;
  if (dtype == DType{kDLBool, 8}) kind = 'b';
  if (dtype.code == kDLInt) kind = 'i';
  if (dtype.code == kDLUInt) kind = 'u';
  if (dtype.code == kDLFloat) kind = 'f';
  if (dtype.code == kDLComplex) kind = 'c';
  if (kind == 0) return {};
  const int size = dtype.bits / 8;
  return std::string(1, size == 1 ? '|' : kNativeOrder) + kind + std::to_string(size);
}

// ---- as a consumer
// -------------------------------------------------------------------------------------------

[[noreturn]] void refuse_field(const char* field, const py::handle& value, const char* limit) {
  refuse(error_types.invalid_argument, field, value.ptr(), limit);
  throw PythonErrorIsSet{};
}

/// @throws InvalidArgument  no typestr of one native number.
DType dtype_of(const py::object& typestr) {
  constexpr const char* kLimit = "'<', '|' or native, one of b i u f c, bytes of an element";
  const std::string_view text = text_from(typestr.ptr(), "typestr");
  int size = 0;
  if (text.size() < 3) refuse_field("typestr", typestr, kLimit);
  const auto [end, failure] = std::from_chars(text.data() + 2, text.data() + text.size(), size);
  if (failure != std::errc() || end != text.data() + text.size() || size < 1 || size > 16 ||
      (text[0] != kNativeOrder && !(text[0] == '|' && size == 1))) {
    refuse_field("typestr", typestr, kLimit);
  }
  constexpr std::pair<char, std::uint8_t> kKinds[] = {
      {'b', kDLBool}, {'i', kDLInt}, {'u', kDLUInt}, {'f', kDLFloat}, {'c', kDLComplex}};
  for (const auto& [kind, code] : kKinds) {
    const DType dtype{code, static_cast<std::uint8_t>(8 * size)};
    if (kind == text[1] && is_known_dtype(dtype)) return dtype;
  }
  refuse_field("typestr", typestr, kLimit);
}

py::object entry(const py::dict& fields, const char* name) {
  if (fields.contains(name)) return fields[name];
  return py::none();
}

/// What the interface describes, with extents checked; nothing of the memory is touched.
SourceTensor tensor_of(const py::dict& fields, int version) {
  SourceTensor tensor;
  tensor.dtype = dtype_of(entry(fields, "typestr"));
  tensor.shape = integers_from(entry(fields, "shape").ptr(), "shape");
  const std::int64_t size = tensor.dtype.element_bytes();
  const py::object strides = entry(fields, "strides");
  if (strides.is_none()) {
    tensor.strides = consumer_strides(tensor.shape);
  } else {
    tensor.strides = integers_from(strides.ptr(), "strides");
    for (std::int64_t& stride : tensor.strides) {
      if (stride % size != 0) refuse_field("strides", strides, "whole elements, in bytes");
      stride /= size;
    }
  }
  const py::object mask = entry(fields, "mask");
  if (!mask.is_none()) refuse_field("mask", mask, "None");
  const py::object data = entry(fields, "data");
  if (!py::isinstance<py::tuple>(data) || py::len(data) != 2 || version < 2)
    refuse_field("data", data, "a pair (address, readonly), in version 2 or newer");
  const py::tuple pair = data;
  tensor.origin = PyLong_AsVoidPtr(py::object(pair[0]).ptr());
  if (PyErr_Occurred() != nullptr) throw PythonErrorIsSet{};
  tensor.readonly = PyObject_IsTrue(py::object(pair[1]).ptr()) == 1;
  return tensor;
}

/// Keeps a Python object until the deleter ran, on any thread.
Keeper keep_object(const py::object& object) {
  return {object.inc_ref().ptr(), [](void* context) noexcept {
            if (Py_IsInitialized() == 0) return;
            const PyGILState_STATE state = PyGILState_Ensure();
            {
              const KeepException kept;
              Py_DECREF(static_cast<PyObject*>(context));
            }
            PyGILState_Release(state);
          }};
}

OpenDevicePtr device_holding(SourceTensor& tensor) {
  const bool empty = element_count(tensor.shape) == 0;
  const OpenDevicePtr open = empty ? find_open({kDLCUDA, 0}) : find_open_holding(tensor.origin);
  if (open == nullptr) {
    const Ref address(PyLong_FromVoidPtr(tensor.origin));
    if (address)
      refuse(error_types.buffer_error, "data", address.get(), "memory of an open CUDA device");
    throw PythonErrorIsSet{};
  }
  tensor.device =
      empty ? open->accelerator()->device() : open->accelerator()->query(tensor.origin).device;
  return open;
}

py::object from_cuda_array_interface(const py::object& x) {
  const py::object described = checked(PyObject_GetAttr(x.ptr(), names.cuda_array_interface));
  if (!py::isinstance<py::dict>(described)) {
    refuse(error_types.type_mismatch, "__cuda_array_interface__", described.ptr(), "a dict");
    throw PythonErrorIsSet{};
  }
  const py::dict fields = described;
  const py::object version = entry(fields, "version");
  const long number = PyLong_Check(version.ptr()) ? PyLong_AsLong(version.ptr()) : -1;
  if (PyErr_Occurred() != nullptr) throw PythonErrorIsSet{};
  if (number < 0) refuse_field("version", version, "an integer from 0");
  SourceTensor tensor = tensor_of(fields, static_cast<int>(number));
  const OpenDevicePtr open = device_holding(tensor);
  const Stream current = open->current_stream();
  const py::object stream = entry(fields, "stream");
  if (!stream.is_none() && number >= 3) {
    const Stream theirs = PyLong_Check(stream.ptr()) ? PyLong_AsLong(stream.ptr()) : 0;
    if (PyErr_Occurred() != nullptr) throw PythonErrorIsSet{};
    if (theirs <= 0 || !open->accelerator()->has_stream(theirs))
      refuse_field("stream", stream, "None, 1, 2 or the handle of a live stream");
    if (theirs != current) open->accelerator()->order(theirs, current);
  }
  // Not counted among the arrays' exports: nobody asked a producer of ours for it.
  static auto* log = new std::shared_ptr<ExportLog>(std::make_shared<ExportLog>());
  const Producer producer(std::move(tensor), *log);
  const Keeper keeper = keep_object(x);
  VersionedPtr managed;
  try {
    managed = producer.export_versioned({}, keeper);
  } catch (...) {
    keeper.release(keeper.context);
    throw;
  }
  return checked(array_on_device(StoragePtr(new Storage(std::move(managed))), current));
}

}  // namespace

PyObject* array_cuda_interface(PyObject* object, void*) {
  auto& self = *reinterpret_cast<ArrayObject*>(object);
  const TensorView& view = self.view();
  const Device device = self.device();
  return guarded(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    const std::string typestr = typestr_of(view.dtype());
    if (self.on == nullptr || typestr.empty() ||
        (device.type != kDLCUDA && device.type != kDLCUDAManaged)) {
      return PyErr_Format(PyExc_AttributeError,
                          "__cuda_array_interface__: dtype %s on %s; limit: a typestr, on CUDA",
                          dtype_name(view.dtype()).c_str(), device_name(device).c_str());
    }
    if (!self.log.note(Method::kCudaArrayInterface)) return nullptr;
    const Ref shape(from_integers(view.shape().data(), view.shape().size()));
    std::vector<std::int64_t> bytes = view.strides().to_vector();
    for (std::int64_t& stride : bytes) stride *= view.dtype().element_bytes();
    const Ref strides(is_c_contiguous(view.shape(), view.strides())
                          ? Ref::borrow(Py_None).release()
                          : from_integers(bytes.data(), bytes.size()));
    if (!shape || !strides) return nullptr;
    const Ref stream(array_work_stream(object, nullptr));
    if (!stream) return nullptr;
    void* address = view.element_count() == 0 ? nullptr : view.first();
    return Py_BuildValue("{s:O,s:s,s:(NO),s:O,s:i,s:O}", "shape", shape.get(), "typestr",
                         typestr.c_str(), "data", PyLong_FromVoidPtr(address),
                         self.readonly() ? Py_True : Py_False, "strides", strides.get(), "version",
                         3, "stream", stream.get());
  });
}

void add_cuda_interface(py::module_& module) {
  module.def(
      "from_cuda_array_interface", from_cuda_array_interface, py::arg("x"), py::pos_only(),
      "Import by __cuda_array_interface__; later work on the current stream is ordered after "
      "its stream.");
}

}  // namespace dlpack_impl::python
