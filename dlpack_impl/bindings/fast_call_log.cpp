#include <pthread.h>

#include <algorithm>

#include "call_log.h"

namespace dlpack_impl::python {
namespace {

PyTypeObject* call_type = nullptr;

const char* spelled(Method method) noexcept {
  switch (method) {
    case Method::kDlpack:
      return "__dlpack__";
    case Method::kDlpackDevice:
      return "__dlpack_device__";
    case Method::kBuffer:
      return "__buffer__";
    case Method::kArrayInterface:
      return "__array_interface__";
    case Method::kArrayStruct:
      return "__array_struct__";
    case Method::kCudaArrayInterface:
      return "__cuda_array_interface__";
    case Method::kTableExport:
      return "managed_tensor_from_py_object_no_sync";
    case Method::kTableView:
      return "dltensor_from_py_object_no_sync";
  }
  return "unknown";
}

/// The names of a call that came with positional arguments: "" for each of these, then the
/// keywords.
PyObject* names_with_positional(Py_ssize_t positional, PyObject* keywords) {
  const Py_ssize_t named = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
  PyObject* all = PyTuple_New(positional + named);
  if (all == nullptr) return nullptr;
  for (Py_ssize_t i = 0; i < positional + named; ++i) {
    PyObject* name = i < positional ? names.positional : PyTuple_GET_ITEM(keywords, i - positional);
    Py_INCREF(name);
    PyTuple_SET_ITEM(all, i, name);
  }
  return all;
}

/// What PyGILState_Check answers, at half its price: the thread state that runs now is this
/// thread's.
bool holds_gil(std::uint64_t thread) noexcept {
#if PY_VERSION_HEX >= 0x030D0000
  const PyThreadState* running = PyThreadState_GetUnchecked();
#else
  const PyThreadState* running = _PyThreadState_UncheckedGet();
#endif
  return running != nullptr && running->thread_id == thread;
}

PyObject* keyword_pairs(PyObject* keywords, PyObject* const* values) {
  const Py_ssize_t count = keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords);
  Ref pairs(PyTuple_New(count));
  if (!pairs) return nullptr;
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* pair = PyTuple_Pack(2, PyTuple_GET_ITEM(keywords, i), values[i]);
    if (pair == nullptr) return nullptr;
    PyTuple_SET_ITEM(pairs.get(), i, pair);
  }
  return pairs.release();
}

}  // namespace

bool CallLog::note(Method method, PyObject* const* args, Py_ssize_t positional,
                   PyObject* keywords) noexcept {
  if (total_ >= size_ && size_ < kCapacity && !grow()) return false;
  Entry& entry = entries_[total_ & (size_ - 1)];
  if (total_ >= size_ && entry.keywords != nullptr) release(entry);
  const Py_ssize_t count = positional + (keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords));
  entry.keywords = nullptr;
  if (positional != 0) {
    if ((entry.keywords = names_with_positional(positional, keywords)) == nullptr) return false;
  } else if (count != 0) {
    Py_INCREF(keywords);
    entry.keywords = keywords;
  }
  if (count <= kInline) {
    for (Py_ssize_t i = 0; i < count; ++i) {
      Py_INCREF(args[i]);
      entry.values[i] = args[i];
    }
  } else {
    PyObject* many = PyTuple_New(count);
    if (many == nullptr) {
      Py_CLEAR(entry.keywords);
      return false;
    }
    for (Py_ssize_t i = 0; i < count; ++i) {
      Py_INCREF(args[i]);
      PyTuple_SET_ITEM(many, i, args[i]);
    }
    entry.values[0] = many;
  }
  entry.thread = static_cast<std::uint64_t>(pthread_self());  // what threading.get_ident answers
  entry.method = method;
  entry.gil = holds_gil(entry.thread);
  ++total_;
  return true;
}

bool CallLog::grow() noexcept {
  const std::size_t wanted = size_ == 0 ? 4 : size_ * 8;  // 4, 32, 256
  void* memory = PyMem_Realloc(entries_, wanted * sizeof(Entry));
  if (memory == nullptr) {
    PyErr_NoMemory();
    return false;
  }
  entries_ = static_cast<Entry*>(memory);
  size_ = wanted;
  return true;
}

void CallLog::release(Entry& entry) noexcept {
  const Py_ssize_t count = entry.keywords == nullptr ? 0 : PyTuple_GET_SIZE(entry.keywords);
  if (count > kInline) {
    Py_DECREF(entry.values[0]);
  } else {
    for (Py_ssize_t i = 0; i < count; ++i) Py_DECREF(entry.values[i]);
  }
  Py_CLEAR(entry.keywords);
}

std::size_t CallLog::kept() const noexcept {
  return static_cast<std::size_t>(std::min<std::uint64_t>(total_, size_));
}

const CallLog::Entry& CallLog::at(std::size_t age) const noexcept {
  return entries_[(total_ - kept() + age) & (size_ - 1)];
}

PyObject* CallLog::calls() const {
  const std::size_t count = kept();
  Ref list(PyList_New(static_cast<Py_ssize_t>(count)));
  if (!list) return nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    const Entry& entry = at(i);
    const bool many = entry.keywords != nullptr && PyTuple_GET_SIZE(entry.keywords) > kInline;
    PyObject* const* values =
        many ? reinterpret_cast<PyTupleObject*>(entry.values[0])->ob_item : entry.values;
    Ref call(PyStructSequence_New(call_type));
    if (!call) return nullptr;
    PyObject* fields[] = {PyUnicode_FromString(spelled(entry.method)),
                          keyword_pairs(entry.keywords, values),
                          PyLong_FromUnsignedLongLong(entry.thread), PyBool_FromLong(entry.gil)};
    bool complete = true;
    for (Py_ssize_t field = 0; field < 4; ++field) {
      complete = complete && fields[field] != nullptr;
      PyStructSequence_SET_ITEM(call.get(), field, fields[field]);
    }
    if (!complete) return nullptr;
    PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(i), call.release());
  }
  return list.release();
}

void CallLog::clear() noexcept {
  // Out of the object first: releasing a value can run Python code that looks at the log.
  Entry* entries = std::exchange(entries_, nullptr);
  const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(total_, size_));
  size_ = 0;
  total_ = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (entries[i].keywords != nullptr) release(entries[i]);
  }
  PyMem_Free(entries);
}

int CallLog::traverse(visitproc visit, void* arg) const {
  for (std::size_t i = 0; i < kept(); ++i) {
    const Entry& entry = at(i);
    const Py_ssize_t count = entry.keywords == nullptr ? 0 : PyTuple_GET_SIZE(entry.keywords);
    Py_VISIT(entry.keywords);
    for (Py_ssize_t value = 0; value < (count > kInline ? 1 : count); ++value)
      Py_VISIT(entry.values[value]);
  }
  return 0;
}

bool add_call_type(PyObject* module) {
  static PyStructSequence_Field fields[] = {
      {"method", "name of the method or of the exchange table's slot"},
      {"keywords",
       "pairs of name and value in the caller's order; the name is empty for a positional one"},
      {"thread", "identity of the calling thread, as threading.get_ident gives it"},
      {"gil", "the caller held the GIL"},
      {nullptr, nullptr},
  };
  static PyStructSequence_Desc description = {"dlpack_conformance._instrument.Call",
                                              "One logged call on an Array.", fields, 4};
  if (call_type == nullptr) call_type = PyStructSequence_NewType(&description);
  if (call_type == nullptr) return false;
  return PyModule_AddObjectRef(module, "Call", reinterpret_cast<PyObject*>(call_type)) == 0;
}

}  // namespace dlpack_impl::python
