// The type `Ledger`: the counts of one array's exports, alive beyond the array without keeping its
// memory.

#include <new>

#include "fast.h"

namespace dlpack_impl::python {
namespace {

struct LedgerObject {
  PyObject_HEAD std::shared_ptr<ExportLog> log;
};

PyTypeObject* ledger_type = nullptr;

ExportLog& log_of(PyObject* object) noexcept {
  return *reinterpret_cast<LedgerObject*>(object)->log;
}

void ledger_dealloc(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  reinterpret_cast<LedgerObject*>(object)->log.~shared_ptr();
  type->tp_free(object);
  Py_DECREF(type);
}

PyObject* ledger_exports(PyObject* object, void*) {
  return PyLong_FromLongLong(log_of(object).exports());
}
PyObject* ledger_live(PyObject* object, void*) {
  return PyLong_FromLongLong(log_of(object).live());
}
PyObject* ledger_calls(PyObject* object, void*) {
  return PyLong_FromLongLong(log_of(object).deleter_calls());
}
PyObject* ledger_doubles(PyObject* object, void*) {
  return PyLong_FromLongLong(log_of(object).double_deletes());
}

PyObject* ledger_threads(PyObject* object, void*) {
  return guarded(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    const std::vector<std::uint64_t> threads = log_of(object).deleter_threads();
    Ref tuple(PyTuple_New(static_cast<Py_ssize_t>(threads.size())));
    if (!tuple) return nullptr;
    for (std::size_t i = 0; i < threads.size(); ++i) {
      PyObject* thread = PyLong_FromUnsignedLongLong(threads[i]);
      if (thread == nullptr) return nullptr;
      PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), thread);
    }
    return tuple.release();
  });
}

PyGetSetDef getters[] = {
    {"exports", ledger_exports, nullptr, "Exports made so far.", nullptr},
    {"live_exports", ledger_live, nullptr, "Exports whose deleter has not run.", nullptr},
    {"deleter_calls", ledger_calls, nullptr, "Calls of deleters, second calls included.", nullptr},
    {"double_deletes", ledger_doubles, nullptr, "Calls of a deleter that had run before.", nullptr},
    {"deleter_threads", ledger_threads, nullptr, "Threads that ran a deleter, each once, in order.",
     nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

}  // namespace

PyObject* array_ledger(PyObject* object, void*) {
  return guarded(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    const ProducerSide& side = producer_side(*reinterpret_cast<ArrayObject*>(object));
    auto* ledger = PyObject_New(LedgerObject, ledger_type);
    if (ledger == nullptr) return nullptr;
    new (&ledger->log) std::shared_ptr<ExportLog>(side.producer.log());
    return reinterpret_cast<PyObject*>(ledger);
  });
}

bool add_ledger_type(PyObject* module) {
  PyType_Slot slots[] = {
      {Py_tp_doc, const_cast<char*>(
                      "Counts of one array's exports; it keeps neither the array nor its memory.")},
      {Py_tp_dealloc, reinterpret_cast<void*>(ledger_dealloc)},
      {Py_tp_getset, getters},
      {0, nullptr},
  };
  PyType_Spec spec = {"dlpack_conformance._instrument.Ledger",
                      static_cast<int>(sizeof(LedgerObject)), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  ledger_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  return ledger_type != nullptr &&
         PyModule_AddObjectRef(module, "Ledger", reinterpret_cast<PyObject*>(ledger_type)) == 0;
}

}  // namespace dlpack_impl::python
