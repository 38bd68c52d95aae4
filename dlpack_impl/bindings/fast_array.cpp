// The type `Array`: made by the user over a `Memory`, or by the consumer over an imported tensor.

#include <dlpack_impl/error.h>

#include <cstddef>

#include "fast.h"
#include "stated.h"
#include "values.h"

namespace dlpack_impl::python {

PyTypeObject* array_type = nullptr;

namespace {

// Of the type itself, as an object of a subclass can be larger. Guarded by the GIL.
FreeList free_arrays;

}  // namespace

bool ArrayObject::readonly() const noexcept {
  if (side != nullptr) return side->producer.tensor().readonly;
  return storage->imported() != nullptr && storage->imported()->header().read_only();
}

ExportLog& all_exports() noexcept {
  static auto* log =
      new ExportLog();  // never destroyed: a consumer may free an export after the module is gone
  return *log;
}

namespace {

#ifdef Py_GIL_DISABLED
constexpr Makers kMakers = Makers::kAnyThread;
#else
constexpr Makers kMakers = Makers::kOneAtATime;  // all exports are made with the GIL held
#endif

}  // namespace

ProducerSide::ProducerSide(SourceTensor tensor, Storage& storage)
    : producer(std::move(tensor), std::make_shared<ExportLog>(&all_exports(), kMakers)) {
  producer.log()->keep(storage.keeper());
}

ProducerSide& make_producer_side(ArrayObject& array) {
  const TensorView& view = array.view();
  SourceTensor tensor;
  tensor.dtype = view.dtype();
  tensor.shape = view.shape().to_vector();
  tensor.strides = view.strides().to_vector();
  tensor.origin = view.first();
  tensor.device = view.device();
  tensor.readonly = array.readonly();
  auto side = std::make_unique<ProducerSide>(std::move(tensor), *array.storage);
  side->device = view.device();
  array.side = side.release();
  return *array.side;
}

PyObject* array_from(StoragePtr storage) noexcept {
  // Not tracked: a result holds nothing that could hold it, until `watch` is told otherwise.
  auto* self = static_cast<ArrayObject*>(free_arrays.take());
  if (self != nullptr) {
    PyObject_Init(reinterpret_cast<PyObject*>(self), array_type);
  } else if ((self = PyObject_GC_New(ArrayObject, array_type)) == nullptr) {
    return nullptr;
  }
  self->weak_references = nullptr;
  self->shape = nullptr;
  self->strides = nullptr;
  self->side = nullptr;
  self->own_view = nullptr;
  self->copied_from = nullptr;
  self->on = nullptr;
  new (&self->log) CallLog();
  self->storage = storage.release();
  return reinterpret_cast<PyObject*>(self);
}

void watch(PyObject* array, PyObject* value) noexcept {
  if (!PyObject_IS_GC(value) || PyObject_GC_IsTracked(array) != 0) return;
  if (PyTuple_CheckExact(value)) {
    bool plain = true;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(value); ++i) {
      plain = plain && !PyObject_IS_GC(PyTuple_GET_ITEM(value, i));
    }
    if (plain) return;
  }
  PyObject_GC_Track(array);
}

