// `Array` on a device: exports in stream order, elements through copies on a stream.

#include "device_array.h"

#include <dlpack_impl/device_consumer.h>
#include <dlpack_impl/error.h>

#include <utility>

#include "capsule.h"
#include "values.h"

namespace dlpack_impl::python {
namespace {

// The log keeps the storage alive for all exports.
constexpr Keeper kKeptByLog{};

/// The stream of an export as a number; none for None. @throws PythonErrorIsSet
std::optional<std::int64_t> asked_stream(const ArrayObject& array, const Ask& ask) {
  if (ask.stream == nullptr) return std::nullopt;
  if (!check_stream(ask.stream, array.device())) throw PythonErrorIsSet{};
  const Ref index(PyNumber_Index(ask.stream));
  if (!index) throw PythonErrorIsSet{};
  return PyLong_AsLongLong(index.get());
}

Stream work_stream(const ArrayObject& array) {
  return array.on->work.stream().value_or(array.on->open->current_stream());
}

/// @spec P-27 P-28 S-16
PyObject* to_host(ArrayObject& array, ProducerSide& side, const Ask& ask, bool versioned) {
  DLCONFORM_EXPECTS(ask.device == kCpu, BufferError,
                    detail::field_message("dl_device", device_name(ask.device),
                                          device_name(side.device) + ", or cpu"));
  if (ask.stream != nullptr) {
    refuse(error_types.invalid_argument, "stream", ask.stream, "None with dl_device (1, 0)");
    throw PythonErrorIsSet{};
  }
  const OpenDevice& open = *array.on->open;
  const Stream after = open.current_stream();
  ExportOptions options = side.options;
  options.device = kCpu;
  if (side.producer.tensor().device.is_host_readable() && (ask.copy != 1 || !side.honours_copy)) {
    // Pinned and managed memory is the CPU's as well, once the work on it is done.
    array.on->work.order_before(after, after);
    open.accelerator()->synchronize(after);
    return share_stated(side, options, versioned);
  }
  DLCONFORM_EXPECTS(
      ask.copy != 0 || !side.honours_copy, BufferError,
      detail::field_message("copy", "False",
                            "None or True, to go from " + device_name(side.device) + " to cpu"));
  array.on->work.order_before(after, after);
  return versioned ? make_capsule(array.on->work.host_versioned(side.producer, options, after))
                   : make_capsule(array.on->work.host_legacy(side.producer, options, after));
}

}  // namespace

PyObject* export_on_device(ArrayObject& array, const Ask& ask) {
  ProducerSide& side = producer_side(array);
  const bool versioned = answers_versioned(side, ask);
  if (ask.has_device && side.honours_device && ask.device != side.device)
    return to_host(array, side, ask, versioned);
  const OpenDevice& open = *array.on->open;
  const std::optional<Stream> consumer =
      consumer_stream(*open.accelerator(), asked_stream(array, ask));
  const Stream own = open.current_stream();
  // Nobody names a stream for it, and the host may read it: complete on return (S-20).
  const bool is_pinned = side.device.type == kDLCUDAHost;
  if (ask.copy == 1 && side.honours_copy) {
    // Without a stream of the consumer's the copy goes where the producer works.
    const Stream over = consumer.value_or(work_stream(array));
    array.on->work.order_before(over, own);
    Ref copied(versioned
                   ? make_capsule(array.on->work.copy_versioned(side.producer, side.options, over))
                   : make_capsule(array.on->work.copy_legacy(side.producer, side.options, over)));
    if (copied && is_pinned) open.accelerator()->synchronize(over);
    return copied.release();
  }
  Ref capsule(share_export(side, versioned));
  if (!capsule || !consumer.has_value()) return capsule.release();
  array.on->work.order_before(*consumer, own);
  if (is_pinned) open.accelerator()->synchronize(*consumer);
  return capsule.release();
}

namespace {

/// Where the elements lie; without any there is no address that tells it, and what is stated
/// counts.
OpenDevicePtr find_open_of(const TensorView& view) {
  if (view.element_count() != 0) return find_open_at(view.first(), view.device());
  const bool pinned = view.device() == Device{kDLCUDAHost, 0};
  return find_open(pinned ? Device{kDLCUDA, 0} : view.device());
}

}  // namespace

PyObject* array_on_device(StoragePtr storage, std::optional<Stream> passed) {
  const TensorView& view = storage->imported()->view();
  OpenDevicePtr open = find_open_of(view);
  if (open == nullptr) {
    DLCONFORM_EXPECTS(view.device().is_host_readable(), BufferError,
                      detail::field_message("device", device_name(view.device()),
                                            "memory that the host reads, or of an open device"));
    return array_from(std::move(storage));
  }
  auto side = std::make_unique<DeviceSide>(std::move(open));
  if (passed.has_value()) side->work.note(*passed);
  PyObject* array = array_from(std::move(storage));
  if (array != nullptr) reinterpret_cast<ArrayObject*>(array)->on = side.release();
  return array;
}

PyObject* copy_array_on_device(Ref array) {
  auto& source = *reinterpret_cast<ArrayObject*>(array.get());
  const Stream over = source.on->open->current_stream();
  const ProducerSide& side = producer_side(source);
  source.on->work.order_before(over, over);
  return array_on_device(
      StoragePtr(new Storage(source.on->work.copy_versioned(side.producer, {}, over))), over);
}

// ---- elements
// ------------------------------------------------------------------------------------------------

namespace {

HostImage image_of(const ArrayObject& array, Stream stream) {
  const OpenDevice& open = *array.on->open;
  return {*open.accelerator(), array.view(), stream, *open.pending()};
}

/// `values` as compact bytes: bytes as they are, else numbers.
std::vector<std::byte> raw_from(PyObject* values, DType dtype) {
  if (PyBytes_Check(values)) {
    const auto* begin = reinterpret_cast<const std::byte*>(PyBytes_AS_STRING(values));
    return {begin, begin + PyBytes_GET_SIZE(values)};
  }
  return encode_elements(dtype, numbers_from(values, dtype));
}

}  // namespace

PyObject* list_on_device(const ArrayObject& array, PyObject* stream) {
  const HostImage image = image_of(array, stream_from(stream, *array.on->open));
  return list_elements(image.view());
}

PyObject* raw_on_device(const ArrayObject& array, PyObject* stream) {
  const HostImage image = image_of(array, stream_from(stream, *array.on->open));
  return raw_elements(image.view());
}

PyObject* get_on_device(const ArrayObject& array, Int64View index) {
  const HostImage image = image_of(array, array.on->open->current_stream());
  return one_element(image.view(), index);
}

void set_on_device(ArrayObject& array, Int64View index, const void* element) {
  const Stream stream = array.on->open->current_stream();
  array.on->work.order_before(stream, stream);
  HostImage image = image_of(array, stream);
  image.set(index, element);
}

PyObject* array_write(PyObject* object, PyObject* args, PyObject* keywords) {
  static const char* const known[] = {"values", "stream", nullptr};
  PyObject* values = nullptr;
  PyObject* stream = nullptr;
  if (!PyArg_ParseTupleAndKeywords(args, keywords, "O|O:write", const_cast<char**>(known), &values,
                                   &stream)) {
    return nullptr;
  }
  auto& self = *reinterpret_cast<ArrayObject*>(object);
  return guarded(static_cast<PyObject*>(nullptr), [&]() -> PyObject* {
    DLCONFORM_EXPECTS(self.on != nullptr, InvalidArgument,
                      detail::field_message("device", device_name(self.device()),
                                            "a device that works in streams; the host has set()"));
    DLCONFORM_EXPECTS(!self.readonly(), InvalidArgument,
                      detail::field_message("readonly", "True", "a writable array"));
    const Stream on = stream_from(stream, *self.on->open);
    const ProducerSide& side = producer_side(self);
    self.on->work.write(side.producer, raw_from(values, self.view().dtype()), on);
    Py_RETURN_NONE;
  });
}

PyObject* array_accelerator(PyObject* object, void*) {
  const auto& self = *reinterpret_cast<ArrayObject*>(object);
  if (self.on == nullptr) Py_RETURN_NONE;
  return guarded(static_cast<PyObject*>(nullptr), [&] { return from_open_device(self.on->open); });
}

PyObject* array_work_stream(PyObject* object, void*) {
  const auto& self = *reinterpret_cast<ArrayObject*>(object);
  if (self.on == nullptr) Py_RETURN_NONE;
  return guarded(static_cast<PyObject*>(nullptr),
                 [&] { return PyLong_FromSsize_t(work_stream(self)); });
}

DeviceSide* make_device_side(const DeviceMemory& memory) {
  if (memory.device() == kCpu) return nullptr;
  OpenDevicePtr open = find_open_memory(memory);
  return open == nullptr ? nullptr : new DeviceSide(std::move(open));
}

void delete_device_side(DeviceSide* side) noexcept { delete side; }

}  // namespace dlpack_impl::python
