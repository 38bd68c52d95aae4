// Traits that lie or throw are told so by name; a library that ends the process loses one case.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "gtest/census.h"
#include "gtest/suite.h"
#include "kit/subjects/reference_traits.h"

namespace dlpack_conformance::kit {
namespace {

using test::ReferenceArray;
using test::ReferenceTraits;

/// Runs one case of one library.
template <class Traits>
Result result_of(const std::string& case_id) {
  static const std::vector<Subject> subjects = {detail::subject_of<Traits>()};
  const Suite suite(subjects, "quick", {case_id});
  EXPECT_EQ(suite.size(), 1u) << case_id;
  return suite.run(0, {});
}

template <class Traits>
std::string fault_of(const std::string& variant = "P-46/matrix+1.0") {
  const Result result = result_of<Traits>("protocol/" + std::string(Traits::name) + "/" + variant);
  return result.judgement.verdict == Verdict::kSuiteFault ? *result.facts.suite_fault
                                                          : "no fault: " + result.line;
}

constexpr const char* kLegacyVector = "C-16/columns-legacy";

struct WrongShape : ReferenceTraits {
  static constexpr const char* name = "wrong-shape";
  static Description describe(const Array& array) {
    Description said = ReferenceTraits::describe(array);
    std::ranges::reverse(said.shape);
    return said;
  }
};

TEST(LyingTraits, AboutTheShapeAreToldSo) {
  EXPECT_EQ(fault_of<WrongShape>("P-46/cube+1.0"),
            "traits of wrong-shape: describe() says shape [4, 3, 2] of an array that over() was to "
            "make with [2, 3, 4]");
}

struct WrongStrides : ReferenceTraits {
  static constexpr const char* name = "wrong-strides";
  static Description describe(const Array& array) {
    Description said = ReferenceTraits::describe(array);
    for (std::int64_t& stride : said.strides) stride *= 4;  // bytes
    return said;
  }
};

TEST(LyingTraits, AboutStridesInBytesAreToldSo) {
  EXPECT_EQ(fault_of<WrongStrides>("P-42/float32+1.0"),
            "traits of wrong-strides: describe() says strides [16, 4] of an array that over() was "
            "to make with [4, 1]");
}

struct TooFewStrides : ReferenceTraits {
  static constexpr const char* name = "too-few-strides";
  static Array over(const Source&) { throw std::runtime_error("not here"); }
  static Description describe(const Array& array) {
    Description said = ReferenceTraits::describe(array);
    said.strides.clear();
    return said;
  }
};

TEST(LyingTraits, WithTooFewStridesOfAResultAreToldSo) {
  EXPECT_EQ(fault_of<TooFewStrides>(kLegacyVector),
            "traits of too-few-strides: describe() gives 0 strides and 2 extents");
}

struct WrongElements : ReferenceTraits {
  static constexpr const char* name = "wrong-elements";
  static void read(const Array& array, void* out) {
    ReferenceTraits::read(array, out);
    static_cast<unsigned char*>(out)[3] ^= 0x80;
  }
};

TEST(LyingTraits, AboutElementsAreToldSo) {
  EXPECT_EQ(fault_of<WrongElements>("P-42/float32+1.0"),
            "traits of wrong-elements: read() gives other elements than over() was asked for: "
            "element 0: asked 1.0, got -1.0");
}

struct CopiesSource : ReferenceTraits {
  static constexpr const char* name = "copies-source";
  static Array over(const Source& source) {
    const auto memory = std::make_shared<std::vector<std::byte>>(4096);
    Array array = ReferenceTraits::over(source);
    array.tensor.origin = memory->data() + 2048;
    array.memory = memory;
    return array;
  }
};

TEST(LyingTraits, ThatDoNotUseTheGivenMemoryAreToldSo) {
  EXPECT_EQ(fault_of<CopiesSource>("P-42/float32+1.0"),
            "traits of copies-source: describe() says another address of element 0 of an "
            "array that over() was to make with the one it was given");
}

struct NoExport : ReferenceTraits {
  static constexpr const char* name = "no-export";
  static DLManagedTensorVersioned* to_dlpack_versioned(const Array&) { return nullptr; }
  static const DLPackExchangeAPI* exchange_table() { return nullptr; }
};

TEST(LyingTraits, ThatReturnNullAreToldSo) {
  EXPECT_EQ(fault_of<NoExport>("P-42/float32+1.0"),
            "traits of no-export: to_dlpack_versioned() returned NULL; an export that is refused "
            "is an exception");
  EXPECT_EQ(fault_of<NoExport>("X-10/functions"),
            "traits of no-export: exchange_table() returned NULL; traits of a library without a "
            "table leave it out");
}

struct Throwing : ReferenceTraits {
  static constexpr const char* name = "throwing";
  static std::string version() { throw std::runtime_error("no version"); }
  static Description describe(const Array&) { throw std::runtime_error("no description"); }
  static DLManagedTensorVersioned* to_dlpack_versioned(const Array&) {
    throw std::runtime_error("no export");
  }
  static Array from_dlpack(DLManagedTensor*) { throw std::runtime_error("no import"); }
};

TEST(ThrowingTraits, SayWhichFunctionOfThemThrew) {
  EXPECT_EQ(fault_of<Throwing>("P-42/float32+1.0"),
            "traits of throwing: describe() threw over an array that over() had made: no "
            "description");
  EXPECT_EQ(census_of(detail::subject_of<Throwing>()).faults,
            (std::vector<std::string>{
                "traits of throwing: version() threw std::runtime_error: no version"}));
}

TEST(ThrowingTraits, ThatRefuseAnImportAreNotAtFault) {
  const Result result = result_of<Throwing>("protocol/throwing/C-16/columns-legacy");
  EXPECT_EQ(result.facts.route_returned, false);
  EXPECT_EQ(result.facts.route_error, "std::runtime_error");
  EXPECT_EQ(result.facts.route_message, "no import");
  EXPECT_EQ(result.facts.end_deleter_calls, 1);
  EXPECT_FALSE(result.facts.suite_fault);
}

struct ThrowingTable : ReferenceTraits {
  static constexpr const char* name = "throwing-table";
  static void read(const Array&, void*) { throw std::runtime_error("no reader"); }
  static const DLPackExchangeAPI* exchange_table() { throw std::runtime_error("no table"); }
};

TEST(ThrowingTraits, SayWhichFunctionThrewThatNobodyMayRefuse) {
  EXPECT_EQ(fault_of<ThrowingTable>("P-42/float32+1.0"),
            "traits of throwing-table: read() threw over an array that over() had made: no reader");
  EXPECT_EQ(fault_of<ThrowingTable>("X-27/cpu"),
            "traits of throwing-table: exchange_table() threw: no table");
}

struct ThrowingObject : ReferenceTraits {
  static constexpr const char* name = "throwing-object";
  static void write(Array&, const std::int64_t*, const void*) { throw 7; }
  static void* to_object(const Array&) { throw std::runtime_error("no object"); }
  static Array from_object(void*) { throw std::runtime_error("no array"); }
};

TEST(ThrowingTraits, SayWhichFunctionOfObjectsThrew) {
  EXPECT_EQ(fault_of<ThrowingObject>("X-13/float32-matrix"),
            "traits of throwing-object: to_object() threw: no object");
  EXPECT_EQ(fault_of<ThrowingObject>("X-19/float32-matrix"),
            "traits of throwing-object: from_object() threw: no array");
}

TEST(ThrowingTraits, ThatCannotWriteSayWhatWasRaised) {
  const Result result = result_of<ThrowingObject>("protocol/throwing-object/C-11/plain-legacy");
  EXPECT_EQ(result.facts.proof_backward, "raised int");
  EXPECT_EQ(result.judgement.verdict, Verdict::kConforms);
}

struct MakesNothing : ReferenceTraits {
  static constexpr const char* name = "makes-nothing";
  static Array over(const Source&) { throw std::runtime_error("not implemented"); }
};

TEST(ThrowingTraits, ThatMakeNoArrayAtAllAreToldSo) {
  EXPECT_EQ(census_of(detail::subject_of<MakesNothing>()).faults,
            (std::vector<std::string>{"traits of makes-nothing: over() makes no array at all; of a "
                                      "float32 matrix it says: not implemented"}));
}

struct Empty {
  using Array = int;
  static constexpr const char* name = "empty";
  static std::string version() { return "0"; }
};

TEST(EmptyTraits, AreNotApplicableWithTheProof) {
  const Result result = result_of<Empty>("protocol/empty/C-16/columns-legacy");
  EXPECT_EQ(result.judgement.verdict, Verdict::kNotApplicable);
  EXPECT_EQ(result.facts.route_absent, "the traits of empty have no from_dlpack()");
}

struct AbortsAtNegativeStrides : ReferenceTraits {
  static constexpr const char* name = "aborts";
  static Array from_dlpack(DLManagedTensor* managed) {
    const DLTensor& tensor = managed->dl_tensor;
    if (std::any_of(tensor.strides, tensor.strides + tensor.ndim,
                    [](std::int64_t stride) { return stride < 0; }))
      std::abort();
    return ReferenceTraits::from_dlpack(managed);
  }
};

TEST(CrashingLibrary, LosesOneCaseAndTheRestRunsOn) {
  const Result lost = result_of<AbortsAtNegativeStrides>("protocol/aborts/C-45/reversed-legacy");
  EXPECT_EQ(lost.judgement.outcome, Outcome::kCrashed);
  EXPECT_EQ(lost.judgement.verdict, Verdict::kDeviates);
  EXPECT_EQ(lost.judgement.judged.front().rule, "C-45");
  EXPECT_EQ(lost.facts.crash_signal, "SIGABRT");
  EXPECT_EQ(lost.facts.crash_step, "exchange");

  const Result next = result_of<AbortsAtNegativeStrides>("protocol/aborts/C-45/rank-5-legacy");
  EXPECT_EQ(next.judgement.verdict, Verdict::kConforms);
}

TEST(Explained, HoldsRuleTextSourceAndFacts) {
  const std::vector<Subject> subjects = {detail::subject_of<AbortsAtNegativeStrides>()};
  const Suite suite(subjects, "quick", {"protocol/aborts/C-45/reversed-legacy"});
  const std::string text = explained(suite.plan().at(0), suite.run(0, {}));
  for (const char* part :
       {"protocol/aborts/C-45/reversed-legacy: crashed, deviates", "rule   C-45 (", "source ",
        "[process-lost]", "crash.signal = \"SIGABRT\"", "blame  library"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  }
}

}  // namespace
}  // namespace dlpack_conformance::kit
