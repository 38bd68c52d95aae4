// The type `Accelerator`, and which are open.

#include "devices.h"

#include <dlpack_impl/error.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <functional>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cuda/cuda.h"
#include "parts.h"
#include "simulated/simulated.h"
#include "values.h"

namespace py = pybind11;

namespace dlpack_impl::python {

std::atomic<int> open_devices{0};

namespace {

// ---- which are open
// ----------------------------------------------------------------------------------------------

struct Registry {
  std::mutex mutex;
  std::vector<std::weak_ptr<const OpenDevice>> devices;  ///< oldest first
  std::uint64_t made = 0;
};

/// Never destroyed: an export may be freed after the module is gone.
Registry& registry() noexcept {
  static auto* one = new Registry();
  return *one;
}

template <class Fits>
OpenDevicePtr find_newest(Fits&& fits) noexcept {
  if (open_devices.load(std::memory_order_relaxed) == 0) return nullptr;
  Registry& all = registry();
  std::vector<OpenDevicePtr> held;  // the last share of one must not go under the lock
  const std::lock_guard<std::mutex> lock(all.mutex);
  for (auto one = all.devices.rbegin(); one != all.devices.rend(); ++one) {
    held.push_back(one->lock());
    if (held.back() != nullptr && fits(*held.back())) return held.back();
  }
  return nullptr;
}

OpenDevicePtr open(std::string name, std::shared_ptr<const Accelerator> accelerator,
                   const simulated::Simulated* simulated) {
  auto device =
      std::make_shared<const OpenDevice>(std::move(name), std::move(accelerator), simulated);
  Registry& all = registry();
  const std::lock_guard<std::mutex> lock(all.mutex);
  const auto gone = [](const std::weak_ptr<const OpenDevice>& one) { return one.expired(); };
  all.devices.erase(std::remove_if(all.devices.begin(), all.devices.end(), gone),
                    all.devices.end());
  all.devices.push_back(device);
  return device;
}

/// Current streams of this thread, by the serial number of the device.
thread_local std::unordered_map<std::uint64_t, Stream> current_streams;

/// One of the other pools of an accelerator, as memory.
class PoolMemory final : public DeviceMemory {
 public:
  PoolMemory(std::shared_ptr<const Accelerator> accelerator, DevicePool pool)
      : accelerator_(std::move(accelerator)), pool_(pool) {}

  [[nodiscard]] Device device() const noexcept override {
    return {pool_ == DevicePool::kPinned ? kDLCUDAHost : kDLCUDAManaged, 0};
  }
  [[nodiscard]] void* allocate(std::size_t size_bytes, std::size_t alignment_bytes) const override {
    return accelerator_->allocate_from(pool_, size_bytes, alignment_bytes);
  }
  void release(void* memory) const noexcept override { accelerator_->release(memory); }
  void write(void* device_bytes, const void* host_bytes, std::size_t size_bytes) const override {
    accelerator_->write(device_bytes, host_bytes, size_bytes);
  }
  void read(void* host_bytes, const void* device_bytes, std::size_t size_bytes) const override {
    accelerator_->read(host_bytes, device_bytes, size_bytes);
  }

