#include "core/catalogue_digest.h"

#include <cstdint>
#include <span>
#include <string_view>

#include "catalogue/ambiguities.h"
#include "catalogue/claims.h"
#include "catalogue/devices.h"
#include "catalogue/dtypes.h"
#include "catalogue/layouts.h"
#include "catalogue/profiles.h"
#include "catalogue/reasons.h"
#include "catalogue/requests.h"
#include "catalogue/rule.h"
#include "catalogue/sources.h"
#include "core/facts.h"

namespace dlpack_conformance {
namespace {

/// FNV-1a over fields, each with its length, so that no two lists of fields read alike.
class Hash {
 public:
  Hash& operator<<(std::string_view text) {
    *this << static_cast<std::int64_t>(text.size());
    for (const char c : text) byte(static_cast<std::uint8_t>(c));
    return *this;
  }
  Hash& operator<<(std::int64_t number) {
    for (int shift = 0; shift < 64; shift += 8) byte(static_cast<std::uint8_t>(number >> shift));
    return *this;
  }
  Hash& operator<<(std::span<const std::int64_t> numbers) {
    *this << static_cast<std::int64_t>(numbers.size());
    for (const std::int64_t number : numbers) *this << number;
    return *this;
  }
  [[nodiscard]] std::string text() const {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string result;
    for (int shift = 60; shift >= 0; shift -= 4) result.push_back(kDigits[(state_ >> shift) & 15]);
    return result;
  }

 private:
  void byte(std::uint8_t value) { state_ = (state_ ^ value) * 0x100000001b3; }

  std::uint64_t state_ = 0xcbf29ce484222325;
};

}  // namespace

std::string catalogue_digest() {
  Hash hash;
  for (const FactRow& row : kFactRows)
    hash << row.spelled << static_cast<std::int64_t>(row.type) << row.unit << row.text;
  for (const DTypeRow& row : dtypes()) {
    hash << row.name << row.text << row.code << row.bits << row.lanes << row.padded << row.item_bits
         << row.dlpack << static_cast<std::int64_t>(row.family)
         << static_cast<std::int64_t>(row.values) << row.standard << row.swapped;
  }
  for (const LayoutRow& row : layouts())
    hash << row.name << row.text << row.shape << row.strides << row.offset;
  for (const SourceRow& row : sources()) {
    hash << row.name << row.text << static_cast<std::int64_t>(row.memory) << row.alignment
         << row.skew_bytes << row.skew_elems << row.may_write << row.readonly << row.lazy
         << row.strided << row.has_memory << row.autograd << row.misaligned << row.byte_strides
         << row.masked << row.subclass;
  }
  for (const DeviceRow& row : devices())
    hash << row.name << row.text << row.type << row.id << row.host_readable;
  for (const RequestTokenRow& row : request_tokens())
    hash << row.key << row.value << row.python << row.text;
  for (const ProfileRow& row : profiles()) {
    hash << row.name << row.text;
    for (const ProductRow& product : row.products) {
      hash << product.sources << product.dtypes << product.layouts << product.requests
           << product.devices;
    }
  }
  for (const Rule& rule : rules()) {
    hash << rule.id << static_cast<std::int64_t>(rule.level) << static_cast<std::int64_t>(rule.duty)
         << spell(rule.since) << spell(rule.until) << rule.text << rule.reason << rule.ambiguity;
    for (const Reading& reading : rule.readings) hash << reading.id << reading.text;
  }
  for (const AmbiguityRow& row : ambiguities()) {
    hash << row.id << row.question << row.texts;
    for (const AmbiguityReading& one : row.readings) hash << one.id << one.text;
    for (const AmbiguityChoice& one : row.choices) hash << one.library << one.readings << one.what;
  }
  for (const ReasonRow& row : reasons()) hash << row.code << row.text;
  for (const ClaimRow& row : claims()) {
    hash << row.id << row.text << row.note;
    for (const ClaimCases& line : row.cases) hash << line.pattern << line.text;
  }
  return hash.text();
}

}  // namespace dlpack_conformance
