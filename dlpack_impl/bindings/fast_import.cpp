// The consumer's hot path: `from_dlpack` and `from_capsule`.

#include <dlpack_impl/error.h>

#include <cstring>

#include "capsule.h"
#include "device_array.h"
#include "fast.h"
#include "values.h"

namespace dlpack_impl::python {
namespace {

/// What the caller of `from_dlpack` wants.
struct Want {
  PyObject* device = nullptr;  ///< the pair to pass as `dl_device`; NULL where absent or None
  Device on = kCpu;            ///< that pair
  Ref device_owner;            ///< owns `device` where it was made here
  PyObject* copy = nullptr;    ///< True or False, borrowed; NULL where absent or None
  const struct OnStream* on_stream = nullptr;  ///< where the result will be used; NULL: not said
};

/// A stream of a device, and the object to pass as `stream`.
struct OnStream {
  Stream stream = kLegacyStream;
  Ref number;
};

/// Which keywords went with the call that was answered.
struct Asked {
  bool version = true;
  bool device = false;
  bool copy = false;
};

// ---- the request
// ---------------------------------------------------------------------------------------------

bool parse_device(PyObject* value, Want& want) {
  if (value == Py_None) return true;
  if (PyUnicode_Check(value)) {
    if (PyUnicode_Compare(value, names.cpu) != 0) {
      refuse(error_types.invalid_argument, "device", value, "None, 'cpu' or a pair (type, id)");
      return false;
    }
    want.device = names.cpu_device;
    return true;
  }
  want.on = device_from(value, "device");
  DLCONFORM_EXPECTS(want.on.is_host_readable() || find_open(want.on) != nullptr, BufferError,
                    detail::field_message("device", device_name(want.on),
                                          "a device that the host can read, or an open one"));
  want.device_owner = Ref(Py_BuildValue("(ii)", want.on.type, want.on.id));
  want.device = want.device_owner.get();
  return want.device != nullptr;
}

bool parse_want(PyObject* const* values, PyObject* keywords, Want& want) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(keywords); ++i) {
    PyObject* name = PyTuple_GET_ITEM(keywords, i);
    if (PyUnicode_Compare(name, names.device) == 0) {
      if (!parse_device(values[i], want)) return false;
    } else if (PyUnicode_Compare(name, names.copy) == 0) {
      int copy = -1;
      if (!parse_copy(values[i], copy)) return false;
      want.copy = copy < 0 ? nullptr : values[i];
    } else {
      PyErr_Format(PyExc_TypeError, "from_dlpack() got an unexpected keyword argument '%U'", name);
      return false;
    }
  }
  return true;
}

/// The same with `stream` first, for memory on a device.
[[gnu::cold, gnu::noinline]] PyObject* call_dlpack_on(PyObject* x, const Want& want,
                                                      const Asked& asked) {
  PyObject* args[5] = {x, want.on_stream->number.get()};
  PyObject* given[4] = {names.stream};
  Py_ssize_t count = 1;
  const auto add = [&](bool asks, PyObject* name, PyObject* value) {
    if (!asks) return;
    given[count] = name;
    args[++count] = value;
  };
  add(asked.version, names.max_version, names.version_1_3);
  add(asked.device, names.dl_device, want.device);
  add(asked.copy, names.copy, want.copy);
  const Ref keywords(PyTuple_New(count));
  if (!keywords) return nullptr;
  for (Py_ssize_t i = 0; i < count; ++i) {
    Py_INCREF(given[i]);
    PyTuple_SET_ITEM(keywords.get(), i, given[i]);
  }
  return PyObject_VectorcallMethod(names.dlpack, args, 1, keywords.get());
}

