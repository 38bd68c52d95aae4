#include "catalogue/claims.h"

#include <array>

#include "catalogue/predicates.h"

namespace dlpack_conformance {
namespace {

Answer is_integer(const Seen& seen) {
  const DTypeFamily family = seen.subject.dtype->family;
  return answer((family == DTypeFamily::kInt || family == DTypeFamily::kUint) &&
                !seen.subject.dtype->swapped);
}

Answer is_float32(const Seen& seen) { return answer(seen.subject.dtype->name == "float32"); }

Answer integer_of_64_bits(const Seen& seen) {
  const auto& dtype = seen.facts.answer_dtype;
  return dtype ? answer(*dtype == "int64") : Answer::kUnknown;
}

constexpr auto write_seen = flag<&Facts::answer_seen>;
constexpr auto one_memory = flag<&Facts::answer_same_memory>;
constexpr auto shows_through = write_seen && one_memory;
constexpr auto stays_apart = !write_seen && !one_memory;
constexpr auto of_integers = Ask<is_integer>{} && has_elements;
constexpr auto of_float32 = Ask<is_float32>{} && has_elements;
constexpr auto in_float32 = text_is<&Facts::result_dtype, "float32">;

constexpr auto kFromNumpy = std::to_array<ClaimCases>({
    {"usage/torch/from-numpy-shares/add-out",
     "np.add(a, 1, out=a) shows in the tensor",
     {},
     shows_through},
    {"exchange/numpy/torch/torch.from_numpy/**", "a write on each side shows on the other",
     has_elements, shared},
});

constexpr auto kNumpyBack = std::to_array<ClaimCases>({
    {"usage/torch/numpy-shares-back/add-out",
     "np.add(a, 1, out=a) shows in the tensor that a came from",
     {},
     shows_through},
    {"exchange/torch/numpy/torch.Tensor.numpy/plain/**", "a write on each side shows on the other",
     has_elements, shared},
});

constexpr auto kRebinding = std::to_array<ClaimCases>({
    {"usage/*/rebinding/plus", "c = c + 1 leaves the old array as it was", {}, stays_apart},
    {"usage/*/rebinding/plus-equals", "c += 1 shows in the old array", {}, shows_through},
    {"usage/*/rebinding/add-out", "np.add(c, 1, out=c) shows in the old array", {}, shows_through},
    {"usage/*/rebinding/add-inplace", "c.add_(1) shows in the old array", {}, shows_through},
});

constexpr auto kKeepsDtype = std::to_array<ClaimCases>({
    {"usage/torch/from-numpy-shares/setitem-keeps-dtype",
     "the tensor is int64, and a[0][0] = 10 shows in it",
     {},
     text_is<&Facts::answer_dtype, "int64">&& write_seen},
    {"exchange/numpy/torch/torch.from_numpy/**", "the dtype is the source's, and a write shows",
     of_integers, shared&& result_dtype_right},
});

constexpr auto kIntegersCopied = std::to_array<ClaimCases>({
    {"usage/torch/tensor-constructor/int",
     "the tensor is float32, and a[0][0] = 10 does not show in it",
     {},
     text_is<&Facts::answer_dtype, "float32">&& stays_apart},
    {"exchange/numpy/torch/torch.Tensor/**", "the result is a copy in float32", of_integers,
     copied&& in_float32},
});

constexpr auto kFloatsShared = std::to_array<ClaimCases>({
    {"usage/torch/tensor-constructor/float32",
     "a[0][0] = 10 shows in the tensor",
     {},
     shows_through},
    {"exchange/numpy/torch/torch.Tensor/**", "a write on each side shows on the other", of_float32,
     shared},
});

constexpr auto kTensorCopies = std::to_array<ClaimCases>({
    {"usage/torch/torch-tensor-copies/*", "the write does not show in the tensor", {}, stays_apart},
    {"exchange/*/torch/torch.tensor/**", "no write on one side shows on the other", has_elements,
     copied},
});

constexpr auto kSameDtype = std::to_array<ClaimCases>({
    {"usage/torch/as-tensor/same-dtype",
     "torch.as_tensor of the same dtype: the write shows",
     {},
     shows_through},
    {"usage/torch/as-tensor/other-dtype",
     "torch.as_tensor of another dtype: the write does not show",
     {},
     stays_apart},
    {"usage/torch/asarray/same-dtype",
     "torch.asarray of the same dtype: the write shows",
     {},
     shows_through},
    {"usage/torch/asarray/other-dtype",
     "torch.asarray of another dtype: the write does not show",
     {},
     stays_apart},
    {"exchange/numpy/torch/torch.as_tensor/plain/**", "dtype and device match: a write shows",
     has_elements, shared},
    {"exchange/numpy/torch/torch.asarray/plain/**", "dtype and device match: a write shows",
     has_elements, shared},
});

constexpr auto kDefaultInteger = std::to_array<ClaimCases>({
    {"usage/*/default-integer/value",
     "integers of Python become int64",
     {},
     Ask<integer_of_64_bits>{}},
});

constexpr auto kRows = std::to_array<ClaimRow>({
    {.id = "from-numpy-shares",
     .text = "torch.from_numpy(a) shares memory: np.add(a, 1, out=a) shows in the tensor",
     .note = "What it refuses neither shows nor denies it.",
     .cases = kFromNumpy},
    {.id = "numpy-shares-back",
     .text = "t.numpy() shares memory the other way",
     .note = "",
     .cases = kNumpyBack},
    {.id = "rebinding",
     .text = "c = c + 1 makes new memory; np.add(c, 1, out=c), c += 1 and c.add_(1) do not",
     .note = "The name c is bound to a new array by the first, and to the old one by the others.",
     .cases = kRebinding},
    {.id = "from-numpy-keeps-dtype",
     .text = "torch.from_numpy keeps the integer dtype, and writing a[0][0] = 10 shows in it",
     .note = "",
     .cases = kKeepsDtype},
    {.id = "tensor-of-integers",
     .text = "torch.Tensor(a) of integers copies and converts to float32, so that a write does not "
             "show",
     .note = "",
     .cases = kIntegersCopied},
    {.id = "tensor-of-float32",
     .text = "torch.Tensor(a) of float32 shares memory",
     .note = "The documentation does not say; this is what was observed here.",
     .cases = kFloatsShared},
    {.id = "tensor-copies",
     .text = "torch.tensor(a) always copies",
     .note = "",
     .cases = kTensorCopies},
    {.id = "same-dtype-shares",
     .text = "torch.as_tensor and torch.asarray share only when dtype and device match",
     .note = "",
     .cases = kSameDtype},
    {.id = "default-integer",
     .text = "the default integer is int64",
     .note = "It differs by platform: int32 on Windows before NumPy 2.0, int64 on Linux; this is "
             "what it is here.",
     .cases = kDefaultInteger},
});

}  // namespace

std::span<const ClaimRow> claims() { return kRows; }

}  // namespace dlpack_conformance
