/// @file
/// What happened in a case, from its facts alone: outcome, modifiers and proof. Nothing here says
/// what was allowed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/case.h"
#include "core/facts.h"

namespace dlpack_conformance {

/// What happened.
enum class Outcome : std::uint8_t {
  kShared,
  kCopied,
  kRefused,
  kCorrupted,
  kEmpty,
  kAnswered,
  kCrashed,
  kHung,
  kNotRun
};

/// What else is true of an outcome; in the order of their spellings.
enum class Modifier : std::uint8_t {
  kDoubleFree,
  kDtypeChanged,
  kEarlyFree,
  kFlagWrong,
  kLateFree,
  kLeak,
  kProofsDisagree,
  kReadonlyLost,
  kSourceChanged,
  kUnconfirmed,
  kUnsynchronised,
  kWrongError,
  kCount
};

std::string_view spell(Outcome outcome);
std::string_view spell(Modifier modifier);

/// A set of modifiers, walked in alphabetical order.
class Modifiers {
 public:
  constexpr void add(Modifier modifier) { bits_ |= bit(modifier); }
  constexpr bool has(Modifier modifier) const { return (bits_ & bit(modifier)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  std::vector<std::string_view> names() const;

  friend constexpr bool operator==(Modifiers, Modifiers) = default;

 private:
  static constexpr std::uint32_t bit(Modifier modifier) {
    return 1u << static_cast<unsigned>(modifier);
  }
  std::uint32_t bits_ = 0;
};

/// Outcome, modifiers and proof of one case. `wrong-error` is the judge's to add: it needs a rule.
struct Happening {
  Outcome outcome = Outcome::kNotRun;
  Modifiers modifiers;
  std::string proof;  ///< `address+write`, `address`, `write`, `identity` (one object, nothing else
                      ///< to see), or empty
  std::string_view not_run;  ///< reason code with `kNotRun`
};

Happening happening(const Case& subject, const Facts& facts);

/// The shape that was asked for: the source's, or one axis where the route's promise is flat.
Ints asked_shape(const Case& subject);

/// The device that was asked for: what the request or the route's promise names, else the source's,
/// by its own library where that was seen.
std::string_view asked_device(const Case& subject, const Facts& facts);

/// Is a result on `device` where it was asked to be? Pinned and managed memory is the host's and
/// the CUDA device's, too. @spec T-24 A-21
bool is_asked_device(const Case& subject, const Facts& facts, std::string_view device);

/// The dtype that was asked for: the request's, else the promise's, else the source's.
std::string_view asked_dtype(const Case& subject);

/// Is `dtype` what was asked for? A source in foreign byte order may come out in native order.
bool is_asked_dtype(const Case& subject, std::string_view dtype);

/// The request or the route's promise asks for memory of its own.
bool copy_asked(const Case& subject);

}  // namespace dlpack_conformance