/// While a device is open the producer is asked where its memory is: on CUDA it must know the
/// stream on which the result will be used. @spec S-11 S-12 S-13 S-16 S-23
void find_stream(PyObject* x, Want& want, OnStream& found) {
  if (Py_IS_TYPE(x, array_type) && reinterpret_cast<ArrayObject*>(x)->on == nullptr) return;
  if (want.device != nullptr && want.on == kCpu) return;
  const Ref pair(PyObject_CallMethodNoArgs(x, names.dlpack_device));
  if (!pair) {
    // Whoever has no such method says nothing about a device.
    if (PyErr_ExceptionMatches(PyExc_AttributeError) == 0) throw PythonErrorIsSet{};
    PyErr_Clear();
    return;
  }
  const Device device = device_from(pair.get(), "__dlpack_device__");
  if (device.type != kDLCUDA && device.type != kDLCUDAManaged) return;
  const bool known =
      PyObject_TypeCheck(x, array_type) && reinterpret_cast<ArrayObject*>(x)->on != nullptr;
  const OpenDevicePtr open =
      known ? reinterpret_cast<ArrayObject*>(x)->on->open : find_open(device);
  if (open == nullptr) return;
  found.stream = open->current_stream();
  found.number = Ref(PyLong_FromSsize_t(found.stream));
  if (!found.number) throw PythonErrorIsSet{};
  want.on_stream = &found;
}

PyObject* call_dlpack(PyObject* x, const Want& want, const Asked& asked) {
  if (want.on_stream != nullptr) return call_dlpack_on(x, want, asked);
  PyObject* args[4] = {x, names.version_1_3, nullptr, nullptr};
  PyObject* keywords = asked.version ? names.asks_version : nullptr;
  if (asked.device && asked.copy) {
    args[2] = want.device;
    args[3] = want.copy;
    keywords = names.asks_all;
  } else if (asked.device) {
    args[2] = want.device;
    keywords = names.asks_version_device;
  } else if (asked.copy) {
    args[2] = want.copy;
    keywords = names.asks_version_copy;
  }
  return PyObject_VectorcallMethod(names.dlpack, args, 1 | PY_VECTORCALL_ARGUMENTS_OFFSET,
                                   keywords);
}

/// Asks with everything, and where that raises TypeError, which an older producer does, with
/// less: first without `copy` and `dl_device`, so that a flag can still come, then without a
/// version. When all attempts end in TypeError the first one is raised: it may come from inside a
/// modern producer (C-05). @spec C-03 C-04
PyObject* request(PyObject* x, const Want& want, Asked& asked) {
  asked = {true, want.device != nullptr, want.copy != nullptr};
  PyObject* capsule = call_dlpack(x, want, asked);
  if (capsule != nullptr || PyErr_ExceptionMatches(PyExc_TypeError) == 0) return capsule;
  PyObject* first_type = nullptr;
  PyObject* first_value = nullptr;
  PyObject* first_traceback = nullptr;
  PyErr_Fetch(&first_type, &first_value, &first_traceback);
  while (capsule == nullptr && asked.version) {
    if (asked.device || asked.copy) {
      asked = {true, false, false};
    } else {
      asked = {false, false, false};
    }
    PyErr_Clear();
    capsule = call_dlpack(x, want, asked);
    if (capsule == nullptr && PyErr_ExceptionMatches(PyExc_TypeError) == 0) break;
  }
  if (capsule == nullptr && PyErr_ExceptionMatches(PyExc_TypeError) != 0) {
    PyErr_Restore(first_type, first_value, first_traceback);
  } else {
    Py_XDECREF(first_type);
    Py_XDECREF(first_value);
    Py_XDECREF(first_traceback);
  }
  return capsule;
}

// ---- the answer
// ------------------------------------------------------------------------------------------------

/// Takes the capsule's tensor over and checks every field. What is refused is freed by the tensor's
/// deleter, once.
/// @spec C-07 C-08 C-10 C-12 C-14 C-55
StoragePtr import_managed(const Managed& managed) {
  if (managed.versioned != nullptr) return StoragePtr(new Storage(VersionedPtr(managed.versioned)));
  return StoragePtr(new Storage(LegacyPtr(managed.legacy)));
}

/// A writable tensor of our own with the same elements. @throws BufferError, InvalidArgument
StoragePtr copy_of(const TensorView& view) {
  // Not counted among the arrays' exports: nobody asked a producer for it.
  static auto* log = new std::shared_ptr<ExportLog>(std::make_shared<ExportLog>());
  const std::vector<std::byte> raw = view.read_raw();
  StoragePtr copy(new Storage(make_tensor(view.dtype(), view.shape(), kCpu, *log)));
  if (!raw.empty()) std::memcpy(copy->imported()->view().first(), raw.data(), raw.size());
  return copy;
}