 private:
  std::shared_ptr<const Accelerator> accelerator_;
  DevicePool pool_;
};

}  // namespace

OpenDevice::OpenDevice(std::string name, std::shared_ptr<const Accelerator> accelerator,
                       const simulated::Simulated* simulated)
    : name_(std::move(name)),
      accelerator_(std::move(accelerator)),
      simulated_(simulated),
      pending_(std::make_shared<PendingBytes>(accelerator_)),
      pools_{std::make_unique<PoolMemory>(accelerator_, DevicePool::kPinned),
             std::make_unique<PoolMemory>(accelerator_, DevicePool::kManaged)} {
  Registry& all = registry();
  const std::lock_guard<std::mutex> lock(all.mutex);
  serial_ = ++all.made;
  open_devices.fetch_add(1);
}

OpenDevice::~OpenDevice() { open_devices.fetch_sub(1); }

const DeviceMemory& OpenDevice::memory(DevicePool pool) const noexcept {
  if (pool == DevicePool::kDevice) return *accelerator_;
  return *pools_[pool == DevicePool::kPinned ? 0 : 1];
}

bool OpenDevice::has_memory(const DeviceMemory& memory) const noexcept {
  return &memory == accelerator_.get() || &memory == pools_[0].get() || &memory == pools_[1].get();
}

Stream OpenDevice::current_stream() const {
  const auto found = current_streams.find(serial_);
  return found == current_streams.end() ? kLegacyStream : found->second;
}

void OpenDevice::set_current_stream(Stream stream) const {
  if (stream == kLegacyStream) {
    current_streams.erase(serial_);
  } else {
    current_streams[serial_] = stream;
  }
}

OpenDevicePtr find_open(Device device) noexcept {
  return find_newest([&](const OpenDevice& open) {
    const Device own = open.accelerator()->device();
    return own == device || (open.is_cuda() && device == Device{kDLCUDAManaged, own.id});
  });
}

OpenDevicePtr find_open_at(const void* address, Device device) noexcept {
  return find_newest([&](const OpenDevice& open) {
    const PointerInfo info = open.accelerator()->query(address);
    if (!info.known) return false;
    if (info.device.is_host_readable()) return info.device == device;
    return !device.is_host_readable() && info.device.id == device.id &&
           open.accelerator()->device().id == device.id;
  });
}

OpenDevicePtr find_open_holding(const void* address) noexcept {
  return find_newest([&](const OpenDevice& open) {
    const PointerInfo info = open.accelerator()->query(address);
    return info.known &&
           (info.device.is_host_readable() || info.device.id == open.accelerator()->device().id);
  });
}

OpenDevicePtr find_open_memory(const DeviceMemory& memory) noexcept {
  return find_newest([&](const OpenDevice& open) { return open.has_memory(memory); });
}

Stream stream_from(PyObject* value, const OpenDevice& device) {
  if (value == nullptr || value == Py_None) return device.current_stream();
  const Ref index(PyNumber_Index(value));
  if (!index) {
    PyErr_Clear();
    refuse(error_types.type_mismatch, "stream", value, "None or an integer");
    throw PythonErrorIsSet{};
  }
  const long long number = PyLong_AsLongLong(index.get());
  if (number == -1 && PyErr_Occurred() != nullptr) PyErr_Clear();
  const auto stream = static_cast<Stream>(number);
  if (!device.accelerator()->has_stream(stream)) {
    refuse(error_types.device_error, "stream", value,
           ("1, 2 or the handle of a live stream of " + device.name()).c_str());
    throw PythonErrorIsSet{};
  }
  return stream;
}

// ---- the type
// ----------------------------------------------------------------------------------------------------

namespace {

/// What Python holds.
struct AcceleratorHandle {
  OpenDevicePtr open;
  [[nodiscard]] const Accelerator& on() const noexcept { return *open->accelerator(); }
};

py::tuple open_all(std::vector<OpenDevicePtr> opened) {
  py::tuple handles(opened.size());
  for (std::size_t i = 0; i < opened.size(); ++i) {
    handles[i] = py::cast(AcceleratorHandle{std::move(opened[i])});
  }
  return handles;
}

py::tuple simulated_devices(int devices, std::int64_t delay_ns, std::int64_t memory_bytes,
                            std::int32_t type, std::int64_t operation_ns, bool late) {
  DLCONFORM_EXPECTS(memory_bytes >= 0, InvalidArgument,
                    detail::field_message("memory_bytes", memory_bytes, ">= 4096"));
  simulated::SimulatedOptions options;
  options.devices = devices;
  options.delay_ns = delay_ns;
  options.operation_ns = operation_ns;
  options.memory_bytes = static_cast<std::size_t>(memory_bytes);
  options.device_type = type;
  options.late = late;
  std::vector<OpenDevicePtr> opened;
  for (const auto& one : simulated::make_simulated(options)) {
    opened.push_back(open("simulated-" + std::to_string(one->device().id), one, one.get()));
  }
  return open_all(std::move(opened));
}

py::tuple open_cuda() {
  // Kept for the process: a real device is there once.
  static auto* opened = new std::vector<OpenDevicePtr>();
  if (opened->empty()) {
    for (const auto& one : cuda_devices()) {
      opened->push_back(open(device_name(one->device()), one, nullptr));
    }
  }
  return open_all(*opened);
}

void touch_word(std::optional<std::uintptr_t> address) {
  DLCONFORM_EXPECTS(!address.has_value() || *address % sizeof(std::uint64_t) == 0, InvalidArgument,
                    detail::field_message("address", *address, "a multiple of 8, or None"));
  simulated::set_touch_word(reinterpret_cast<std::uint64_t*>(address.value_or(0)));
}

py::object memory_capsule(const AcceleratorHandle& handle) {
  auto* share = new OpenDevicePtr(handle.open);
  const DeviceMemory* memory = &handle.on();
  PyObject* capsule = PyCapsule_New(
      const_cast<DeviceMemory*>(memory), "dlpack_impl.DeviceMemory", [](PyObject* object) {
        const KeepException kept;
        delete static_cast<OpenDevicePtr*>(PyCapsule_GetContext(object));
      });
  if (capsule == nullptr || PyCapsule_SetContext(capsule, share) != 0) {
    delete share;
    throw PythonErrorIsSet{};
  }
  return checked(capsule);
}

void fail(const AcceleratorHandle& handle, const std::string& call, int after) {
  DLCONFORM_EXPECTS(handle.open->simulated() != nullptr, DeviceError,
                    detail::field_message("fail", handle.open->name(), "simulated devices"));
  handle.open->simulated()->fail(call, after);
}

void synchronize(const AcceleratorHandle& handle, const std::optional<Stream>& stream) {
  const py::gil_scoped_release released;
  if (stream.has_value()) {
    handle.on().synchronize(*stream);
  } else {
    handle.on().synchronize_device();
  }
}

void set_current(const AcceleratorHandle& handle, Stream stream) {
  DLCONFORM_EXPECTS(
      handle.on().has_stream(stream), DeviceError,
      detail::field_message("current_stream", stream,
                            "1, 2 or the handle of a live stream of " + handle.open->name()));
  handle.open->set_current_stream(stream);
}

}  // namespace

OpenDevicePtr open_device_from(PyObject* object, const char* field) {
  if (!py::isinstance<AcceleratorHandle>(object)) {
    refuse(error_types.type_mismatch, field, object, "an Accelerator, or None");
    throw PythonErrorIsSet{};
  }
  return py::cast<const AcceleratorHandle&>(py::handle(object)).open;
}

PyObject* from_open_device(const OpenDevicePtr& device) {
  return py::cast(AcceleratorHandle{device}).release().ptr();
}

void add_devices(py::module_& module) {
  using Handle = AcceleratorHandle;
  py::class_<Handle>(module, "Accelerator",
                     "A device whose work runs in streams: simulated, or real CUDA.")
      .def_property_readonly("name", [](const Handle& h) { return h.open->name(); })
      .def_property_readonly("device",
                             [](const Handle& h) {
                               const Device device = h.on().device();
                               return py::make_tuple(device.type, device.id);
                             })
      .def_property_readonly("simulated",
                             [](const Handle& h) { return h.open->simulated() != nullptr; })
      .def_property_readonly("free_bytes", [](const Handle& h) { return h.on().free_bytes(); })
      .def_property_readonly("now_ns", [](const Handle& h) { return h.on().now_ns(); })
      .def_property_readonly("memory", memory_capsule)
      .def_property(
          "current_stream", [](const Handle& h) { return h.open->current_stream(); }, set_current,
          "Of this thread: what the consumer passes, and where the producer works.")
      .def(
          "make_stream",
          [](const Handle& h, bool blocking) { return h.on().make_stream(blocking); },
          py::arg("blocking") = true, "A new stream; blocking: ordered against the legacy default.")
      .def(
          "end_stream", [](const Handle& h, Stream stream) { h.on().end_stream(stream); },
          py::arg("stream"), "What is queued still runs; the handle is no stream any more.")
      .def(
          "has_stream", [](const Handle& h, Stream stream) { return h.on().has_stream(stream); },
          py::arg("stream"), "True for a live stream and for the two defaults.")
      .def(
          "delay",
          [](const Handle& h, Stream stream, std::int64_t ns) { h.on().queue_delay(stream, ns); },
          py::arg("stream"), py::arg("ns"), "Queue doing nothing for so long; at most 1 s.")
      .def(
          "order",
          [](const Handle& h, Stream first, Stream second) { h.on().order(first, second); },
          py::arg("first"), py::arg("second"),
          "What is queued on second from now on runs after what is queued on first now.")
      .def("synchronize", synchronize, py::arg("stream") = py::none(),
           "Wait for one stream; None: for all of the device.")
      .def(
          "is_idle", [](const Handle& h, Stream stream) { return h.on().is_idle(stream); },
          py::arg("stream"), "True where all that was queued on the stream is done.")
      .def("fail", fail, py::arg("call"), py::arg("after") = 1,
           "Simulated only: the after-th next call of that name fails.")
      .def("__eq__",
           [](const Handle& h, const py::object& other) {
             return py::isinstance<Handle>(other) && py::cast<const Handle&>(other).open == h.open;
           })
      .def("__hash__", [](const Handle& h) { return std::hash<const OpenDevice*>()(h.open.get()); })
      .def("__repr__", [](const Handle& h) { return "<Accelerator " + h.open->name() + ">"; });
  module.def("simulated", simulated_devices, py::arg("devices") = 1, py::arg("delay_ns") = 0,
             py::arg("memory_bytes") = std::int64_t{1} << 24, py::arg("type") = 2,
             py::arg("operation_ns") = 0, py::arg("late") = true,
             "New accelerators without hardware.");
  module.def("cuda", open_cuda, "All CUDA devices.");
  module.def("touch_word", touch_word, py::arg("address"),
             "Where a host touch of simulated memory leaves its mark; None: nowhere.");
}

}  // namespace dlpack_impl::python
