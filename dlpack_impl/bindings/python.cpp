#include "python.h"

namespace dlpack_impl::python {

Names names{};

bool init_names() {
  if (names.asks_all != nullptr) return true;
  const std::pair<PyObject**, const char*> texts[] = {
      {&names.dlpack, "__dlpack__"},
      {&names.dlpack_device, "__dlpack_device__"},
      {&names.stream, "stream"},
      {&names.max_version, "max_version"},
      {&names.dl_device, "dl_device"},
      {&names.copy, "copy"},
      {&names.device, "device"},
      {&names.exchange_api, "__dlpack_c_exchange_api__"},
      {&names.array_interface, "__array_interface__"},
      {&names.array_struct, "__array_struct__"},
      {&names.cuda_array_interface, "__cuda_array_interface__"},
      {&names.array, "__array__"},
      {&names.cpu, "cpu"},
      {&names.positional, ""},
  };
  for (const auto& [slot, text] : texts) {
    if ((*slot = PyUnicode_InternFromString(text)) == nullptr) return false;
  }
  names.version_1_3 = Py_BuildValue("(ii)", 1, 3);
  names.cpu_device = Py_BuildValue("(ii)", 1, 0);
  names.asks_version = PyTuple_Pack(1, names.max_version);
  names.asks_version_copy = PyTuple_Pack(2, names.max_version, names.copy);
  names.asks_version_device = PyTuple_Pack(2, names.max_version, names.dl_device);
  names.asks_all = PyTuple_Pack(3, names.max_version, names.dl_device, names.copy);
  return names.version_1_3 != nullptr && names.cpu_device != nullptr &&
         names.asks_version != nullptr && names.asks_version_copy != nullptr &&
         names.asks_version_device != nullptr && names.asks_all != nullptr;
}

}  // namespace dlpack_impl::python