/// An import on a device: `storage` becomes an array there. Without a stream passed, what the
/// producer ordered is ordered before the legacy default stream.
[[gnu::cold, gnu::noinline]] PyObject* meet_on_device(StoragePtr storage, const Want& want) {
  const Reading header = storage->imported()->header();
  const auto passed =
      want.on_stream == nullptr ? std::nullopt : std::optional<Stream>(want.on_stream->stream);
  Ref array(array_on_device(std::move(storage), passed));
  if (!array) return nullptr;
  const auto* made = reinterpret_cast<ArrayObject*>(array.get());
  if (made->on != nullptr && !passed.has_value()) {
    const OpenDevice& open = *made->on->open;
    if (open.current_stream() != kLegacyStream)
      open.accelerator()->order(kLegacyStream, open.current_stream());
  }
  if (want.copy != Py_True || header.is_copied()) return array.release();
  auto shown = std::make_unique<Reading>(header);
  shown->tensor = nullptr;  // it goes with the storage
  PyObject* copy = nullptr;
  if (made->on != nullptr) {
    copy = copy_array_on_device(std::move(array));
  } else {
    copy = array_from(copy_of(made->view()));
  }
  if (copy != nullptr) reinterpret_cast<ArrayObject*>(copy)->copied_from = shown.release();
  return copy;
}

/// Keeps what the caller asked for although the producer may not have: an older one never saw
/// `copy` or `dl_device`.
/// @spec C-06 C-34 C-35 A-14
PyObject* meet(StoragePtr storage, const Want& want, const Asked& asked) {
  const Reading& header = storage->imported()->header();
  const TensorView& view = storage->imported()->view();
  if (want.copy == Py_False) {
    DLCONFORM_EXPECTS(
        !header.is_copied(), BufferError,
        detail::field_message("copy", "False", "the producer made a copy (flag IS_COPIED)"));
    DLCONFORM_EXPECTS(
        asked.copy || header.flags.has_value(), BufferError,
        detail::field_message(
            "copy", "False",
            "a producer that takes copy, or a versioned tensor, whose flags can tell"));
  }
  if (want.device != nullptr && view.device() != want.on) {
    throw BufferError(
        detail::field_message("device", device_name(want.on),
                              device_name(view.device()) + ", on which the producer exported"));
  }
  if (view.device() != kCpu) return meet_on_device(std::move(storage), want);
  if (want.copy != Py_True || header.is_copied()) return array_from(std::move(storage));
  auto shown = std::make_unique<Reading>(header);
  shown->tensor = nullptr;  // it goes with the storage
  PyObject* array = array_from(copy_of(view));
  if (array != nullptr) reinterpret_cast<ArrayObject*>(array)->copied_from = shown.release();
  return array;
}

[[gnu::always_inline]] inline PyObject* import_as(PyObject* x, const Want& want) {
  Asked asked;
  const Ref capsule(request(x, want, asked));
  Managed managed;
  if (!capsule || !take(capsule.get(), managed)) return nullptr;
  return meet(import_managed(managed), want, asked);
}

/// The same while a device is open.
[[gnu::cold, gnu::noinline]] PyObject* import_beside_devices(PyObject* x, Want& want) {
  OnStream found;
  find_stream(x, want, found);
  return import_as(x, want);
}

}  // namespace

PyObject* array_of_import(StoragePtr storage) {
  if (storage->imported()->view().device() == kCpu) return array_from(std::move(storage));
  return array_on_device(std::move(storage), std::nullopt);
}

PyObject* import_object(PyObject*, PyObject* const* args, Py_ssize_t positional,
                        PyObject* keywords) {
  if (positional != 1) {
    PyErr_Format(PyExc_TypeError, "from_dlpack() takes 1 positional argument, got %zd", positional);
    return nullptr;
  }
  return guarded(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    Want want;
    if (keywords != nullptr && !parse_want(args + 1, keywords, want)) return nullptr;
    if (open_devices.load(std::memory_order_relaxed) != 0)
      return import_beside_devices(args[0], want);
    return import_as(args[0], want);
  });
}

PyObject* import_capsule(PyObject*, PyObject* capsule) {
  return guarded(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    Managed managed;
    if (!take(capsule, managed)) return nullptr;
    return array_of_import(import_managed(managed));
  });
}

}  // namespace dlpack_impl::python
