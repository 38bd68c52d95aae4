// The reference with one part replaced, one fault for each group: as the Python faults of the same
// names, so that both sides write the same records.
#include "kit/subjects/reference_traits.h"

namespace {

using dlpack_conformance::test::ReferenceArray;
using dlpack_conformance::test::ReferenceTraits;

/// Exports of `Fault` are those of the reference, changed by `Fault::spoil`.
template <class Fault>
struct SpoiltExports : ReferenceTraits {
  static DLManagedTensor* to_dlpack(const Array& array) {
    DLManagedTensor* const managed = ReferenceTraits::to_dlpack(array);
    Fault::spoil(managed->dl_tensor, array);
    return managed;
  }
  static DLManagedTensorVersioned* to_dlpack_versioned(const Array& array) {
    DLManagedTensorVersioned* const managed = ReferenceTraits::to_dlpack_versioned(array);
    Fault::spoil(managed->dl_tensor, array);
    return managed;
  }
};

/// H-09: CPU memory goes out as managed memory of a GPU.
struct CpuAsManaged : SpoiltExports<CpuAsManaged> {
  static constexpr const char* name = "cpu-as-managed";
  static void spoil(DLTensor& tensor, const ReferenceArray&) {
    tensor.device = {kDLCUDAManaged, 0};
  }
};

/// T-04: strides count pairs of elements.
struct StridesInPairs : SpoiltExports<StridesInPairs> {
  static constexpr const char* name = "strides-in-pairs";
  static void spoil(DLTensor& tensor, const ReferenceArray& array) {
    if (array.tensor.dtype != dlpack_impl::dtype_from_name("int16")) return;
    for (std::int32_t axis = 0; axis < tensor.ndim; ++axis) tensor.strides[axis] >>= 1;
  }
};

/// P-46: the shape of a matrix of float16 is turned round.
struct ShapeTurnedRound : SpoiltExports<ShapeTurnedRound> {
  static constexpr const char* name = "shape-turned-round";
  static void spoil(DLTensor& tensor, const ReferenceArray& array) {
    if (array.tensor.dtype == dlpack_impl::dtype_from_name("float16") && tensor.ndim == 2)
      std::swap(tensor.shape[0], tensor.shape[1]);
  }
};

/// C-15: byte_offset is ignored.
struct IgnoresByteOffset : ReferenceTraits {
  static constexpr const char* name = "ignores-byte-offset";
  static Array from_dlpack(DLManagedTensor* managed) {
    if (managed->dl_tensor.ndim >= 0) managed->dl_tensor.byte_offset = 0;
    return ReferenceTraits::from_dlpack(managed);
  }
  static Array from_dlpack_versioned(DLManagedTensorVersioned* managed) {
    if (managed->version.major == 1 && managed->dl_tensor.ndim >= 0)
      managed->dl_tensor.byte_offset = 0;
    return ReferenceTraits::from_dlpack_versioned(managed);
  }
};

/// an allocated tensor is marked as read-only.
struct AllocatesReadonly : ReferenceTraits {
  static constexpr const char* name = "allocates-readonly";
  static const DLPackExchangeAPI* exchange_table() {
    static const DLPackExchangeAPI table = [] {
      DLPackExchangeAPI spoilt = *ReferenceTraits::exchange_table();
      spoilt.managed_tensor_allocator = allocate;
      return spoilt;
    }();
    return &table;
  }

 private:
  static int allocate(DLTensor* prototype, DLManagedTensorVersioned** out, void* context,
                      void (*set_error)(void*, const char*, const char*)) {
    const int status = ReferenceTraits::exchange_table()->managed_tensor_allocator(
        prototype, out, context, set_error);
    if (status == 0) (*out)->flags |= DLPACK_FLAG_BITMASK_READ_ONLY;
    return status;
  }
};

DLCONFORM_LIBRARY(CpuAsManaged);
DLCONFORM_LIBRARY(StridesInPairs);
DLCONFORM_LIBRARY(ShapeTurnedRound);
DLCONFORM_LIBRARY(IgnoresByteOffset);
DLCONFORM_LIBRARY(AllocatesReadonly);

}  // namespace
