#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "catalogue/documents.h"
#include "catalogue/reasons.h"
#include "catalogue/rule.h"
#include "core/record.h"
#include "gtest/suite.h"

namespace dlpack_conformance::kit {
namespace {

std::string_view text_of_reason(std::string_view code) {
  for (const ReasonRow& row : reasons()) {
    if (row.code == code) return row.text;
  }
  return code;
}

void add_rule(std::ostringstream& out, const Judged& judged) {
  out << "\n  " << spell(judged.verdict);
  if (!judged.reason.empty())
    out << ": " << text_of_reason(judged.reason) << " [" << judged.reason << "]";
  const Rule* const rule = find_rule(judged.rule);
  if (rule == nullptr) return;
  out << "\n    rule   " << rule->id << " (" << spell(rule->level) << "): " << rule->text;
  for (const Place& place : rule->source.all())
    out << "\n    source " << documents()[static_cast<std::size_t>(place.document)].title << ", "
        << place.place;
  if (judged.blame != Blame::kNone) out << "\n    blame  " << spell(judged.blame);
}

template <class Item>
void write_item(std::string& out, const Item& item) {
  if constexpr (std::is_same_v<Item, Flag>) {
    out += item ? "true" : "false";
  } else {
    write_json(out, item);
  }
}

std::string spelled(const FactValue& value) {
  std::string text;
  std::visit(
      [&](const auto& held) {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, std::monostate>) {
          text = "not seen";
        } else if constexpr (std::is_same_v<Held, Ints> || std::is_same_v<Held, Texts>) {
          text = "[";
          for (const auto& item : held) {
            if (text.size() > 1) text += ", ";
            write_item(text, item);
          }
          text += "]";
        } else {
          write_item(text, held);
        }
      },
      value);
  return text;
}

}  // namespace

std::string explained(const Case& subject, const Result& result) {
  const Judgement& judgement = result.judgement;
  std::ostringstream out;
  out << subject.id << ": " << spell(judgement.outcome) << ", " << spell(judgement.verdict);
  for (const Judged& judged : judgement.judged) {
    if (judged.verdict != Verdict::kConforms) add_rule(out, judged);
  }
  const bool whole = subject.kind == CaseKind::kProtocol;
  out << (whole ? "\n  seen:" : "\n  seen, where it is not what was asked for:");
  for (const WrittenFact& fact : written_facts(subject, result.facts))
    out << "\n    " << fact.name << " = " << spelled(fact.value);
  return out.str();
}

}  // namespace dlpack_conformance::kit
