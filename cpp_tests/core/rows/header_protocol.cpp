// Examples of protocol cases for the rules H.
#include <functional>
#include <string>

#include "core/protocol_example.h"

namespace dlpack_conformance {
namespace {

using Edit = std::function<void(ProtocolExample&)>;

Edit laid_out(Int size, const Ints& offsets) {
  return [=](ProtocolExample& e) {
    e.facts.abi_size = size;
    e.facts.abi_offsets = offsets;
  };
}

Edit numbered(const std::string& name, Int code) {
  return [=](ProtocolExample& e) {
    e.facts.abi_names = Texts{name};
    e.facts.abi_codes = Ints{code};
  };
}

/// A struct as published, with one byte more, and with its last member elsewhere.
void add_layout(std::vector<ProtocolRow>& rows, const std::string& rule, Int size,
                const Ints& offsets) {
  Ints moved = offsets;
  moved.back() += 1;
  rows.push_back({rule, "as published", laid_out(size, offsets)});
  rows.push_back({rule, "another size", laid_out(size + 1, offsets), Verdict::kDeviates,
                  "abi-layout", Blame::kLibrary});
  rows.push_back({rule, "another offset", laid_out(size, moved), Verdict::kDeviates, "abi-layout",
                  Blame::kLibrary});
}

Edit exported(
    std::string dtype, const Ints& numbers, Int flags, const Edit& then = [](ProtocolExample&) {}) {
  return [=](ProtocolExample& e) {
    Facts& facts = e.facts;
    facts.source_dtype = dtype;
    facts.source_device = "cpu";
    facts.source_writable = true;
    facts.export_capsule = "dltensor_versioned";
    facts.export_version = Ints{1, 3};
    facts.export_flags = flags;
    facts.export_device = facts.export_dlpack_device = Ints{1, 0};
    facts.export_dtype = numbers;
    facts.export_address = "0";
    then(e);
  };
}

Edit plain(
    Int flags, const Edit& then = [](ProtocolExample&) {}) {
  return exported("float32", {2, 32, 1}, flags, then);
}

void readonly(ProtocolExample& e) { e.facts.source_writable = false; }
void copy(ProtocolExample& e) { e.facts.export_address = "elsewhere"; }
void of_1_0(ProtocolExample& e) { e.facts.export_version = Ints{1, 0}; }

std::vector<ProtocolRow> of_headers() {
  using enum Verdict;
  std::vector<ProtocolRow> rows;
  add_layout(rows, "H-01", 8, {0, 4});
  add_layout(rows, "H-02", 8, {0, 4});
  add_layout(rows, "H-03", 4, {0, 1, 2});
  add_layout(rows, "H-04", 48, {0, 8, 16, 20, 24, 32, 40});
  add_layout(rows, "H-05", 64, {0, 48, 56});
  add_layout(rows, "H-06", 80, {0, 8, 16, 24, 32});
  add_layout(rows, "H-14", 16, {0, 8});
  add_layout(rows, "H-15", 56, {0, 16, 24, 32, 40, 48});
  const auto two_headers = [](const Ints& version, Int size, const Ints& offsets) {
    return [=](ProtocolExample& e) {
      laid_out(80, {0, 8})(e);
      e.facts.abi_version = Ints{1, 3};
      e.facts.abi_other_version = version;
      e.facts.abi_other_size = size;
      e.facts.abi_other_offsets = offsets;
    };
  };
  const auto base = [](Int size, bool is_signed) {
    return [=](ProtocolExample& e) {
      e.facts.abi_size = size;
      e.facts.abi_is_signed = is_signed;
    };
  };
  const auto in_c = [](bool same) {
    return [=](ProtocolExample& e) { e.facts.abi_same_in_c = same; };
  };
  const std::vector<ProtocolRow> others = {
      {"H-08", "alike", two_headers({1, 0}, 80, {0, 8})},
      {"H-08", "another size", two_headers({1, 0}, 88, {0, 8}), kDeviates, "abi-major",
       Blame::kLibrary},
      {"H-08", "another offset", two_headers({1, 0}, 80, {0, 16}), kDeviates, "abi-major",
       Blame::kLibrary},
      {"H-08", "another major", two_headers({2, 0}, 88, {0, 8}), kNotJudged},
      {"H-09", "published number", numbered("kDLTrn", 18)},
      {"H-09", "another number", numbered("kDLTrn", 19), kDeviates, "device-number",
       Blame::kLibrary},
      {"H-09", "a name of later", numbered("kDLLater", 99)},
      {"H-10", "signed", base(4, true)},
      {"H-10", "unsigned", base(4, false), kDeviates, "abi-base-type", Blame::kLibrary},
      {"H-10", "64 bits", base(8, true), kDeviates, "abi-base-type", Blame::kLibrary},
      {"H-11", "published number", numbered("kDLBool", 6)},
      {"H-11", "another number", numbered("kDLBool", 1), kDeviates, "type-code", Blame::kLibrary},
      {"H-12", "published bit", numbered("DLPACK_FLAG_BITMASK_IS_COPIED", 2)},
      {"H-12", "another bit", numbered("DLPACK_FLAG_BITMASK_IS_COPIED", 4), kDeviates, "flag-bit",
       Blame::kLibrary},
      {"H-16", "same in C", in_c(true)},
      {"H-16", "other in C", in_c(false), kDeviates, "abi-languages", Blame::kLibrary},
  };
  rows.insert(rows.end(), others.begin(), others.end());
  return rows;
}

std::vector<ProtocolRow> of_exports() {
  using enum Verdict;
  const auto struct_device = [](Int type) {
    return plain(0, [=](ProtocolExample& e) { e.facts.export_device = Ints{type, 0}; });
  };
  const auto method_device = [](Int type) {
    return plain(0, [=](ProtocolExample& e) { e.facts.export_dlpack_device = Ints{type, 0}; });
  };
  const Ints fp4 = {17, 4, 1};
  return {
      {"H-09", "the CPU is 1", plain(0)},
      {"H-09", "the CPU is 2 in the struct", struct_device(2), kDeviates, "device-number",
       Blame::kLibrary},
      {"H-09", "the CPU is 2 by the method", method_device(2), kDeviates, "device-number",
       Blame::kLibrary},
      {"H-11", "its own code", plain(0)},
      {"H-11", "another code", exported("bfloat16", {2, 16, 1}, 0), kDeviates, "type-code",
       Blame::kLibrary},
      {"H-12", "read-only in bit 0", plain(1, readonly)},
      {"H-12", "read-only in bit 1", plain(2, readonly), kDeviates, "flag-bit", Blame::kLibrary},
      {"H-12", "nothing said of read-only", plain(0, readonly), kNotJudged},
      {"H-12", "copied in bit 1", plain(2, copy)},
      {"H-12", "copied in bit 2", plain(4, copy), kDeviates, "flag-bit", Blame::kLibrary},
      {"H-12", "a copy that is called read-only alone", plain(1, copy)},
      {"H-12", "padded in bit 2", exported("float4_e2m1fn-padded", fp4, 4)},
      {"H-12", "padded in bit 3", exported("float4_e2m1fn-padded", fp4, 8), kDeviates, "flag-bit",
       Blame::kLibrary},
      {"H-13", "nothing to say", plain(0)},
      {"H-13", "read-only said of a writable array", plain(1), kPermitted, "flags-needless",
       Blame::kProducer},
      {"H-13", "read-only said of a read-only array", plain(1, readonly)},
      {"H-13", "copied said of a copy", plain(2, copy)},
      {"H-13", "padded said of padded elements", exported("float4_e2m1fn-padded", fp4, 4)},
      {"H-13", "a bit without a meaning", plain(8, readonly), kPermitted, "flags-needless",
       Blame::kProducer},
      {"H-13", "a bit of 1.1 in a struct of 1.0", exported("float4_e2m1fn-padded", fp4, 4, of_1_0),
       kPermitted, "flags-needless", Blame::kProducer},
      {"H-17", "versioned", plain(0)},
      {"H-17", "legacy", plain(0, [](ProtocolExample& e) { e.facts.export_capsule = "dltensor"; }),
       kPermitted, "legacy-given", Blame::kProducer},
      {"H-17", "refused", [](ProtocolExample& e) { e.facts.export_error = "BufferError"; },
       kNotJudged},
  };
}

std::vector<ProtocolRow> of_names() {
  using enum Verdict;
  const auto names = [](std::string first, std::string later, bool taken = false) {
    return [=](ProtocolExample& e) {
      e.facts.capsule_first_name = first;
      e.facts.capsule_name = later;
      if (taken) e.returned();
    };
  };
  return {
      {"H-18", "legacy, and stays", names("dltensor", "dltensor")},
      {"H-18", "versioned, taken", names("dltensor_versioned", "used_dltensor_versioned", true)},
      {"H-18", "legacy, taken", names("dltensor", "used_dltensor", true)},
      {"H-18", "taken and not renamed", names("dltensor", "dltensor", true)},
      {"H-18", "none of the four", names("DLTensor", "DLTensor"), kDeviates, "capsule-name-other",
       Blame::kLibrary},
      {"H-18", "changed by itself", names("dltensor", "used_dltensor"), kDeviates,
       "capsule-name-other", Blame::kLibrary},
      {"H-18", "taken and renamed to something else", names("dltensor", "used", true), kDeviates,
       "capsule-name-other", Blame::kLibrary},
  };
}

}  // namespace

std::vector<ProtocolRow> header_protocol_rows() {
  std::vector<ProtocolRow> rows;
  for (const auto& part : {of_headers(), of_exports(), of_names()}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

}  // namespace dlpack_conformance