namespace {

ArrayObject& array_of(PyObject* object) noexcept { return *reinterpret_cast<ArrayObject*>(object); }

// ---- construction
// ------------------------------------------------------------------------------------------

bool truth(PyObject* value, bool absent) {
  if (value == nullptr) return absent;
  const int answer = PyObject_IsTrue(value);
  if (answer < 0) throw PythonErrorIsSet{};
  return answer != 0;
}

/// One of two or three words. @throws PythonErrorIsSet with InvalidArgument or TypeMismatch set.
template <class Choice, std::size_t N>
Choice choice(PyObject* value, const char* field, const char* limit,
              const std::pair<const char*, Choice> (&words)[N]) {
  if (value == nullptr) return words[0].second;
  const std::string_view text = text_from(value, field);
  for (const auto& [word, meaning] : words) {
    if (text == word) return meaning;
  }
  refuse(error_types.invalid_argument, field, value, limit);
  throw PythonErrorIsSet{};
}

struct Options {
  PyObject* readonly = nullptr;
  PyObject* device = nullptr;
  PyObject* version = nullptr;
  PyObject* legacy = nullptr;
  PyObject* flags = nullptr;
  PyObject* null_strides = nullptr;
  PyObject* null_shape = nullptr;
  PyObject* null_data = nullptr;
  PyObject* offset_in = nullptr;
  PyObject* deleter = nullptr;
  PyObject* honours_copy = nullptr;
  PyObject* honours_device = nullptr;
  PyObject* keywords = nullptr;
  PyObject* raises = nullptr;
  PyObject* legacy_readonly = nullptr;
  PyObject* break_rules = nullptr;
  PyObject* states = nullptr;
};

bool given(PyObject* value) noexcept { return value != nullptr && value != Py_None; }

void set_options(ProducerSide& side, const Options& options) {
  ExportOptions& stated = side.options;
  if (given(options.version)) {
    long major = 0;
    long minor = 0;
    if (!parse_pair(options.version, "version", 0, major, minor)) throw PythonErrorIsSet{};
    stated.version = {static_cast<std::uint32_t>(major), static_cast<std::uint32_t>(minor)};
  }
  if (given(options.flags)) {
    stated.flags = PyLong_AsUnsignedLongLong(options.flags);
    if (PyErr_Occurred() != nullptr) {
      PyErr_Clear();
      refuse(error_types.invalid_argument, "flags", options.flags,
             "an integer of 64 bits without sign");
      throw PythonErrorIsSet{};
    }
  }
  if (given(options.device)) {
    stated.device = device_from(options.device, "device");
    side.device = *stated.device;
  }
  stated.null_strides = truth(options.null_strides, false);
  stated.null_shape = truth(options.null_shape, false);
  stated.null_data = truth(options.null_data, false);
  stated.break_rules = truth(options.break_rules, false);
  stated.offset_in =
      choice<OffsetIn>(options.offset_in, "offset_in", "data or byte_offset",
                       {{"data", OffsetIn::kData}, {"byte_offset", OffsetIn::kByteOffset}});
  stated.null_deleter = choice<bool>(options.deleter, "deleter", "counted or null",
                                     {{"counted", false}, {"null", true}});
  side.legacy = choice<Legacy>(
      options.legacy, "legacy", "auto, always or never",
      {{"auto", Legacy::kAuto}, {"always", Legacy::kAlways}, {"never", Legacy::kNever}});
  side.legacy_readonly = choice<bool>(options.legacy_readonly, "legacy_readonly",
                                      "refuse or export", {{"refuse", false}, {"export", true}});
  side.honours_copy = truth(options.honours_copy, true);
  side.honours_device = truth(options.honours_device, true);
  if (given(options.keywords)) {
    side.keywords = Ref(PySequence_Tuple(options.keywords));
    if (!side.keywords) throw PythonErrorIsSet{};
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(side.keywords.get()); ++i) {
      (void)text_from(PyTuple_GET_ITEM(side.keywords.get(), i), "keywords");
    }
  }
  if (given(options.raises)) {
    if (!PyExceptionInstance_Check(options.raises)) {
      refuse(error_types.type_mismatch, "raises", options.raises, "an exception instance");
      throw PythonErrorIsSet{};
    }
    side.raises = Ref::borrow(options.raises);
  }
  if (given(options.states)) side.stated = stated_from(options.states);
}

