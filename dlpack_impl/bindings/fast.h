/// @file
/// The types of the hot path, in plain CPython, and what the module's files share of them.
#pragma once

#include <dlpack_impl/buffer.h>
#include <dlpack_impl/consumer.h>
#include <dlpack_impl/producer.h>

#include <memory>
#include <optional>

#include "ask.h"
#include "call_log.h"
#include "errors.h"
#include "python.h"
#include "storage.h"

namespace dlpack_impl::python {

// ---- memory
// -------------------------------------------------------------------------------------------------

struct MemoryObject {
  PyObject_HEAD PyObject* weak_references;
  Storage* storage;    ///< of a buffer
  Py_ssize_t exports;  ///< live buffer-protocol exports
};

extern PyTypeObject* memory_type;
bool add_memory_types(PyObject* module);

// ---- array
// --------------------------------------------------------------------------------------------------

enum class Legacy : std::uint8_t { kAuto, kAlways, kNever };

/// How an array answers `__dlpack__`. Arrays that were imported get one, with defaults, at their
/// first export. Its log holds a share of the storage until the array and its last export are gone.
struct ProducerSide {
  ProducerSide(SourceTensor tensor, Storage& storage);
  ProducerSide(const ProducerSide&) = delete;
  ProducerSide& operator=(const ProducerSide&) = delete;
  ~ProducerSide() { producer.log()->let_go(); }

  Producer producer;
  ExportOptions options;
  std::optional<Prepared<DLManagedTensorVersioned>>
      versioned;  ///< of `options`, made at the first such export
  std::optional<Prepared<DLManagedTensor>> unversioned;  ///< the same for legacy exports
  Device device = kCpu;                                  ///< stated
  Legacy legacy = Legacy::kAuto;
  bool legacy_readonly =
      false;  ///< a legacy export of read-only data goes out, though it can't be marked (P-36)
  bool honours_copy = true;
  bool honours_device = true;
  Ref keywords;                    ///< tuple of accepted names; none: all four
  Ref raises;                      ///< exception to raise
  std::unique_ptr<Stated> stated;  ///< fields to state whatever the rules say; none: as ruled
};

/// What an array on a device has besides (`device_array.h`).
struct DeviceSide;

struct ArrayObject {
  PyObject_HEAD PyObject* weak_references;
  PyObject* shape;    ///< cached tuple, or NULL
  PyObject* strides;  ///< cached tuple, or NULL
  Storage* storage;
  ProducerSide* side;
  TensorView* own_view;  ///< of arrays over a memory; imported ones use the view of their storage
  Reading* copied_from;  ///< header of the tensor that this consumer copied; else NULL
  DeviceSide* on;        ///< NULL on the host
  CallLog log;

