// The producer's hot path: `Array.__dlpack__`. A call costs one log entry, one export and one
// capsule.

#include <dlpack_impl/error.h>

#include "capsule.h"
#include "device_array.h"
#include "fast.h"
#include "values.h"

namespace dlpack_impl::python {
namespace {

constexpr const char* kCanNotMark =
    "a legacy capsule can't say read-only: pass max_version=(1, 0) or newer";

// The log keeps the storage alive for all exports: a keeper of each would cost two locked
// operations.
constexpr Keeper kKeptByLog{};

VersionedPtr share_versioned(ProducerSide& side) {
  if (side.stated != nullptr)
    return side.producer.export_stated_versioned(side.options, *side.stated, kKeptByLog);
  if (!side.versioned.has_value()) side.versioned = side.producer.prepare_versioned(side.options);
  return side.producer.export_prepared(*side.versioned, kKeptByLog);
}

/// @throws BufferError  the array is read-only, which a legacy struct can't say. @spec P-36
void expect_markable(const ProducerSide& side) {
  DLCONFORM_EXPECTS(!side.producer.tensor().readonly || side.legacy_readonly, BufferError,
                    detail::field_message("readonly", "True", kCanNotMark));
}

LegacyPtr share_legacy(ProducerSide& side) {
  if (side.stated != nullptr)
    return side.producer.export_stated_legacy(side.options, *side.stated, kKeptByLog);
  if (!side.unversioned.has_value()) {
    expect_markable(side);
    side.unversioned = side.producer.prepare_legacy(side.options);
  }
  return side.producer.export_prepared(*side.unversioned, kKeptByLog);
}

PyObject* share(ProducerSide& side, bool versioned) {
  return versioned ? make_capsule(share_versioned(side)) : make_capsule(share_legacy(side));
}

PyObject* copy(const ProducerSide& side, const ExportOptions& options, bool versioned) {
  return versioned ? make_capsule(side.producer.copy_versioned(options))
                   : make_capsule(side.producer.copy_legacy(options));
}

/// An export to another device than the array's own. @throws BufferError  the device can't be met,
/// or only by a copy that was forbidden. @spec P-25 P-27 P-28
PyObject* move(const ProducerSide& side, const Ask& ask, bool versioned, bool copies) {
  DLCONFORM_EXPECTS(ask.device == kCpu, BufferError,
                    detail::field_message("dl_device", device_name(ask.device),
                                          device_name(side.device) + ", or cpu"));
  ExportOptions options = side.options;
  options.device = kCpu;
  if (copies || !side.device.is_host_readable()) {
    DLCONFORM_EXPECTS(
        ask.copy != 0 || !side.honours_copy, BufferError,
        detail::field_message("copy", "False",
                              "None or True, to go from " + device_name(side.device) + " to cpu"));
    return copy(side, options, versioned);
  }
  // Pinned and managed memory is the CPU's as well.
  return share_stated(side, options, versioned);
}

/// @spec P-23 P-24 P-29 P-30 P-31
PyObject* answer(ProducerSide& side, const Ask& ask) {
  const bool versioned = answers_versioned(side, ask);
  const bool copies = ask.copy == 1 && side.honours_copy;
  if (ask.has_device && side.honours_device && ask.device != side.device)
    return move(side, ask, versioned, copies);
  return copies ? copy(side, side.options, versioned) : share(side, versioned);
}

}  // namespace

bool answers_versioned(const ProducerSide& side, const Ask& ask) noexcept {
  if (side.legacy != Legacy::kAuto) return side.legacy == Legacy::kNever;
  return ask.has_version && ask.max_version.major >= 1 && side.options.version.major >= 1;
}

PyObject* share_export(ProducerSide& side, bool versioned) { return share(side, versioned); }

PyObject* share_stated(const ProducerSide& side, const ExportOptions& options, bool versioned) {
  if (!versioned) expect_markable(side);
  return versioned ? make_capsule(side.producer.export_versioned(options, kKeptByLog))
                   : make_capsule(side.producer.export_legacy(options, kKeptByLog));
}

PyObject* export_array(ArrayObject& array, const Ask& ask) noexcept {
  return guarded(static_cast<PyObject*>(nullptr), [&] {
    return array.on != nullptr ? export_on_device(array, ask) : answer(producer_side(array), ask);
  });
}

VersionedPtr export_for_table(ArrayObject& array) {
  ProducerSide& side = producer_side(array);
  DLCONFORM_EXPECTS(side.legacy != Legacy::kAlways && side.options.version.major >= 1, BufferError,
                    detail::field_message("version", "legacy only",
                                          "1.0 or newer, which the exchange table needs"));
  return share_versioned(side);
}

PyObject* array_dlpack(PyObject* object, PyObject* const* args, Py_ssize_t positional,
                       PyObject* keywords) {
  auto* self = reinterpret_cast<ArrayObject*>(object);
  if (!self->log.note(Method::kDlpack, args, positional, keywords)) return nullptr;
  Ask ask;
  const bool parsed = (positional == 0 && keywords == nullptr) ||
                      parse_ask(args, positional, keywords,
                                self->side == nullptr ? nullptr : self->side->keywords.get(), ask);
  // Parsed values are plain, except a stream; refused ones can be anything and stay in the log.
  if (!parsed) {
    const Py_ssize_t count = positional + (keywords == nullptr ? 0 : PyTuple_GET_SIZE(keywords));
    for (Py_ssize_t i = 0; i < count; ++i) watch(object, args[i]);
    return nullptr;
  }
  if (ask.stream != nullptr) {
    watch(object, ask.stream);
    if (self->on == nullptr && !check_stream(ask.stream, self->device())) return nullptr;
  }
  if (self->side != nullptr && self->side->raises) {
    PyObject* raised = self->side->raises.get();
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(raised)), raised);
    return nullptr;
  }
  return export_array(*self, ask);
}

PyObject* array_dlpack_device(PyObject* object, PyObject*) {
  auto* self = reinterpret_cast<ArrayObject*>(object);
  if (!self->log.note(Method::kDlpackDevice)) return nullptr;
  const Device device = self->device();
  if (device == kCpu) {
    Py_INCREF(names.cpu_device);
    return names.cpu_device;
  }
  return Py_BuildValue("(ii)", device.type, device.id);
}

}  // namespace dlpack_impl::python