void fill_array(ArrayObject& self, MemoryObject& memory, PyObject* dtype, PyObject* shape,
                PyObject* strides, const Options& options) {
  Buffer& buffer = *memory.storage->buffer();
  SourceTensor tensor;
  tensor.dtype = dtype_from(dtype);
  tensor.shape = integers_from(shape, "shape");
  tensor.strides = integers_from(strides, "strides");
  tensor.origin = buffer.origin();
  tensor.offset_bytes =
      static_cast<const char*>(buffer.first()) - static_cast<const char*>(buffer.origin());
  tensor.readonly = given(options.readonly) ? truth(options.readonly, false) : buffer.readonly();
  const Device device = buffer.device();
  tensor.device = device;
  auto side = std::make_unique<ProducerSide>(std::move(tensor), *memory.storage);
  side->device = device;
  set_options(*side, options);
  const SourceTensor& kept = side->producer.tensor();
  // Read where it is, whatever device the exports are to state.
  self.own_view = new TensorView(kept.dtype, buffer.first(), kept.shape, kept.strides, device,
                                 Where::kAnywhere);
  const auto [lowest, end] = self.own_view->span_bytes();
  const std::int64_t first = buffer.first_offset_bytes();
  DLCONFORM_EXPECTS(
      first + lowest >= 0 && first + end <= static_cast<std::int64_t>(buffer.size_bytes()),
      InvalidArgument,
      detail::field_message("strides",
                            "bytes " + std::to_string(first + lowest) + " to " +
                                std::to_string(first + end) + " of the memory",
                            "0 to " + std::to_string(buffer.size_bytes())));
  if (device != kCpu) self.on = make_device_side(buffer.memory());
  self.side = side.release();
  self.storage = memory.storage;
  self.storage->share();
}

PyObject* array_new(PyTypeObject* type, PyObject* args, PyObject* keywords) {
  static const char* const known[] = {
      "memory",          "dtype",       "shape",        "strides",        "readonly",   "device",
      "version",         "legacy",      "flags",        "null_strides",   "null_shape", "null_data",
      "offset_in",       "deleter",     "honours_copy", "honours_device", "keywords",   "raises",
      "legacy_readonly", "break_rules", "states",       nullptr};
  PyObject* memory = nullptr;
  PyObject* dtype = nullptr;
  PyObject* shape = nullptr;
  PyObject* strides = nullptr;
  Options o;
  if (!PyArg_ParseTupleAndKeywords(
          args, keywords, "O!OOO|$OOOOOOOOOOOOOOOOO:Array", const_cast<char**>(known), memory_type,
          &memory, &dtype, &shape, &strides, &o.readonly, &o.device, &o.version, &o.legacy,
          &o.flags, &o.null_strides, &o.null_shape, &o.null_data, &o.offset_in, &o.deleter,
          &o.honours_copy, &o.honours_device, &o.keywords, &o.raises, &o.legacy_readonly,
          &o.break_rules, &o.states)) {
    return nullptr;
  }
  Ref object(type->tp_alloc(type, 0));  // zeroed, which is a valid state of every member
  if (!object) return nullptr;
  ArrayObject& self = array_of(object.get());
  new (&self.log) CallLog();
  return guarded(static_cast<PyObject*>(nullptr), [&] {
    fill_array(self, *reinterpret_cast<MemoryObject*>(memory), dtype, shape, strides, o);
    return object.release();
  });
}

// ---- life
// --------------------------------------------------------------------------------------------------

int array_traverse(PyObject* object, visitproc visit, void* arg) {
  const ArrayObject& self = array_of(object);
  Py_VISIT(Py_TYPE(object));
  if (self.side != nullptr) {
    Py_VISIT(self.side->keywords.get());
    Py_VISIT(self.side->raises.get());
  }
  return self.log.traverse(visit, arg);
}

int array_clear(PyObject* object) {
  ArrayObject& self = array_of(object);
  self.log.clear();
  if (self.side != nullptr) const Ref raises = std::move(self.side->raises);
  return 0;
}

void array_dealloc(PyObject* object) {
  ArrayObject& self = array_of(object);
  PyTypeObject* type = Py_TYPE(object);
  PyObject_GC_UnTrack(object);
  if (self.weak_references != nullptr) PyObject_ClearWeakRefs(object);
  self.log.~CallLog();
  Py_XDECREF(self.shape);
  Py_XDECREF(self.strides);
  delete self.own_view;
  delete self.side;
  delete self.copied_from;
  if (self.on != nullptr) delete_device_side(self.on);
  if (self.storage != nullptr) self.storage->release_with_gil();
  if (type != array_type || !free_arrays.keep(object)) type->tp_free(object);
  Py_DECREF(type);
}

// ---- attributes
// ----------------------------------------------------------------------------------------------

PyObject* cached_integers(PyObject*& cache, Int64View values) {
  if (cache == nullptr && (cache = from_integers(values.data(), values.size())) == nullptr)
    return nullptr;
  Py_INCREF(cache);
  return cache;
}

