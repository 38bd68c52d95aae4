/// @file
/// Questions to the facts with three answers, composed with `&& || !` into one function that a rule
/// row stores.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/case.h"
#include "core/facts.h"
#include "core/outcome.h"

namespace dlpack_conformance {

/// `kUnknown`: a fact that the question needs was not collected.
enum class Answer : std::uint8_t { kNo, kYes, kUnknown };

constexpr Answer answer(bool yes) { return yes ? Answer::kYes : Answer::kNo; }

/// No where one is no, else unknown where one is unknown.
constexpr Answer both(Answer a, Answer b) {
  if (a == Answer::kNo || b == Answer::kNo) return Answer::kNo;
  return a == Answer::kYes && b == Answer::kYes ? Answer::kYes : Answer::kUnknown;
}

constexpr Answer opposite(Answer a) {
  if (a == Answer::kUnknown) return a;
  return a == Answer::kYes ? Answer::kNo : Answer::kYes;
}

/// Yes where one is yes, else unknown where one is unknown.
constexpr Answer either(Answer a, Answer b) { return opposite(both(opposite(a), opposite(b))); }

/// What a predicate looks at.
struct Seen {
  const Case& subject;
  const Facts& facts;
  Outcome outcome;
};

/// A stateless type with `static Answer ask(const Seen&)`.
template <typename P>
concept Predicate = std::is_empty_v<P> && requires(const Seen& seen) {
  { P::ask(seen) } -> std::same_as<Answer>;
};

template <auto function>
struct Ask {
  static Answer ask(const Seen& seen) { return function(seen); }
};

template <Predicate A, Predicate B>
struct And {
  static Answer ask(const Seen& seen) {
    const Answer first = A::ask(seen);
    return first == Answer::kNo ? first : both(first, B::ask(seen));
  }
};

template <Predicate A, Predicate B>
struct Or {
  static Answer ask(const Seen& seen) {
    const Answer first = A::ask(seen);
    return first == Answer::kYes ? first : either(first, B::ask(seen));
  }
};

template <Predicate A>
struct Not {
  static Answer ask(const Seen& seen) { return opposite(A::ask(seen)); }
};

template <Predicate A, Predicate B>
constexpr And<A, B> operator&&(A, B) {
  return {};
}
template <Predicate A, Predicate B>
constexpr Or<A, B> operator||(A, B) {
  return {};
}
template <Predicate A>
constexpr Not<A> operator!(A) {
  return {};
}

/// A predicate as a row stores it: one function pointer, and whether a mutation test turned it
/// round.
class Clause {
 public:
  constexpr Clause() = default;
  template <Predicate P>
  constexpr Clause(P)
      : ask_(&P::ask) {}  // NOLINT(google-explicit-constructor): rows read as sentences

  constexpr explicit operator bool() const { return ask_ != nullptr; }
  Answer operator()(const Seen& seen) const {
    const Answer plain = ask_(seen);
    return negated_ ? opposite(plain) : plain;
  }
  [[nodiscard]] constexpr Clause negated() const {
    Clause other = *this;
    other.negated_ = !negated_;
    return other;
  }

 private:
  Answer (*ask_)(const Seen&) = nullptr;
  bool negated_ = false;
};

/// The answer that a flag of the facts gives by itself.
template <std::optional<Flag> Facts::*fact>
struct FlagIs {
  static Answer ask(const Seen& seen) {
    const std::optional<Flag>& flag = seen.facts.*fact;
    return flag ? answer(*flag) : Answer::kUnknown;
  }
};
template <std::optional<Flag> Facts::*fact>
inline constexpr FlagIs<fact> flag{};

/// Was the fact collected? Never unknown.
template <auto fact>
struct IsKnown {
  static Answer ask(const Seen& seen) { return answer((seen.facts.*fact).has_value()); }
};
template <auto fact>
inline constexpr IsKnown<fact> known{};

/// A word as a template argument.
template <std::size_t size>
struct Word {
  char text[size]{};
  consteval Word(const char (&from)[size]) { std::copy_n(from, size, text); }  // NOLINT
  [[nodiscard]] constexpr std::string_view view() const { return {text, size - 1}; }
};

/// Is a text of the facts this word?
template <std::optional<Text> Facts::*fact, Word word>
struct TextIs {
  static Answer ask(const Seen& seen) {
    const std::optional<Text>& text = seen.facts.*fact;
    return text ? answer(*text == word.view()) : Answer::kUnknown;
  }
};
template <std::optional<Text> Facts::*fact, Word word>
inline constexpr TextIs<fact, word> text_is{};

/// Is the class, or one of its bases, this one? Yes where nothing was raised: the class is wrong
/// only of an exception.
template <std::optional<Text> Facts::*error, std::optional<Texts> Facts::*bases, Word word>
struct Raised {
  static bool names(std::string_view name) {
    const std::size_t dot = name.rfind('.');
    return (dot == std::string_view::npos ? name : name.substr(dot + 1)) == word.view();
  }
  static Answer ask(const Seen& seen) {
    if (!(seen.facts.*error) || names(*(seen.facts.*error))) return Answer::kYes;
    if (!(seen.facts.*bases)) return Answer::kUnknown;
    return answer(std::ranges::any_of(*(seen.facts.*bases), names));
  }
};
template <Word word>
inline constexpr Raised<&Facts::route_error, &Facts::route_error_bases, word> route_raised{};
template <Word word>
inline constexpr Raised<&Facts::export_error, &Facts::export_error_bases, word> export_raised{};

}  // namespace dlpack_conformance
