#include "core/record.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "core/case_id.h"
#include "core/default_facts.h"

namespace dlpack_conformance {
namespace {

/// Number of the group of each fact, groups counted as they come in `facts.def`.
constexpr auto kGroupOf = [] {
  std::array<std::uint8_t, kFactCount> groups{};
  std::uint8_t group = 0;
  for (std::size_t at = 1; at < kFactCount; ++at) {
    if (kFactRows[at].group != kFactRows[at - 1].group) ++group;
    groups[at] = group;
  }
  return groups;
}();
constexpr std::size_t kGroupCount = kGroupOf[kFactCount - 1] + 1;

constexpr bool groups_are_together() {
  for (std::size_t a = 0; a < kFactCount; ++a) {
    for (std::size_t b = a + 1; b < kFactCount; ++b) {
      if ((kFactRows[a].group == kFactRows[b].group) != (kGroupOf[a] == kGroupOf[b])) return false;
    }
  }
  return true;
}
static_assert(groups_are_together(), "facts.def has the facts of a group in two places");

/// Which groups have a fact that was collected, and which have one with a default.
struct Groups {
  std::array<bool, kGroupCount> seen{};
  std::array<bool, kGroupCount> usual{};

  [[nodiscard]] bool missing(std::size_t group) const { return usual[group] && !seen[group]; }
};

Groups groups_of(const Facts& facts, const FactViews& usual) {
  Groups groups;
#define DLCONFORM_FACT(group, name, type, unit, collector, text)                       \
  {                                                                                    \
    const std::size_t at = kGroupOf[static_cast<std::size_t>(FactId::group##_##name)]; \
    groups.seen[at] = groups.seen[at] || facts.group##_##name.has_value();             \
    groups.usual[at] = groups.usual[at] || usual.group##_##name.has_value();           \
  }
#include "catalogue/facts.def"
#undef DLCONFORM_FACT
  return groups;
}

template <class T>
bool is_usual(const std::optional<T>& seen, const std::optional<FactView<T>>& usual) {
  if (seen.has_value() != usual.has_value()) return false;
  if (!seen) return true;
  if constexpr (std::is_same_v<T, Ints> || std::is_same_v<T, Texts>) {
    return std::ranges::equal(*seen, *usual);
  } else {
    return *seen == *usual;
  }
}

/// Tells what a line has to say, in the order of `facts.def`: `tell.group(name)` for a group of
/// which nothing was collected, `tell.fact(name, value)` for a fact that is not as usual.
template <class Tell>
void tell_facts(const Case& subject, const Facts& facts, Tell& tell) {
  const UsualFacts expected(subject, course_of(subject, facts));
  const FactViews& usual = expected.views();
  const Groups groups = groups_of(facts, usual);
  std::size_t last_missing = kGroupCount;
#define DLCONFORM_FACT(group_name, name, type, unit, collector, text)                         \
  if (const std::size_t at = kGroupOf[static_cast<std::size_t>(FactId::group_name##_##name)]; \
      groups.missing(at)) {                                                                   \
    if (last_missing != at) tell.group(#group_name);                                          \
    last_missing = at;                                                                        \
  } else if (!is_usual<type>(facts.group_name##_##name, usual.group_name##_##name)) {         \
    tell.fact(#group_name "." #name, facts.group_name##_##name);                              \
  }
#include "catalogue/facts.def"
#undef DLCONFORM_FACT
}

/// Keeps what is told.
struct FactList {
  std::vector<WrittenFact> written;

  void group(std::string_view name) { written.push_back({name, FactValue()}); }
  template <class T>
  void fact(std::string_view name, const std::optional<T>& seen) {
    WrittenFact& entry = written.emplace_back();
    entry.name = name;
    if (seen) entry.value.template emplace<T>(*seen);
  }
};

/// Index of the first fact of a group by name, or none.
std::optional<std::size_t> find_group(std::string_view name) {
  const auto* row = std::ranges::find(kFactRows, name, &FactRow::group);
  if (row == std::ranges::end(kFactRows)) return std::nullopt;
  return static_cast<std::size_t>(row - std::ranges::begin(kFactRows));
}

void clear_group(Facts& facts, std::size_t first) {
  for (std::size_t at = first; at < kFactCount && kGroupOf[at] == kGroupOf[first]; ++at) {
    set_fact(facts, static_cast<FactId>(at), FactValue());
  }
}

bool names(const std::vector<WrittenFact>& written, std::string_view name) {
  return std::ranges::any_of(written, [&](const WrittenFact& entry) {
    return entry.name == name && !std::holds_alternative<std::monostate>(entry.value);
  });
}

/// The course of a case that was written: what it looks at has no default, and is therefore in the
/// line.
Course course_of(const Case& subject, const std::vector<WrittenFact>& written) {
  Facts told;
  const auto tell = [&](FactId id) {
    const std::string_view name = kFactRows[static_cast<std::size_t>(id)].spelled;
    if (names(written, name)) set_fact(told, id, FactValue(Text()));
  };
  for (const FactId id : {FactId::suite_not_run, FactId::route_absent, FactId::source_error,
                          FactId::crash_how, FactId::route_error, FactId::export_error,
                          FactId::result_error, FactId::result_read_error}) {
    tell(id);
  }
  return course_of(subject, told);
}

void key(std::string& out, std::string_view name) {
  out += ",\"";
  out += name;
  out += "\":";
}

void member(std::string& out, std::string_view name, std::string_view value) {
  key(out, name);
  write_json(out, value);
}

struct ValueWriter {
  std::string& out;

  void operator()(Flag value) const { out += value ? "true" : "false"; }
  void operator()(Int value) const { write_json(out, value); }
  void operator()(const Text& value) const { write_json(out, std::string_view(value)); }
  void operator()(const Ints& values) const { list(values); }
  void operator()(const Texts& values) const { list(values); }

  template <class T>
  void list(const std::vector<T>& values) const {
    out += '[';
    for (std::size_t at = 0; at < values.size(); ++at) {
      if (at != 0) out += ',';
      (*this)(values[at]);
    }
    out += ']';
  }
};

void write_axes(std::string& out, const Case& subject) {
  member(out, "case", spelled(subject.kind));
  const auto axes = axis_names(subject.kind);
  std::string_view rest = subject.id;
  for (const std::string_view axis : axes) {
    rest.remove_prefix(std::min(rest.find('/'), rest.size() - 1) + 1);
    member(out, axis, rest.substr(0, rest.find('/')));
  }
  if (subject.kind == CaseKind::kProtocol)
    member(out, "input", subject.malformed ? "malformed" : "valid");
}

void write_judged(std::string& out, const std::vector<Judged>& judged) {
  key(out, "judged");
  out += '[';
  for (const Judged& entry : judged) {
    if (&entry != judged.data()) out += ',';
    if (entry.verdict == Verdict::kConforms) {
      write_json(out, std::string_view(entry.rule));
      continue;
    }
    out += "{\"rule\":";
    write_json(out, std::string_view(entry.rule));
    member(out, "verdict", spell(entry.verdict));
    member(out, "reason", entry.reason);
    member(out, "blame", spell(entry.blame));
    out += '}';
  }
  out += ']';
}

/// Writes what is told as the members of an object.
struct FactWriter {
  std::string& out;

  void group(std::string_view name) const {
    begin(name);
    out += "null";
  }
  template <class T>
  void fact(std::string_view name, const std::optional<T>& seen) const {
    begin(name);
    if (seen) {
      ValueWriter{out}(*seen);
    } else {
      out += "null";
    }
  }

 private:
  void begin(std::string_view name) const {
    out += out.back() == '{' ? "\"" : ",\"";
    out += name;
    out += "\":";
  }
};

void write_facts(std::string& out, const Case& subject, const Facts& facts) {
  key(out, "facts");
  out += '{';
  FactWriter writer{out};
  tell_facts(subject, facts, writer);
  out += '}';
}

void write_members(std::string& out, const Json& object) {
  const auto* members = std::get_if<Json::Object>(&object.value);
  if (members == nullptr) return;
  for (const auto& [name, value] : *members) {
    if (name == "kind") continue;
    out += ',';
    write_json(out, std::string_view(name));
    out += ':';
    write_json(out, value);
  }
}

}  // namespace

FactValue default_fact(const Case& subject, FactId id) {
  const Ending ending = subject.kind == CaseKind::kExchange ? Ending::kReturned : Ending::kNothing;
  return get_fact(default_facts(subject, ending), id);
}

std::vector<WrittenFact> written_facts(const Case& subject, const Facts& facts) {
  FactList list;
  tell_facts(subject, facts, list);
  return std::move(list.written);
}

bool expand(const Case& subject, const std::vector<WrittenFact>& written, Facts& facts,
            std::string& wrong) {
  facts = default_facts(subject, course_of(subject, written));
  for (const WrittenFact& entry : written) {
    if (const std::optional<FactId> id = find_fact(entry.name)) {
      if (set_fact(facts, *id, entry.value)) continue;
    } else if (const std::optional<std::size_t> group = find_group(entry.name);
               group && std::holds_alternative<std::monostate>(entry.value)) {
      clear_group(facts, *group);
      continue;
    }
    wrong = entry.name;
    return false;
  }
  return true;
}

void write_record(std::string& out, const Case& subject, const Facts& facts,
                  const Judgement& judgement, std::int64_t time_ns) {
  out += "{\"kind\":\"case\"";
  member(out, "id", subject.id);
  write_axes(out, subject);
  member(out, "outcome", spell(judgement.outcome));
  key(out, "modifiers");
  out += '[';
  for (const std::string_view modifier : judgement.modifiers.names()) {
    if (out.back() != '[') out += ',';
    write_json(out, modifier);
  }
  out += ']';
  member(out, "verdict", spell(judgement.verdict));
  member(out, "blame", spell(judgement.blame));
  write_judged(out, judgement.judged);
  member(out, "proof", judgement.proof);
  write_facts(out, subject, facts);
  key(out, "time_ns");
  write_json(out, time_ns);
  out += "}\n";
}

std::string record_line(const Case& subject, const Facts& facts, const Judgement& judgement,
                        std::int64_t time_ns) {
  std::string out;
  out.reserve(1024);
  write_record(out, subject, facts, judgement, time_ns);
  return out;
}

std::string not_run_line(const Case& subject, std::string_view reason) {
  Facts facts;
  facts.suite_not_run = reason;
  return record_line(subject, facts, judge(subject, facts), 0);
}

std::string header_line(const Json& header) {
  std::string out = "{\"kind\":\"header\"";
  write_members(out, header);
  out += "}\n";
  return out;
}

std::string footer_line(const Json& counts, std::string_view digest) {
  std::string out = "{\"kind\":\"footer\"";
  write_members(out, counts);
  member(out, "digest", digest);
  out += "}\n";
  return out;
}

}  // namespace dlpack_conformance
