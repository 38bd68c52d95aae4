// What happens when a tensor is let go of: by its deleter, and by its capsule.
#include <pthread.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "tamper.h"

namespace dlpack_impl::faults {
namespace {

/// How a spoiled deleter behaves. The real one is called `calls` times.
struct Manner {
  int calls = 1;
  bool needs_gil = false;     ///< ends the process where the GIL is not held
  bool clears_error = false;  ///< drops the exception that is pending
  bool sets_error = false;    ///< leaves an exception of its own
  bool other_thread = false;  ///< calls the real one on a thread of its own
  void (*legacy)(DLManagedTensor*) = nullptr;
  void (*versioned)(DLManagedTensorVersioned*) = nullptr;
};

/// Manners of the tensors that are alive, by address.
class Manners {
 public:
  void set(void* tensor, const Manner& manner) {
    const std::lock_guard lock(mutex_);
    all_[tensor] = manner;
  }
  Manner take(void* tensor) {
    const std::lock_guard lock(mutex_);
    const auto found = all_.find(tensor);
    if (found == all_.end()) return {.calls = 0};  // a second call: the real one had its turn
    const Manner manner = found->second;
    all_.erase(found);
    return manner;
  }
  [[nodiscard]] Manner get(void* tensor) {
    const std::lock_guard lock(mutex_);
    return all_.at(tensor);
  }

 private:
  std::mutex mutex_;
  std::map<void*, Manner> all_;
};

Manners& manners() {
  static auto* const all = new Manners;  // deleters may run when statics are gone
  return *all;
}

template <class Call>
void behave(const Manner& manner, Call&& call) {
  if (manner.needs_gil && PyGILState_Check() == 0) std::abort();
  if (manner.clears_error) PyErr_Clear();
  for (int time = 0; time < manner.calls; ++time) {
    if (manner.other_thread) {
      std::thread(call).join();
    } else {
      call();
    }
  }
  if (manner.sets_error) PyErr_SetString(PyExc_RuntimeError, "left behind by a deleter");
}

void legacy_deleter(DLManagedTensor* tensor) {
  const Manner manner = manners().take(tensor);
  behave(manner, [&] { manner.legacy(tensor); });
}

void versioned_deleter(DLManagedTensorVersioned* tensor) {
  const Manner manner = manners().take(tensor);
  behave(manner, [&] { manner.versioned(tensor); });
}

py::capsule on_delete(const py::capsule& capsule, int calls, bool needs_gil, bool clears_error,
                      bool sets_error, bool other_thread) {
  const Held held = held_by(capsule);
  Manner manner{calls, needs_gil, clears_error, sets_error, other_thread};
  if (held.versioned != nullptr) {
    manner.versioned = held.versioned->deleter;
    if (manner.versioned == versioned_deleter) throw py::value_error("it is spoiled already");
    held.versioned->deleter = versioned_deleter;
  } else {
    manner.legacy = held.legacy->deleter;
    if (manner.legacy == legacy_deleter) throw py::value_error("it is spoiled already");
    held.legacy->deleter = legacy_deleter;
  }
  manners().set(held.address(), manner);
  return capsule;
}

py::capsule null_deleter(const py::capsule& capsule) {
  const Held held = held_by(capsule);
  if (held.versioned != nullptr) {
    held.versioned->deleter = nullptr;
  } else {
    held.legacy->deleter = nullptr;
  }
  return capsule;
}

/// The tensor in a capsule under any name, as the wrong destructors below take it.
Held under_any_name(PyObject* capsule) {
  const char* name = PyCapsule_GetName(capsule);
  void* pointer = PyCapsule_GetPointer(capsule, name);
  if (name != nullptr && std::strstr(name, "versioned") != nullptr)
    return {.versioned = static_cast<DLManagedTensorVersioned*>(pointer)};
  return {.legacy = static_cast<DLManagedTensor*>(pointer)};
}

bool is_consumed(PyObject* capsule) {
  const char* name = PyCapsule_GetName(capsule);
  return name == nullptr || std::strncmp(name, "dltensor", 8) != 0;
}

void destroy_always(PyObject* capsule) { delete_now(under_any_name(capsule)); }

void destroy_clearing(PyObject* capsule) {
  PyErr_Clear();
  if (!is_consumed(capsule)) delete_now(under_any_name(capsule));
}

py::capsule on_destroy(const py::capsule& capsule, const std::string& how) {
  PyCapsule_Destructor destructor = nullptr;
  if (how == "deletes-always") {
    destructor = destroy_always;
  } else if (how == "clears-error") {
    destructor = destroy_clearing;
  } else if (how != "nothing") {
    throw py::value_error("on_destroy: " + how + "; limit: nothing, deletes-always, clears-error");
  }
  if (PyCapsule_SetDestructor(capsule.ptr(), destructor) != 0) throw py::error_already_set();
  return capsule;
}

}  // namespace

void add_deleters(py::module_& module) {
  module.def("on_delete", on_delete, py::arg("capsule"), py::kw_only(), py::arg("calls") = 1,
             py::arg("needs_gil") = false, py::arg("clears_error") = false,
             py::arg("sets_error") = false, py::arg("other_thread") = false,
             "Spoil the deleter of the tensor in a capsule, which is returned.");
  module.def("null_deleter", null_deleter, py::arg("capsule"), "Set the deleter to NULL.");
  module.def("on_destroy", on_destroy, py::arg("capsule"), py::arg("how"),
             "Spoil the capsule's destructor: nothing, deletes-always or clears-error.");
}

}  // namespace dlpack_impl::faults