PyObject* array_shape(PyObject* object, void*) {
  return cached_integers(array_of(object).shape, array_of(object).view().shape());
}

PyObject* array_strides(PyObject* object, void*) {
  return cached_integers(array_of(object).strides, array_of(object).view().strides());
}

PyObject* array_dtype(PyObject* object, void*) {
  return from_dtype(array_of(object).view().dtype());
}

PyObject* array_device(PyObject* object, void*) {
  const Device device = array_of(object).device();
  return Py_BuildValue("(ii)", device.type, device.id);
}

PyObject* array_address(PyObject* object, void*) {
  return PyLong_FromVoidPtr(array_of(object).view().first());
}

PyObject* array_readonly(PyObject* object, void*) {
  return PyBool_FromLong(array_of(object).readonly());
}

PyObject* array_version(PyObject* object, void*) {
  const Reading* header = array_of(object).header();
  if (header == nullptr || !header->version.has_value()) Py_RETURN_NONE;
  return Py_BuildValue("(II)", header->version->major, header->version->minor);
}

PyObject* array_flags(PyObject* object, void*) {
  const Reading* header = array_of(object).header();
  if (header == nullptr || !header->flags.has_value()) Py_RETURN_NONE;
  return PyLong_FromUnsignedLongLong(*header->flags);
}

PyObject* array_copied(PyObject* object, void*) {
  return PyBool_FromLong(array_of(object).copied() ? 1 : 0);
}

PyObject* array_calls(PyObject* object, void*) { return array_of(object).log.calls(); }

PyObject* array_clear_calls(PyObject* object, PyObject*) {
  array_of(object).log.clear();
  Py_RETURN_NONE;
}

template <class Count>
PyObject* count_of(PyObject* object, Count&& count) {
  const ProducerSide* side = array_of(object).side;
  return side == nullptr ? PyLong_FromLong(0) : PyLong_FromLongLong(count(*side->producer.log()));
}

PyObject* array_exports(PyObject* object, void*) {
  return count_of(object, [](const ExportLog& log) { return log.exports(); });
}

PyObject* array_live(PyObject* object, void*) {
  return count_of(object, [](const ExportLog& log) { return log.live(); });
}

PyObject* array_deleter_calls(PyObject* object, void*) {
  return count_of(object, [](const ExportLog& log) { return log.deleter_calls(); });
}

PyObject* array_deleter_threads(PyObject* object, void*) {
  const Ref ledger(array_ledger(object, nullptr));
  return ledger ? PyObject_GetAttrString(ledger.get(), "deleter_threads") : nullptr;
}

PyObject* array_repr(PyObject* object) {
  const Ref dtype(array_dtype(object, nullptr));
  const Ref shape(array_shape(object, nullptr));
  const Ref strides(array_strides(object, nullptr));
  if (!dtype || !shape || !strides) return nullptr;
  return PyUnicode_FromFormat("<%s %U shape=%R strides=%R%s>", Py_TYPE(object)->tp_name,
                              dtype.get(), shape.get(), strides.get(),
                              array_of(object).readonly() ? " readonly" : "");
}

