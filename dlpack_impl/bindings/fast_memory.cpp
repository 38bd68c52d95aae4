// The types `Template` and `Memory`: an image of one allocation, and what is stamped from it.

#include <dlpack_impl/error.h>

#include <cstddef>
#include <new>

#include "devices.h"
#include "fast.h"
#include "values.h"

namespace dlpack_impl::python {

PyTypeObject* memory_type = nullptr;

namespace {

struct TemplateObject {
  PyObject_HEAD PyObject* weak_references;
  Template* image;
};

Buffer& buffer_of(PyObject* object) noexcept {
  return *reinterpret_cast<MemoryObject*>(object)->storage->buffer();
}

const Template& image_of(PyObject* object) noexcept {
  return *reinterpret_cast<TemplateObject*>(object)->image;
}

// ---- Template
// ----------------------------------------------------------------------------------------------

/// Where a template's memories come from. @throws PythonErrorIsSet
std::shared_ptr<const DeviceMemory> memory_from(PyObject* device, PyObject* pool) {
  DevicePool wanted = DevicePool::kDevice;
  if (pool != nullptr) {
    const std::string_view text = text_from(pool, "pool");
    if (text == "pinned") {
      wanted = DevicePool::kPinned;
    } else if (text == "managed") {
      wanted = DevicePool::kManaged;
    } else if (text != "device") {
      refuse(error_types.invalid_argument, "pool", pool, "device, pinned or managed");
      throw PythonErrorIsSet{};
    }
  }
  if (device == nullptr || device == Py_None) {
    if (wanted != DevicePool::kDevice) {
      refuse(error_types.invalid_argument, "pool", pool, "device, where there is no accelerator");
      throw PythonErrorIsSet{};
    }
    // Shares no ownership: the host's memory is always there.
    return {std::shared_ptr<const DeviceMemory>(), &cpu_memory()};
  }
  const OpenDevicePtr open = open_device_from(device, "device");
  return {open, &open->memory(wanted)};
}

PyObject* template_new(PyTypeObject* type, PyObject* args, PyObject* keywords) {
  static const char* const known[] = {"dtype",     "shape", "strides", "offset", "values", "kind",
                                      "alignment", "skew",  "device",  "pool",   nullptr};
  PyObject* dtype = nullptr;
  PyObject* shape = nullptr;
  PyObject* strides = nullptr;
  PyObject* values = nullptr;
  PyObject* kind = nullptr;
  PyObject* device = nullptr;
  PyObject* pool = nullptr;
  long long offset = 0;
  long long alignment = 256;
  long long skew = 0;
  if (!PyArg_ParseTupleAndKeywords(args, keywords, "OOOLO|$OLLOO:Template",
                                   const_cast<char**>(known), &dtype, &shape, &strides, &offset,
                                   &values, &kind, &alignment, &skew, &device, &pool)) {
    return nullptr;
  }
  Ref object(type->tp_alloc(type, 0));
  if (!object) return nullptr;
  return guarded(static_cast<PyObject*>(nullptr), [&] {
    const DType element = dtype_from(dtype);
    Placement placement;
    placement.alignment_bytes = alignment;
    placement.skew_bytes = skew;
    if (kind != nullptr) {
      const std::optional<MemoryKind> found = find_memory_kind(text_from(kind, "kind"));
      if (!found.has_value()) {
        refuse(error_types.invalid_argument, "kind", kind,
               "ordinary, guard-before, guard-after, readonly or mapped-readonly");
        throw PythonErrorIsSet{};
      }
      placement.kind = *found;
    }
    const std::vector<std::byte> raw = encode_elements(element, numbers_from(values, element));
    reinterpret_cast<TemplateObject*>(object.get())->image = new Template(
        element, Layout{integers_from(shape, "shape"), integers_from(strides, "strides"), offset},
        raw.data(), raw.size(), placement, memory_from(device, pool));
    return object.release();
  });
}

void template_dealloc(PyObject* object) {
  auto* self = reinterpret_cast<TemplateObject*>(object);
  PyTypeObject* type = Py_TYPE(object);
  if (self->weak_references != nullptr) PyObject_ClearWeakRefs(object);
  delete self->image;
  type->tp_free(object);
  Py_DECREF(type);
}

PyObject* template_make(PyObject* object, PyObject*) {
  return guarded(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    Buffer buffer = image_of(object).make();
    auto* memory = PyObject_New(MemoryObject, memory_type);
    if (memory == nullptr) return nullptr;
    memory->weak_references = nullptr;
    memory->exports = 0;
    memory->storage = new (std::nothrow) Storage(std::move(buffer));
    if (memory->storage == nullptr) {
      Py_DECREF(memory);
      return PyErr_NoMemory();
    }
    return reinterpret_cast<PyObject*>(memory);
  });
}

PyObject* template_raw(PyObject* object, void*) {
  const std::vector<std::byte>& raw = image_of(object).raw();
  return PyBytes_FromStringAndSize(reinterpret_cast<const char*>(raw.data()),
                                   static_cast<Py_ssize_t>(raw.size()));
}

PyObject* template_span(PyObject* object, void*) {
  const auto [lowest, end] = image_of(object).span_bytes();
  return Py_BuildValue("(LL)", static_cast<long long>(lowest), static_cast<long long>(end));
}

PyMethodDef template_methods[] = {
    {"make", template_make, METH_NOARGS,
     "make($self, /)\n--\n\nA new allocation that holds the image."},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef template_getters[] = {
    {"raw", template_raw, nullptr,
     "The asked values as C-contiguous bytes; empty above 2**20 elements.", nullptr},
    {"span_bytes", template_span, nullptr,
     "Lowest and one past the highest byte, relative to element 0.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

// ---- Memory
// ------------------------------------------------------------------------------------------------

void memory_dealloc(PyObject* object) {
  auto* self = reinterpret_cast<MemoryObject*>(object);
  PyTypeObject* type = Py_TYPE(object);
  if (self->weak_references != nullptr) PyObject_ClearWeakRefs(object);
  if (self->storage != nullptr) self->storage->release();
  type->tp_free(object);
  Py_DECREF(type);
}

int memory_get_buffer(PyObject* object, Py_buffer* view, int flags) {
  Buffer& buffer = buffer_of(object);
  if (!buffer.device().is_host_readable()) {
    view->obj = nullptr;
    PyErr_Format(error_types.buffer_error, "device: %s; limit: a device that the host can read",
                 device_name(buffer.device()).c_str());
    return -1;
  }
  if (PyBuffer_FillInfo(view, object, buffer.address(),
                        static_cast<Py_ssize_t>(buffer.size_bytes()), buffer.readonly() ? 1 : 0,
                        flags) != 0) {
    return -1;
  }
  ++reinterpret_cast<MemoryObject*>(object)->exports;
  return 0;
}

void memory_release_buffer(PyObject* object, Py_buffer*) {
  --reinterpret_cast<MemoryObject*>(object)->exports;
}

PyObject* memory_address(PyObject* object, void*) {
  return PyLong_FromVoidPtr(buffer_of(object).address());
}
PyObject* memory_nbytes(PyObject* object, void*) {
  return PyLong_FromSize_t(buffer_of(object).size_bytes());
}
PyObject* memory_first(PyObject* object, void*) {
  return PyLong_FromVoidPtr(buffer_of(object).first());
}
PyObject* memory_first_offset(PyObject* object, void*) {
  return PyLong_FromLongLong(buffer_of(object).first_offset_bytes());
}
PyObject* memory_readonly(PyObject* object, void*) {
  return PyBool_FromLong(buffer_of(object).readonly());
}
PyObject* memory_exports(PyObject* object, void*) {
  return PyLong_FromSsize_t(reinterpret_cast<MemoryObject*>(object)->exports);
}

PyObject* memory_device(PyObject* object, void*) {
  const Device device = buffer_of(object).device();
  return Py_BuildValue("(ii)", device.type, device.id);
}

PyObject* memory_elements_changed(PyObject* object, PyObject*) {
  return guarded(static_cast<PyObject*>(nullptr),
                 [&] { return PyLong_FromLongLong(buffer_of(object).elements_changed()); });
}

PyObject* memory_outside_changed(PyObject* object, PyObject*) {
  return guarded(static_cast<PyObject*>(nullptr),
                 [&] { return PyLong_FromLongLong(buffer_of(object).outside_changed()); });
}

PyObject* memory_refill(PyObject* object, PyObject*) {
  return guarded(static_cast<PyObject*>(nullptr), [&] {
    buffer_of(object).refill();
    Py_INCREF(Py_None);
    return Py_None;
  });
}

PyMethodDef memory_methods[] = {
    {"elements_changed", memory_elements_changed, METH_NOARGS,
     "elements_changed($self, /)\n--\n\nHow many element bytes differ from the template."},
    {"outside_changed", memory_outside_changed, METH_NOARGS,
     "outside_changed($self, /)\n--\n\nHow many bytes outside the elements differ from the "
     "template."},
    {"refill", memory_refill, METH_NOARGS, "refill($self, /)\n--\n\nPut every byte back."},
    {nullptr, nullptr, 0, nullptr},
};

PyGetSetDef memory_getters[] = {
    {"address", memory_address, nullptr, "Address of the first byte.", nullptr},
    {"nbytes", memory_nbytes, nullptr, "Length in bytes.", nullptr},
    {"first", memory_first, nullptr, "Address of element 0.", nullptr},
    {"first_offset", memory_first_offset, nullptr, "Bytes from address to element 0.", nullptr},
    {"readonly", memory_readonly, nullptr, "The buffer export is read-only.", nullptr},
    {"device", memory_device, nullptr, "Device type and id of the memory.", nullptr},
    {"exports", memory_exports, nullptr, "Live buffer-protocol exports.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

template <class Object>
PyTypeObject* make_type(const char* name, const char* text, PyMemberDef* members,
                        std::initializer_list<PyType_Slot> more, unsigned int flags) {
  std::vector<PyType_Slot> slots(more);
  slots.push_back({Py_tp_doc, const_cast<char*>(text)});
  slots.push_back({Py_tp_members, members});
  slots.push_back({0, nullptr});
  PyType_Spec spec = {name, static_cast<int>(sizeof(Object)), 0, flags, slots.data()};
  return reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
}

PyMemberDef template_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(TemplateObject, weak_references), READONLY,
     nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

PyMemberDef memory_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(MemoryObject, weak_references), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

}  // namespace

bool add_memory_types(PyObject* module) {
  PyTypeObject* template_type = make_type<TemplateObject>(
      "dlpack_conformance._instrument.Template",
      "Image of one allocation, made once and stamped many times.", template_members,
      {{Py_tp_new, reinterpret_cast<void*>(template_new)},
       {Py_tp_dealloc, reinterpret_cast<void*>(template_dealloc)},
       {Py_tp_methods, template_methods},
       {Py_tp_getset, template_getters}},
      Py_TPFLAGS_DEFAULT);
  memory_type = make_type<MemoryObject>(
      "dlpack_conformance._instrument.Memory", "One live allocation, made by a Template.",
      memory_members,
      {{Py_tp_dealloc, reinterpret_cast<void*>(memory_dealloc)},
       {Py_tp_methods, memory_methods},
       {Py_tp_getset, memory_getters},
       {Py_bf_getbuffer, reinterpret_cast<void*>(memory_get_buffer)},
       {Py_bf_releasebuffer, reinterpret_cast<void*>(memory_release_buffer)}},
      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION);
  return template_type != nullptr && memory_type != nullptr &&
         PyModule_AddObjectRef(module, "Template", reinterpret_cast<PyObject*>(template_type)) ==
             0 &&
         PyModule_AddObjectRef(module, "Memory", reinterpret_cast<PyObject*>(memory_type)) == 0;
}

}  // namespace dlpack_impl::python
