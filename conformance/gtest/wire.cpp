#include "gtest/wire.h"

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <type_traits>
#include <variant>

namespace dlpack_conformance::kit {
namespace {

void put(std::string& out, std::int64_t number) {
  char bytes[sizeof(number)];
  std::memcpy(bytes, &number, sizeof(number));
  out.append(bytes, sizeof(number));
}

void put(std::string& out, std::string_view text) {
  put(out, static_cast<std::int64_t>(text.size()));
  out += text;
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] bool done() const { return rest_.empty(); }
  std::int64_t number() {
    std::int64_t number = 0;
    const std::string_view bytes = take(sizeof(number));
    std::memcpy(&number, bytes.data(), sizeof(number));
    return number;
  }
  std::string text() { return std::string(take(static_cast<std::size_t>(number()))); }

 private:
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) throw std::runtime_error("facts were cut on their way");
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }

  std::string_view rest_;
};

FactValue value(Reader& reader, FactType type) {
  switch (type) {
    case FactType::kFlag:
      return reader.number() != 0;
    case FactType::kInt:
      return reader.number();
    case FactType::kText:
      return reader.text();
    case FactType::kInts: {
      Ints numbers(static_cast<std::size_t>(reader.number()));
      for (std::int64_t& number : numbers) number = reader.number();
      return numbers;
    }
    case FactType::kTexts: {
      Texts texts(static_cast<std::size_t>(reader.number()));
      for (std::string& text : texts) text = reader.text();
      return texts;
    }
  }
  return {};
}

}  // namespace

std::string packed(const Facts& facts) {
  std::string out;
  for (const FactRow& row : kFactRows) {
    const FactValue one = get_fact(facts, row.id);
    if (std::holds_alternative<std::monostate>(one)) continue;
    put(out, static_cast<std::int64_t>(row.id));
    std::visit(
        [&](const auto& held) {
          using Held = std::decay_t<decltype(held)>;
          if constexpr (std::is_same_v<Held, Flag>) {
            put(out, std::int64_t{held});
          } else if constexpr (std::is_same_v<Held, Int> || std::is_same_v<Held, Text>) {
            put(out, held);
          } else if constexpr (!std::is_same_v<Held, std::monostate>) {
            put(out, static_cast<std::int64_t>(held.size()));
            for (const auto& item : held) put(out, item);
          }
        },
        one);
  }
  return out;
}

Facts unpacked(std::string_view bytes) {
  Facts facts;
  Reader reader(bytes);
  while (!reader.done()) {
    const std::int64_t id = reader.number();
    if (id < 0 || id >= static_cast<std::int64_t>(kFactCount))
      throw std::runtime_error("no fact has the number " + std::to_string(id));
    const FactRow& row = kFactRows[id];
    set_fact(facts, row.id, value(reader, row.type));
  }
  return facts;
}

}  // namespace dlpack_conformance::kit