PyGetSetDef getters[] = {
    {"shape", array_shape, nullptr, "Extents.", nullptr},
    {"strides", array_strides, nullptr, "Strides in elements.", nullptr},
    {"dtype", array_dtype, nullptr, "Dtype in the catalogue's words.", nullptr},
    {"device", array_device, nullptr, "Device that exports state: type and id.", nullptr},
    {"address", array_address, nullptr, "Address of element 0; 0 for NULL.", nullptr},
    {"readonly", array_readonly, nullptr, "set() is refused, and exports carry READ_ONLY.",
     nullptr},
    {"version", array_version, nullptr,
     "Version of the imported tensor; None for legacy or own memory.", nullptr},
    {"flags", array_flags, nullptr, "Flags of the imported tensor; None for legacy or own memory.",
     nullptr},
    {"copied", array_copied, nullptr, "The memory was made for this array alone.", nullptr},
    {"calls", array_calls, nullptr, "The newest 256 calls, oldest first.", nullptr},
    {"exports", array_exports, nullptr, "Exports made so far.", nullptr},
    {"live_exports", array_live, nullptr, "Exports whose deleter has not run.", nullptr},
    {"deleter_calls", array_deleter_calls, nullptr, "Calls of the exports' deleters.", nullptr},
    {"deleter_threads", array_deleter_threads, nullptr,
     "Threads that ran a deleter, each once, in order.", nullptr},
    {"ledger", array_ledger, nullptr,
     "The counts, alive beyond the array without keeping its memory.", nullptr},
    {"accelerator", array_accelerator, nullptr, "The device it lies on; None on the host.",
     nullptr},
    {"work_stream", array_work_stream, nullptr,
     "On a device: the stream that exports are ordered after.", nullptr},
    {"__cuda_array_interface__", array_cuda_interface, nullptr,
     "CUDA array interface, version 3; on CUDA-typed devices.", nullptr},
    {"__array_interface__", array_interface, nullptr, "Array interface, version 3.", nullptr},
    {"__array_struct__", array_struct, nullptr, "Array interface as a C struct.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMethodDef methods[] = {
    {"__dlpack__", as_method<array_dlpack>(), METH_FASTCALL | METH_KEYWORDS,
     "__dlpack__($self, /, *, stream=None, max_version=None, dl_device=None, "
     "copy=None)\n--\n\nExport as a capsule."},
    {"__dlpack_device__", array_dlpack_device, METH_NOARGS,
     "__dlpack_device__($self, /)\n--\n\nDevice type and id that exports state."},
    {"read", as_method<array_read>(), METH_FASTCALL | METH_KEYWORDS,
     "read($self, /, stream=None)\n--\n\nAll elements in C order; of more than 2**20 the first and "
     "the last."},
    {"raw", as_method<array_raw>(), METH_FASTCALL | METH_KEYWORDS,
     "raw($self, /, stream=None)\n--\n\nAll elements as C-contiguous bytes."},
    {"write", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(array_write)),
     METH_VARARGS | METH_KEYWORDS,
     "write($self, /, values, stream=None)\n--\n\nOn a device: queue the writing of all elements."},
    {"get", array_get, METH_O, "get($self, index, /)\n--\n\nOne element."},
    {"set", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(array_set)), METH_FASTCALL,
     "set($self, index, value, /)\n--\n\nWrite one element."},
    {"clear_calls", array_clear_calls, METH_NOARGS,
     "clear_calls($self, /)\n--\n\nForget the logged calls."},
    {nullptr, nullptr, 0, nullptr},
};

PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(ArrayObject, weak_references), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

}  // namespace

bool add_array_type(PyObject* module) {
  PyType_Slot slots[] = {
      {Py_tp_doc,
       const_cast<char*>(
           "The reference's array: a producer over a Memory, or what the reference consumer "
           "imported.")},
      {Py_tp_new, reinterpret_cast<void*>(array_new)},
      {Py_tp_dealloc, reinterpret_cast<void*>(array_dealloc)},
      {Py_tp_traverse, reinterpret_cast<void*>(array_traverse)},
      {Py_tp_clear, reinterpret_cast<void*>(array_clear)},
      {Py_tp_repr, reinterpret_cast<void*>(array_repr)},
      {Py_tp_getset, getters},
      {Py_tp_methods, methods},
      {Py_tp_members, members},
      {Py_bf_getbuffer, reinterpret_cast<void*>(array_get_buffer)},
      {Py_bf_releasebuffer, reinterpret_cast<void*>(array_release_buffer)},
      {0, nullptr},
  };
  PyType_Spec spec = {"dlpack_conformance._instrument.Array", static_cast<int>(sizeof(ArrayObject)),
                      0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE, slots};
  array_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (array_type == nullptr) return false;
  auto* type = reinterpret_cast<PyObject*>(array_type);
  const Ref table(exchange_capsule());
  return table && PyObject_SetAttr(type, names.exchange_api, table.get()) == 0 &&
         PyModule_AddObjectRef(module, "Array", type) == 0;
}

}  // namespace dlpack_impl::python
