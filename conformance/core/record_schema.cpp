#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "core/case_id.h"
#include "core/facts.h"
#include "core/record.h"

namespace dlpack_conformance {
namespace {

Json text(std::string_view value) { return {std::string(value)}; }
Json object(Json::Object members) { return {std::move(members)}; }
Json array(Json::Array items) { return {std::move(items)}; }

Json typed(std::string_view type, std::string_view description = {}) {
  Json::Object members{{"type", text(type)}};
  if (!description.empty()) members.emplace_back("description", text(description));
  return object(std::move(members));
}

Json list_of(Json items) { return object({{"type", text("array")}, {"items", std::move(items)}}); }

Json one_of_words(const std::vector<std::string_view>& words) {
  Json::Array items;
  for (const std::string_view word : words) items.push_back(text(word));
  return object({{"enum", array(std::move(items))}});
}

template <class Enum>
Json one_of_enum(Enum last) {
  std::vector<std::string_view> words;
  for (int at = 0; at <= static_cast<int>(last); ++at)
    words.push_back(spell(static_cast<Enum>(at)));
  return one_of_words(words);
}

Json type_of(FactType type) {
  const auto nullable = [](std::string_view name) { return array({text(name), text("null")}); };
  switch (type) {
    case FactType::kFlag:
      return object({{"type", nullable("boolean")}});
    case FactType::kInt:
      return object({{"type", nullable("integer")}});
    case FactType::kText:
      return object({{"type", nullable("string")}});
    case FactType::kInts:
      return object({{"type", nullable("array")}, {"items", typed("integer")}});
    case FactType::kTexts:
      return object({{"type", nullable("array")}, {"items", typed("string")}});
  }
  return object({});
}

Json facts_schema() {
  Json::Object properties;
  std::string_view group;
  for (const FactRow& row : kFactRows) {
    if (row.group != group) {
      group = row.group;
      properties.emplace_back(std::string(group),
                              typed("null", "no fact of the group was collected"));
    }
    Json one = type_of(row.type);
    auto& members = std::get<Json::Object>(one.value);
    members.emplace_back("description",
                         text(std::string(row.text) + " (unit: " + std::string(row.unit) +
                              "; by: " + std::string(row.collector) + ")"));
    properties.emplace_back(std::string(row.spelled), std::move(one));
  }
  return object(
      {{"type", text("object")},
       {"description",
        text("facts that differ from what catalogue and arithmetic give; null: not collected")},
       {"additionalProperties", {false}},
       {"properties", object(std::move(properties))}});
}

Json judged_schema() {
  const Json entry =
      object({{"type", text("object")},
              {"required", array({text("rule"), text("verdict"), text("reason"), text("blame")})},
              {"additionalProperties", {false}},
              {"properties",
               object({{"rule", typed("string", "id; empty: why no rule answered")},
                       {"verdict", one_of_enum(Verdict::kNotJudged)},
                       {"reason",
                        typed("string", "code of the reason table, or ambiguity:reading+reading")},
                       {"blame", one_of_enum(Blame::kPair)}})}});
  return object(
      {{"type", text("array")},
       {"description", text("the deciding entry first; a rule that conforms is its id alone")},
       {"items", object({{"oneOf", array({typed("string"), entry})}})}});
}

Json case_schema() {
  Json::Object properties{{"kind", object({{"const", text("case")}})}, {"id", typed("string")}};
  properties.emplace_back("case",
                          one_of_words({spelled(CaseKind::kExchange), spelled(CaseKind::kProtocol),
                                        spelled(CaseKind::kUsage)}));
  std::vector<std::string_view> axes;
  for (const CaseKind kind : {CaseKind::kExchange, CaseKind::kProtocol, CaseKind::kUsage}) {
    for (const std::string_view axis : axis_names(kind)) {
      if (std::find(axes.begin(), axes.end(), axis) != axes.end()) continue;
      axes.push_back(axis);
      properties.emplace_back(std::string(axis), typed("string"));
    }
  }
  properties.emplace_back("input", one_of_words({"valid", "malformed"}));
  properties.emplace_back("outcome", one_of_enum(Outcome::kNotRun));
  properties.emplace_back("modifiers", list_of(one_of_enum(Modifier::kWrongError)));
  properties.emplace_back("verdict", one_of_enum(Verdict::kNotJudged));
  properties.emplace_back("blame", one_of_enum(Blame::kPair));
  properties.emplace_back("judged", judged_schema());
  properties.emplace_back("proof",
                          one_of_words({"address+write", "address", "write", "identity", ""}));
  properties.emplace_back("facts", facts_schema());
  properties.emplace_back("time_ns", typed("integer", "duration of the case; the last key"));
  Json::Array required;
  for (const std::string_view name : {"kind", "id", "case", "outcome", "modifiers", "verdict",
                                      "blame", "judged", "proof", "facts", "time_ns"}) {
    required.push_back(text(name));
  }
  return object({{"type", text("object")},
                 {"required", array(std::move(required))},
                 {"additionalProperties", {false}},
                 {"properties", object(std::move(properties))}});
}

Json shard_schema() {
  return object(
      {{"type", text("object")},
       {"description", text("only of a file that holds one shard of its plan")},
       {"required", array({text("number"), text("count"), text("planned")})},
       {"properties", object({{"number", typed("integer", "from 1")},
                              {"count", typed("integer", "of shards")},
                              {"planned", typed("integer", "cases of all shards together")}})}});
}

Json header_schema() {
  return object(
      {{"type", text("object")},
       {"required", array({text("kind"), text("catalogue"), text("planned"), text("census")})},
       {"properties",
        object(
            {{"kind", object({{"const", text("header")}})},
             {"schema", typed("integer")},
             {"suite", typed("string", "version of the suite")},
             {"catalogue", typed("string", "digest of the tables")},
             {"planned", typed("integer", "count of planned cases of this file")},
             {"shard", shard_schema()},
             {"merged", list_of(list_of(typed("string", "of the command that ran a shard")))},
             {"excluded", typed("object", "combinations that no library makes, counted by reason")},
             {"census", typed("object",
                              "libraries with versions, declarations and sources; ways with "
                              "promise and rules")}})}});
}

Json footer_schema() {
  return object({{"type", text("object")},
                 {"required", array({text("kind"), text("cases"), text("counts"), text("digest")})},
                 {"properties",
                  object({{"kind", object({{"const", text("footer")}})},
                          {"cases", typed("integer")},
                          {"counts", typed("object", "cases by outcome")},
                          {"verdicts", typed("object", "cases by verdict")},
                          {"digest", typed("string", "over the case lines without time_ns")}})}});
}

}  // namespace

std::string record_schema() {
  std::string out;
  write_json(out,
             object({{"$schema", text("https://json-schema.org/draft/2020-12/schema")},
                     {"title", text("dlconform record")},
                     {"description",
                      text("one line of a run: the header first, then the cases, the footer last")},
                     {"oneOf", array({header_schema(), case_schema(), footer_schema()})}}));
  out += '\n';
  return out;
}

}  // namespace dlpack_conformance
