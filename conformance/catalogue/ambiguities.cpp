// The rows: what the texts say, how they can be read, and which reading was measured where. The
// libraries are NumPy 2.4.6, PyTorch 2.13.0, JAX 0.10.2 and pyarrow 26.0.1.
#include "catalogue/ambiguities.h"

namespace dlpack_conformance {
namespace {

using Readings = AmbiguityReading;
using Choice = AmbiguityChoice;

constexpr std::string_view kNumpy = "NumPy", kTorch = "PyTorch", kJax = "JAX", kArrow = "pyarrow";

template <std::size_t size>
constexpr auto readings(const Readings (&rows)[size]) {
  return std::to_array(rows);
}
template <std::size_t size>
constexpr auto choices(const Choice (&rows)[size]) {
  return std::to_array(rows);
}

constexpr auto kCopiedFlag = readings({
    {"producer-sets", "the producer sets it on every copy that it makes"},
    {"header-only", "the header alone counts: it says what the bit means where it is set"},
    {"unset-legacy", "a legacy capsule has no such bit, so that nothing is owed there"},
});
constexpr auto kCopiedFlagChoices = choices({
    {kNumpy, "producer-sets+unset-legacy", "sets it; copies silently into a legacy capsule"},
    {kArrow, "producer-sets", "sets it; refuses any copy keyword for a legacy capsule"},
    {kTorch, "header-only+unset-legacy", "copies and sets nothing"},
    {kJax, "unset-legacy", "gives legacy capsules alone"},
});

constexpr auto kReadonlyLegacy = readings({
    {"refuse", "what cannot be marked is not exported"},
    {"unmarked", "it is exported, and its user is to know"},
    {"imports-read-only", "a consumer treats every legacy import as read-only"},
    {"imports-writable", "a consumer treats every legacy import as writable"},
});
constexpr auto kReadonlyLegacyChoices = choices({
    {kNumpy, "refuse+imports-read-only", "BufferError; legacy imports are read-only"},
    {kArrow, "unmarked", "exports unmarked"},
    {kJax, "unmarked", "exports unmarked, and documents that buffers cannot be marked"},
    {kTorch, "imports-writable", "every import is writable, flag or not"},
});

constexpr auto kAlignment = readings({
    {"none", "nothing is promised, not even alignment to the element"},
    {"element", "data is aligned to the element"},
    {"256", "data is 256-byte aligned and byte_offset makes up the difference"},
});
constexpr auto kAlignmentChoices = choices({
    {kNumpy, "none", "takes anything"},
    {kArrow, "none", "takes anything"},
    {kTorch, "", "wants byte_offset, not data, to be a multiple of the item size"},
    {kJax, "", "wants 64 bytes, and copies or raises"},
});

constexpr auto kNullStrides = readings({
    {"never", "NULL strides are wrong in every version"},
    {"until-1.1", "they are row-major in legacy capsules and up to 1.1, and wrong from 1.2 on"},
    {"row-major", "they are row-major in every version"},
});
constexpr auto kNullStridesChoices = choices({
    {kNumpy, "row-major", "accepts them in any version"},
    {kTorch, "row-major", "accepts them in any version"},
    {kArrow, "never", "refused them in all versions at first; reviewers asked for a version test"},
});

constexpr auto kScalarPointers = readings({
    {"null", "shape and strides of a scalar are NULL"},
    {"pointer", "they point somewhere, and nothing is read there"},
});
constexpr auto kScalarPointersChoices = choices({
    {kNumpy, "null", "NULL"},
    {kJax, "null", "NULL"},
    {kTorch, "pointer", "not NULL"},
});

constexpr auto kEmptyPointer = readings({
    {"null", "data is NULL, with byte_offset 0"},
    {"address", "data is an address at which nothing is read"},
});
constexpr auto kEmptyPointerChoices = choices({
    {kTorch, "null", "NULL"},
    {kArrow, "null", "NULL"},
    {kNumpy, "address", "an address; strides are zeros"},
    {kJax, "address", "an address"},
});

constexpr auto kSubByteSize = readings({
    {"dense", "bits lie one after the other, and the whole is rounded up to a byte"},
    {"per-element", "every element is rounded up to a byte, as the formula says"},
});
constexpr auto kSubByteSizeChoices = choices({
    {kTorch, "dense", "exports fp4 as pairs, lanes 2; refuses lanes 1"},
    {kJax, "dense", "exports fp4 with lanes 1; refuses lanes 2"},
});

constexpr auto kCopyFalseError = readings({
    {"buffer-error", "BufferError, as __dlpack__ and the text of copy have it"},
    {"value-error", "ValueError, as device and the section on what is raised have it"},
});
constexpr auto kCopyFalseErrorChoices = choices({
    {kTorch, "value-error", "ValueError, as producer and as consumer"},
    {kJax, "value-error", "ValueError"},
    {kNumpy, "buffer-error", "BufferError; a consumer passes on what the producer raised"},
});

constexpr auto kVersionLogic = readings({
    {"own", "a producer answers with its own version of that major"},
    {"asked", "a producer answers with the version that was asked for, where it knows it"},
});
constexpr auto kVersionLogicChoices = choices({
    {kNumpy, "own", "answers 1.0 to everything"},
    {kTorch, "own", "answers 1.3 to everything"},
    {kArrow, "own", "answers 1.3 to everything"},
});

constexpr auto kDefaultStream = readings({
    {"none", "leaving stream out is passing None: the legacy default stream"},
    {"own-stream", "the default of stream is the library's, where None means the same"},
});
constexpr auto kDefaultStreamChoices = choices({
    {kTorch, "own-stream",
     "documents -1 as its default on purpose: nothing is synchronized; off CUDA it is None"},
});

constexpr auto kReuse = readings({
    {"after-deleter", "the producer may reuse the memory once the deleter was called"},
    {"after-work", "the producer waits for the work that the consumer queued before that"},
});

constexpr auto kDeviceNone = readings({
    {"refuse", "a source that the consumer cannot hold is refused, unless the CPU is named"},
    {"copy", "it is copied to where the consumer can hold it"},
});
constexpr auto kDeviceNoneChoices = choices({
    {kNumpy, "refuse", "RuntimeError for CUDA; documents device=\"cpu\" as the way to ask"},
});

constexpr auto kPossible = readings({
    {"as-given", "possible is whatever the consumer's arrays can describe; else it raises"},
    {"own-needs", "a consumer may have needs of its own, and copies or converts for them"},
    {"same-dtype", "the result has the source's dtype"},
    {"other-dtype", "a consumer without the dtype may convert what survives it"},
});
constexpr auto kPossibleChoices = choices({
    {kNumpy, "as-given+same-dtype", "never copies"},
    {kTorch, "as-given+same-dtype", "never copies"},
    {kJax, "own-needs+other-dtype",
     "copies misaligned data, raises for gaps; 64-bit types are narrowed unless enabled"},
});

constexpr auto kWhoCopies = readings({
    {"producer", "the producer copies, and the consumer trusts its answer"},
    {"consumer", "the consumer answers to the user, and copies itself where it must"},
});
constexpr auto kWhoCopiesChoices = choices({
    {kNumpy, "producer", "passes the keyword on; documents that the exporter may lack it"},
    {kTorch, "producer+consumer", "clones by itself only where the keyword was rejected"},
    {kJax, "consumer", "forwards no keyword and copies by itself"},
});

constexpr auto kTableTypes = readings({
    {"types", "the types in the header count: an int status, a capsule, prev_api"},
    {"comments", "its comments count: a pointer or NULL, an int, prev_version_api"},
});
constexpr auto kTableTypesChoices = choices({
    {kTorch, "types", "follows the types"},
});

constexpr auto kFailedImport = readings({
    {"stolen", "the tensor is the function's, also where it fails: it calls the deleter"},
    {"returned", "on failure the tensor stays the caller's, who calls the deleter"},
});
constexpr auto kFailedImportChoices = choices({
    {kTorch, "returned", "does not call it for a dtype that it lacks"},
});

constexpr auto kBufferSize = readings({
    {"at-least", "a count that takes the whole buffer fits"},
    {"more-than", "a buffer has to be larger than what is taken, as the text says"},
});
constexpr auto kBufferSizeChoices = choices({
    {kTorch, "at-least", "takes the whole buffer"},
});

constexpr auto kMajorMismatch = readings({
    {"deletes", "the consumer renames the capsule and calls the deleter"},
    {"leaves", "the consumer leaves the capsule, whose destructor calls the deleter"},
});
constexpr auto kMajorMismatchChoices = choices({
    {kNumpy, "leaves", "one call; accepts a versioned capsule of major 0"},
    {kTorch, "leaves", "one call; accepts a versioned capsule of major 0"},
    {kArrow, "deletes", "one call; refuses a versioned capsule of major 0"},
});

constexpr auto kFallback = readings({
    {"max-version-alone", "one further call, without max_version, where it was the only keyword"},
    {"all-keywords", "one further call, without any of the newer keywords"},
    {"one-by-one", "further calls, with one keyword less each"},
});
constexpr auto kFallbackChoices = choices({
    {kNumpy, "max-version-alone", "tries once more, and only where no other keyword was given"},
    {kTorch, "one-by-one",
     "drops max_version, then copy, then dl_device: a producer that knows max_version but not "
     "copy ends up with a legacy capsule"},
    {kArrow, "", "does not try again"},
});

constexpr auto kCpuId = readings({
    {"the-cpu", "the CPU is meant whatever the id"},
    {"another", "an id other than 0 is another device"},
});
constexpr auto kCpuIdChoices = choices({
    {kNumpy, "the-cpu+another", "imports (1, 1); an export to it is a BufferError"},
    {kTorch, "the-cpu", "imports (1, 1), and exports to it with (1, 0) in the struct"},
    {kArrow, "the-cpu+another", "imports (1, 1); an export to it is a BufferError"},
    {kJax, "another", "raises"},
});

constexpr auto kPinned = readings({
    {"own-type", "pinned memory goes out under its own device type"},
    {"cpu", "pinned memory goes out as CPU memory, which it also is"},
});
constexpr auto kPinnedChoices = choices({
    {kNumpy, "cpu", "imports type 3 as CPU"},
    {kTorch, "own-type+cpu",
     "by its source __dlpack_device__ answers 3 and the capsule says CPU; a build without CUDA "
     "refuses type 3"},
});

constexpr auto kBooleans = readings({
    {"eight-bits", "a boolean is 8 bits, and each array library exchanges it"},
    {"packed", "a library whose booleans are bits may refuse, or use another code"},
});
constexpr auto kBooleansChoices = choices({
    {kNumpy, "eight-bits", "8 bits"},
    {kTorch, "eight-bits", "8 bits"},
    {kArrow, "packed", "refuses both ways"},
});

constexpr auto kDeviceEnum = readings({
    {"enum", "the type is a member of an enumeration"},
    {"int", "the type is a plain int"},
});
constexpr auto kDeviceEnumChoices = choices({
    {kNumpy, "int", "a plain int"},
    {kArrow, "int", "a plain int"},
    {kTorch, "enum", "an IntEnum"},
    {kJax, "enum", "an IntEnum"},
});

constexpr auto kOwner = readings({
    {"producer-frees", "the producer allocates and frees, the consumer alone uses"},
    {"consumer-owns", "the copy is the consumer's alone"},
});

constexpr auto kIgnoring = readings({
    {"ignore", "a consumer without read-only arrays gives a writable view"},
    {"raise", "a consumer that cannot keep the promise refuses"},
    {"copy", "a consumer that cannot keep the promise copies"},
});
constexpr auto kIgnoringChoices = choices({
    {kTorch, "ignore", "a writable view; writing can hit a protected page"},
});

constexpr auto kWhichText = readings({
    {"header-layout", "the header wins on layout, the array API on behaviour in Python"},
    {"page", "the Python page wins, being part of DLPack"},
});

constexpr auto kTableRequired = readings({
    {"optional", "a producer may leave the table out"},
    {"required", "a producer has to offer it"},
});
constexpr auto kTableRequiredChoices = choices({
    {kTorch, "optional+required", "offers it"},
    {kNumpy, "optional", "offers none"},
    {kJax, "optional", "offers none"},
    {kArrow, "optional", "offers none"},
});

constexpr auto kErrorTypes = readings({
    {"guidance", "types are guidance: raising is what is owed"},
    {"exact", "the type that is named is owed, too"},
});

constexpr auto kInterfaceVersion = readings({
    {"newest", "whoever takes an interface follows its newest text"},
    {"own-version", "whoever shows an older version follows that one, which knows no streams"},
});

constexpr auto kWhom = readings({
    {"declared", "it binds a library that declares a version, and is a recommendation to others"},
    {"everyone", "it binds whoever has a function of that name"},
});
constexpr auto kWhomChoices = choices({
    {kNumpy, "declared", "declares 2024.12"},
    {kJax, "declared", "declares 2024.12"},
    {kTorch, "declared", "declares none; a wrapper that claims conformance claims its own"},
    {kArrow, "declared", "declares none"},
});

constexpr auto kAutograd = readings({
    {"refuse", "an export would lose the history, so that it is refused"},
    {"export", "the elements are what is exported, and history is no concern of theirs"},
});
constexpr auto kAutogradChoices = choices({
    {kTorch, "refuse+export", "__dlpack__ refuses by policy, the exchange table exports"},
});

constexpr auto kAmbiguities = std::to_array<AmbiguityRow>({
    {"A-01", "IS_COPIED: who sets it, and who may rely on it",
     "The header says what it means where it is set. __dlpack__ and the Python page have the "
     "producer set it on every copy. No text tells a consumer to look, and a legacy capsule has "
     "no flags.",
     kCopiedFlag, kCopiedFlagChoices},
    {"A-02", "read-only sources in a legacy capsule, and whether legacy imports may be written",
     "The roadmap asked for a flag, or for imports to be read-only; 1.0 added the flag and left "
     "legacy capsules open.",
     kReadonlyLegacy, kReadonlyLegacyChoices},
    {"A-03", "alignment of data",
     "The header calls data always 256-byte aligned, and says in the same comment that many do "
     "not and nobody is to rely on it; the note is of 2021.",
     kAlignment, kAlignmentChoices},
    {"A-04", "NULL strides",
     "The header forbids them from 1.2 on; the Python page still has them row-major; a legacy "
     "struct states no version.",
     kNullStrides, kNullStridesChoices},
    {"A-05", "shape and strides of a scalar",
     "They can be NULL from 1.2 on; earlier texts are silent; the buffer protocol requires NULL.",
     kScalarPointers, kScalarPointersChoices},
    {"A-06", "data pointer of a tensor without elements",
     "The header wants NULL; the Python page says NULL or 0; memory need not exist either way.",
     kEmptyPointer, kEmptyPointerChoices},
    {"A-07", "size of sub-byte tensors",
     "The size formula rounds every element up to a byte; the packing rule has dense bits; the "
     "element formula has a logical where a bitwise and is meant. A legacy capsule has no flag "
     "for padding.",
     kSubByteSize, kSubByteSizeChoices},
    {"A-08", "class of the exception for copy=False",
     "from_dlpack: device and the section on what is raised say ValueError, copy says "
     "BufferError. __dlpack__ was settled as BufferError in 2024.12, from_dlpack was not.",
     kCopyFalseError, kCopyFalseErrorChoices},
    {"A-09", "a must whose logic is recommended",
     "The rules on versions are pseudo-code that is called recommended. A higher minor than "
     "asked is explicitly fine; returning what was asked is called recommended as well.",
     kVersionLogic, kVersionLogicChoices},
    {"A-10", "default of stream", "The standard: None, which means the legacy default stream.",
     kDefaultStream, kDefaultStreamChoices},
    {"A-11",
     "release and reuse on devices with streams",
     "Only the handover to the consumer is specified. Nothing orders the producer's reuse after "
     "the consumer's last work when the deleter is called.",
     kReuse,
     {}},
    {"A-12", "device=None where the consumer cannot hold the source's device",
     "The result is on the device of x, whatever the consumer can hold; the Python page "
     "recommends BufferError unless a copy was asked for, which takes a named device.",
     kDeviceNone, kDeviceNoneChoices},
    {"A-13", "possible for whom, in copy=None",
     "Memory is reused if possible; alignment, strides and dtypes of the consumer are not "
     "mentioned.",
     kPossible, kPossibleChoices},
    {"A-14", "who honours copy",
     "__dlpack__ has the producer copy; from_dlpack alone answers to the user. No text says what "
     "a consumer does with an answer that contradicts the request.",
     kWhoCopies, kWhoCopiesChoices},
    {"A-15", "comments of the exchange table against its types",
     "A return is described as a pointer or NULL and typed int; an older sentence has the table "
     "returned as an int; sample code sets prev_version_api, the member is prev_api.",
     kTableTypes, kTableTypesChoices},
    {"A-16", "who calls the deleter when the table's import fails",
     "The tensor is stolen; of failure there is not a word.", kFailedImport, kFailedImportChoices},
    {"A-17", "size of the buffer in torch.frombuffer",
     "The buffer is to have more bytes than offset plus count times the item size.", kBufferSize,
     kBufferSizeChoices},
    {"A-18", "what becomes of a capsule of another major version",
     "The consumer calls the deleter; it may also leave the capsule unconsumed, so that the "
     "producer's destructor does.",
     kMajorMismatch, kMajorMismatchChoices},
    {"A-19", "the further call after a TypeError",
     "It is suggested for max_version and applicable to the other keywords; no order is given.",
     kFallback, kFallbackChoices},
    {"A-20", "device id of the CPU",
     "Always 0 by the header; nothing says what to do with another.", kCpuId, kCpuIdChoices},
    {"A-21", "pinned memory",
     "It has a device type of its own, and the CPU reads it: __dlpack_device__ and what a CPU "
     "consumer expects differ.",
     kPinned, kPinnedChoices},
    {"A-22", "booleans",
     "8 bits by common convention; the array API has them exchanged; other formats take one bit.",
     kBooleans, kBooleansChoices},
    {"A-23", "type of the device type",
     "The page says a tuple of an enumeration and an int; it lists no values 11, 12 and 15 to 18.",
     kDeviceEnum, kDeviceEnumChoices},
    {"A-24",
     "who owns the memory of a copy",
     "The Python page has the producer keep owning it; IS_COPIED has it owned by the consumer "
     "alone.",
     kOwner,
     {}},
    {"A-25", "ignoring READ_ONLY",
     "Ignoring the flag is recommended over raising; writing is left to the user, who may get a "
     "writable view of constant memory.",
     kIgnoring, kIgnoringChoices},
    {"A-26",
     "whether the Python page or the array API counts",
     "Two repositories carry overlapping text of different dates, on NULL strides and on the "
     "exchange table among others.",
     kWhichText,
     {}},
    {"A-27", "whether the exchange table is required",
     "A draft of the Python page had producers provide it, and a reviewer questioned the verb; "
     "the array API calls it optional.",
     kTableRequired, kTableRequiredChoices},
    {"A-28",
     "whether an exception's type is owed",
     "The page on exceptions calls types guidance, in words of recommendation; __dlpack__ has "
     "must for dl_device and copy.",
     kErrorTypes,
     {}},
    {"A-29", "whom the array API text binds",
     "A library that declares a version; others are recommended the same syntax and semantics.",
     kWhom, kWhomChoices},
    {"A-30", "arrays that record gradients", "No text knows them.", kAutograd, kAutogradChoices},
    {"A-31",
     "which version of the CUDA Array Interface a consumer follows",
     "Version 3 has consumers wait for the stream; versions before it say nothing about order, and "
     "a consumer does not state its version but by what its own arrays show.",
     kInterfaceVersion,
     {}},
});

consteval bool in_order() {
  for (std::size_t row = 0; row < kAmbiguities.size(); ++row) {
    const std::string_view id = kAmbiguities[row].id;
    if (!is_ambiguity(id)) return false;
    if (static_cast<std::size_t>((id[2] - '0') * 10 + (id[3] - '0')) != row + 1) return false;
  }
  return kAmbiguities.size() == kAmbiguityCount;
}

constexpr bool reads(const AmbiguityRow& row, std::string_view id) {
  return std::ranges::any_of(row.readings, [&](const Readings& one) { return one.id == id; });
}

/// Two ways to read it at least, and no choice of a reading that is not there.
consteval bool readings_known() {
  for (const AmbiguityRow& row : kAmbiguities) {
    if (row.readings.size() < 2) return false;
    for (const Choice& choice : row.choices) {
      std::string_view rest = choice.readings;
      while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('+'), rest.size());
        if (!reads(row, rest.substr(0, end))) return false;
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
    }
  }
  return true;
}

static_assert(in_order(), "ids are A-01 and on, without gaps");
static_assert(readings_known(), "an ambiguity has one reading only, or a choice of an unknown one");

}  // namespace

std::span<const AmbiguityRow> ambiguities() { return kAmbiguities; }

}  // namespace dlpack_conformance
