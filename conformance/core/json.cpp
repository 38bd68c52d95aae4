#include "core/json.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace dlpack_conformance {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// ASCII that stands for itself in a JSON text.
constexpr auto kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t at = 0x20; at < 0x7F; ++at) plain[at] = at != '"' && at != '\\';
  return plain;
}();

/// Length in bytes of the UTF-8 sequence at the front of `text`, or 0 where there is none (overlong
/// forms, surrogates and numbers above U+10FFFF are none).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const auto continues = [&](std::size_t at) {
    return at < text.size() && (byte(at) & 0xC0) == 0x80;
  };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4 || !continues(1)) return 0;
  if (first < 0xE0) return 2;
  if (!continues(2)) return 0;
  if (first < 0xF0) {
    if (first == 0xE0 && byte(1) < 0xA0) return 0;
    if (first == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (!continues(3)) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  if (first == 0xF4 && byte(1) > 0x8F) return 0;
  return 4;
}

void write_escape(std::string& out, unsigned char control) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  switch (control) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  out += "\\u00";
  out += kDigits[control >> 4];
  out += kDigits[control & 15];
}

struct Writer {
  std::string& out;

  void operator()(std::monostate) const { out += "null"; }
  void operator()(bool value) const { out += value ? "true" : "false"; }
  void operator()(std::int64_t value) const { write_json(out, value); }
  void operator()(double value) const {
    if (!std::isfinite(value)) {
      out += "null";
      return;
    }
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
    out.append(text.data(), end.ptr);
  }
  void operator()(const std::string& value) const { write_json(out, std::string_view(value)); }
  void operator()(const Json::Array& items) const {
    out += '[';
    for (const Json& item : items) {
      if (&item != items.data()) out += ',';
      write_json(out, item);
    }
    out += ']';
  }
  void operator()(const Json::Object& members) const {
    out += '{';
    for (const auto& member : members) {
      if (&member != members.data()) out += ',';
      write_json(out, std::string_view(member.first));
      out += ':';
      write_json(out, member.second);
    }
    out += '}';
  }
};

}  // namespace

void write_json(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    // Nearly all texts are ASCII without escapes: those are copied as they are.
    std::size_t plain = 0;
    while (plain < text.size() && kPlain[static_cast<unsigned char>(text[plain])]) ++plain;
    out.append(text.data(), plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const std::size_t length = utf8_length(text);
    const unsigned char first = static_cast<unsigned char>(text.front());
    if (length == 0) {
      out += kReplacement;
    } else if (first == '"' || first == '\\') {
      out += '\\';
      out += text.front();
    } else if (first < 0x20 || first == 0x7F) {
      write_escape(out, first);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

void write_json(std::string& out, std::int64_t number) {
  std::array<char, 24> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number);
  out.append(text.data(), end.ptr);
}

void write_json(std::string& out, const Json& json) { std::visit(Writer{out}, json.value); }

}  // namespace dlpack_conformance