  [[nodiscard]] const TensorView& view() const noexcept {
    return own_view != nullptr ? *own_view : storage->imported()->view();
  }
  [[nodiscard]] bool readonly() const noexcept;
  /// Version and flags of the tensor that was imported; NULL over own memory.
  [[nodiscard]] const Reading* header() const noexcept {
    if (copied_from != nullptr) return copied_from;
    const Imported* imported = storage->imported();
    return imported != nullptr ? &imported->header() : nullptr;
  }
  /// Independent memory was made for this array.
  [[nodiscard]] bool copied() const noexcept {
    return copied_from != nullptr || (header() != nullptr && header()->is_copied());
  }
  [[nodiscard]] Device device() const noexcept {
    return side != nullptr ? side->device : view().device();
  }
};

extern PyTypeObject* array_type;
bool add_array_type(PyObject* module);
bool add_wrapper_types(PyObject* module);
bool add_ledger_type(PyObject* module);

/// A new array over an imported tensor. @return NULL with an exception set; the share was given
/// back then.
[[nodiscard]] PyObject* array_from(StoragePtr storage) noexcept;

/// The same where the tensor may lie on a device. @throws BufferError  on none that is open.
[[nodiscard]] PyObject* array_of_import(StoragePtr storage);

/// Gives an imported array its producer side. @throws  as `Producer`.
ProducerSide& make_producer_side(ArrayObject& array);
/// The producer side, made at the first export of an imported array. @throws  as `Producer`.
inline ProducerSide& producer_side(ArrayObject& array) {
  return array.side != nullptr ? *array.side : make_producer_side(array);
}

/// True where `ask` wants a versioned capsule of this array. @spec P-18 P-19 P-21 P-22
[[nodiscard]] bool answers_versioned(const ProducerSide& side, const Ask& ask) noexcept;
/// A capsule of the array's own memory. @throws  as `Producer`. @return NULL with an exception set.
[[nodiscard]] PyObject* share_export(ProducerSide& side, bool versioned);
/// The same with other options than the array's.
[[nodiscard]] PyObject* share_stated(const ProducerSide& side, const ExportOptions& options,
                                     bool versioned);

/// What an array over `memory` has besides; NULL on the host.
[[nodiscard]] DeviceSide* make_device_side(const DeviceMemory& memory);
void delete_device_side(DeviceSide* side) noexcept;

/// Starts the cycle collector's watch over an array that came to hold `value`, unless it can't be
/// part of a cycle.
void watch(PyObject* array, PyObject* value) noexcept;

/// Counts of all arrays of the process; kept until it ends, as exports may outlive the module.
ExportLog& all_exports() noexcept;

// ---- parts of the array's type, one file each
// --------------------------------------------------------------------

PyObject* array_dlpack(PyObject* self, PyObject* const* args, Py_ssize_t positional,
                       PyObject* keywords);
PyObject* array_dlpack_device(PyObject* self, PyObject*);
/// One export as asked. @return NULL with an exception set.
[[nodiscard]] PyObject* export_array(ArrayObject& array, const Ask& ask) noexcept;
/// One versioned export for the exchange table. @throws BufferError  the array exports legacy
/// tensors only.
[[nodiscard]] VersionedPtr export_for_table(ArrayObject& array);

int array_get_buffer(PyObject* self, Py_buffer* view, int flags);
void array_release_buffer(PyObject* self, Py_buffer* view);
PyObject* array_interface(PyObject* self, void*);
PyObject* array_struct(PyObject* self, void*);

PyObject* array_read(PyObject* self, PyObject* const* args, Py_ssize_t positional,
                     PyObject* keywords);
PyObject* array_raw(PyObject* self, PyObject* const* args, Py_ssize_t positional,
                    PyObject* keywords);
PyObject* array_write(PyObject* self, PyObject* args, PyObject* keywords);
PyObject* array_accelerator(PyObject* self, void*);
PyObject* array_work_stream(PyObject* self, void*);
PyObject* array_cuda_interface(PyObject* self, void*);
PyObject* array_get(PyObject* self, PyObject* index);
PyObject* array_set(PyObject* self, PyObject* const* args, Py_ssize_t count);

/// A list of all elements in C order; of more than 2^20 the first and the last. @throws Error
[[nodiscard]] PyObject* list_elements(const TensorView& view);
/// One element. @throws Error
[[nodiscard]] PyObject* one_element(const TensorView& view, Int64View index);
/// The same of an array on a device, by its current stream; done on return. @throws Error
[[nodiscard]] PyObject* get_on_device(const ArrayObject& array, Int64View index);
void set_on_device(ArrayObject& array, Int64View index, const void* element);
/// All elements as C-contiguous bytes. @throws InvalidArgument  more than 2^20 elements.
[[nodiscard]] PyObject* raw_elements(const TensorView& view);

/// A `Ledger` of the array's exports.
PyObject* array_ledger(PyObject* self, void*);

/// `from_dlpack(x, /, *, device=None, copy=None)`.
PyObject* import_object(PyObject* module, PyObject* const* args, Py_ssize_t positional,
                        PyObject* keywords);
/// `from_capsule(capsule)`.
PyObject* import_capsule(PyObject* module, PyObject* capsule);

/// Our exchange table in a capsule, new reference. @spec X-02 X-03 X-05
[[nodiscard]] PyObject* exchange_capsule() noexcept;

}  // namespace dlpack_impl::python
