/// @file
/// Table of reasons: why a rule's answer is what it is, as codes that records and expectations
/// spell.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace dlpack_conformance {

/// A row of the reason table.
struct ReasonRow {
  std::string_view code;
  std::string_view text;
};

// A code that ends in -open belongs to a rule that no text decides.
inline constexpr auto kReasons = std::to_array<ReasonRow>({
    // The case as a whole.
    {"wrong-error", "something was raised as it is to be, but of another class"},
    {"no-rule", "no rule speaks about what was seen"},
    {"suite-fault", "the suite itself went wrong"},
    {"route-absent", "this release has no such route or keyword"},
    {"source-not-made", "the producer's library could not make the source"},
    {"lost-in-make", "the process ended while the source was being made, before any exchange"},
    {"result-unread",
     "the call returned, but neither values nor memory of the result could be looked at"},
    {"interrupted", "the run was stopped before this case"},
    {"library-absent", "a library of this case does not import"},
    {"start-failed", "no process could be started for this case"},
    // A valid tensor.
    {"element-address", "element 0 of the export is not where the library has it"},
    {"strides-differ", "strides of the export are not the source's strides in elements"},
    {"strides-null", "strides are NULL although version 1.2 or newer is stated"},
    {"shape-invalid", "an extent of the export is negative"},
    {"negative-strides-open", "no text says whether a reversed layout has to be taken"},
    {"zero-strides-open", "no text says whether a broadcast layout has to be taken"},
    {"overlap-open", "no text decides overlapping elements or the highest rank"},
    {"misaligned-open", "no text promises that data is aligned to the element"},
    {"strides-rounded", "byte strides that elements cannot say went out as others"},
    {"item-size", "bits times lanes is not the item size"},
    {"lanes", "lanes is not 1 for a scalar type"},
    {"bool-code", "booleans do not go out as code 6, 8 bits, one lane"},
    {"byte-order-lost", "an array in foreign byte order went out as if it were native"},
    {"device-id", "memory that the CPU reads has a device id other than 0"},
    {"version-unfilled", "the version in the struct is not one of major 1"},
    {"complex-parts", "the parts of a complex number are not real first, then imaginary"},
    {"long-double-as-ieee",
     "a long double that is not IEEE went out under the code for IEEE numbers"},
    // Producer.
    {"device-disagrees", "__dlpack_device__ and the capsule name different devices"},
    {"export-copies", "the producer copied what it could share"},
    {"own-device-copies", "naming the source's own device made the producer copy"},
    {"copy-true-shares", "copy=True gave shared memory"},
    {"copy-false-copies", "copy=False gave a copy"},
    {"copied-flag-missing", "a copy does not carry IS_COPIED"},
    {"copied-flag-wrong", "shared memory carries IS_COPIED"},
    {"copy-readonly", "a requested copy carries READ_ONLY"},
    {"readonly-flag-missing", "a source that may not be written goes out without READ_ONLY"},
    {"readonly-legacy-open", "no text decides a read-only source in a capsule that cannot say so"},
    {"undescribable-exported", "data that DLPack cannot describe went out"},
    {"lazy-values-raw", "the bytes went out although the values differ from them"},
    {"unstrided-exported", "what is not one strided buffer went out"},
    {"standard-dtype-refused", "a dtype of the array API standard was not exchanged"},
    {"mask-open", "no text says what happens to masked elements"},
    {"export-differs", "shape, dtype or values of the export are not the source's"},
    {"exports-differ", "the legacy and the versioned export describe different elements"},
    {"autograd-open", "no text knows arrays that record gradients"},
    {"copy-layout-open", "no text says how the elements of a copy are laid out"},
    {"legacy-copy-open", "a copy was asked for in a capsule that cannot say that it is one"},
    // Consumer.
    {"deleter-count", "the deleter did not run exactly once, after the last use"},
    {"deleter-count-refused", "after a refused import the deleter did not run exactly once"},
    {"byte-offset-ignored", "byte_offset was not honoured"},
    {"strides-misread", "strides were not honoured"},
    {"empty-refused", "a tensor without elements was refused"},
    {"dtype-guessed", "a dtype that the consumer lacks was read as another"},
    {"refusal-open", "no text says whether this import may be refused, nor with which exception"},
    {"device-refused", "a device that the consumer does not know was refused in an unexpected way"},
    {"readonly-refused", "an import was refused for the read-only flag"},
    {"readonly-lost", "the result may be written although READ_ONLY was set"},
    {"legacy-writable-open", "no text says whether an import from a legacy capsule may be written"},
    {"source-written", "the exchange changed elements of the source"},
    {"outside-written", "the exchange changed bytes outside the elements"},
    {"device-changed", "the result is not on the source's device"},
    {"import-copies", "a plain source was copied although both sides could share it"},
    {"copy-not-writable", "a requested copy cannot be written"},
    {"result-differs", "shape, dtype or values of the result are not the source's"},
    {"result-dies", "the result was no longer right after the source was gone"},
    {"process-lost", "the process ended or stood still"},
    {"misaligned-import-open",
     "no text says what a consumer does with data not aligned to the element"},
    {"keywords-wrong",
     "a call to __dlpack__ had a keyword or a value that the protocol does not know"},
    {"foreign-type", "the result is not an array of the library that was asked"},
    {"stream-on-cpu", "a stream was passed for memory that has none"},
    {"failed-import-open",
     "no text says who calls the deleter after a failed import through the table"},
    // Other routes.
    {"promise-shares", "the route is documented to share and did not"},
    {"promise-copies", "the route is documented to copy and did not"},
    {"promise-copy-keyword", "the route did not heed the copy keyword"},
    {"promise-possible", "the route did not share where sharing was possible"},
    {"promise-values", "the route did not keep shape, dtype or values"},
    {"promise-refused", "the route refused what its documentation accepts"},
    {"promise-dtype", "the route did not convert to the dtype that was asked for"},
    {"promise-writable", "the result may be written although the source may not"},
    {"promise-keyword", "the object's conversion method does not take the keywords dtype and copy"},
    {"readonly-route-open", "no text decides what this route does with a read-only source"},
    {"measured-open", "what this route takes is measured, no text promises it"},
    {"route-open", "the route's documentation does not say whether it shares"},
});

constexpr bool is_reason(std::string_view code) {
  return std::ranges::any_of(kReasons, [&](const ReasonRow& row) { return row.code == code; });
}

/// All rows.
inline constexpr std::span<const ReasonRow> reasons() { return kReasons; }

}  // namespace dlpack_conformance
