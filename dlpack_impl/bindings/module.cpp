// The module `_instrument`: thin parts by pybind11 here, the hot path's types from the files beside
// it.

#include <dlpack_impl/error.h>
#include <dlpack_impl/exchange_api.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "capsule.h"
#include "fast.h"
#include "parts.h"
#include "values.h"

namespace py = pybind11;

namespace dlpack_impl::python {
namespace {

py::dict dtypes() {
  py::dict table;
  for (const NamedDType& row : all_dtypes()) {
    const DType dtype = row.dtype;
    table[py::str(row.name.data(), row.name.size())] =
        py::make_tuple(dtype.code, dtype.bits, dtype.lanes, dtype.padded);
  }
  return table;
}

py::bytes encode(const py::object& name, const py::object& value) {
  const DType dtype = dtype_from(name.ptr());
  const std::vector<Number> lanes = lanes_from(value.ptr(), dtype);
  std::string raw(static_cast<std::size_t>(dtype.element_bytes()), '\0');
  encode_element(dtype, lanes.data(), raw.data());
  return py::bytes(raw);
}

py::object decode(const py::object& name, const py::buffer& raw, std::int64_t index) {
  const py::buffer_info info = raw.request();
  const std::vector<Number> lanes = decode_at(
      dtype_from(name.ptr()), info.ptr, static_cast<std::size_t>(info.size * info.itemsize), index);
  return checked(from_lanes(lanes.data(), lanes.size()));
}

py::dict totals() {
  const ExportLog& log = all_exports();
  py::dict counts;
  counts["exports"] = log.exports();
  counts["live_exports"] = log.live();
  counts["deleter_calls"] = log.deleter_calls();
  counts["double_deletes"] = log.double_deletes();
  counts["live_memories"] = Storage::live_buffers();
  return counts;
}

PyMethodDef hot_functions[] = {
    {"from_dlpack", as_method<import_object>(), METH_FASTCALL | METH_KEYWORDS,
     "from_dlpack(x, /, *, device=None, copy=None)\n--\n\nImport any object that has the two "
     "DLPack methods."},
    {"from_capsule", import_capsule, METH_O,
     "from_capsule(capsule, /)\n--\n\nConsume a bare capsule."},
    {nullptr, nullptr, 0, nullptr},
};

void add_types(PyObject* module) {
  const bool added = init_names() && add_error_types(module) && add_call_type(module) &&
                     add_memory_types(module) && add_ledger_type(module) &&
                     add_array_type(module) && add_wrapper_types(module) &&
                     PyModule_AddFunctions(module, hot_functions) == 0;
  if (!added) throw py::error_already_set();
}

}  // namespace

PYBIND11_MODULE(_instrument, module) {
  module.doc() =
      "The instrument: reference producer, reference consumer and the memory they work in.";
  module.attr("DIGEST") = digest();
  add_types(module.ptr());
  py::register_local_exception_translator([](std::exception_ptr pending) {
    try {
      std::rethrow_exception(pending);
    } catch (const PythonErrorIsSet&) {
    } catch (const Error&) {
      set_error_from_exception();
    }
  });
  module.def("dtypes", dtypes, "Every dtype of DLPack 1.3: name -> (code, bits, lanes, padded).");
  module.def("encode", encode, py::arg("dtype"), py::arg("value"), "Bytes of one element.");
  module.def("decode", decode, py::arg("dtype"), py::arg("raw"), py::arg("index") = 0,
             "One element of C-contiguous bytes.");
  module.def("totals", totals, "Counts of this process.");
  add_buffers(module);
  add_class_buffer(module);
  add_reading(module);
  add_exchange(module);
  add_foreign_table(module);
  add_deleter(module);
  add_stated(module);
  add_capsule_life(module);
  add_devices(module);
  add_cuda_interface(module);
}

}  // namespace dlpack_impl::python
