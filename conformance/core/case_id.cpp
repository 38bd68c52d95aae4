#include "core/case_id.h"

#include <algorithm>

#include "catalogue/dtypes.h"
#include "catalogue/error.h"
#include "catalogue/requests.h"

namespace dlpack_conformance {
namespace {

using std::string_view;

constexpr std::array<string_view, 8> kExchangeAxes = {"producer", "consumer", "route",  "request",
                                                      "dtype",    "layout",   "source", "device"};
constexpr std::array<string_view, 3> kProtocolAxes = {"library", "rule", "variant"};
constexpr std::array<string_view, 3> kUsageAxes = {"library", "topic", "variant"};

constexpr bool is_id_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '+' || c == '-';
}

CaseKind parse_kind(string_view text) {
  for (const CaseKind kind : {CaseKind::kExchange, CaseKind::kProtocol, CaseKind::kUsage}) {
    if (text == spelled(kind)) return kind;
  }
  throw CatalogueError("case id", "kind", text, "exchange, protocol, usage");
}

void check_part(string_view axis, string_view part) {
  if (!is_id_part(part))
    throw CatalogueError("case id", axis, part, "letters, digits and _ . + -, at least one");
}

void check_count(CaseKind kind, string_view text, std::size_t count) {
  const std::size_t wanted = axis_names(kind).size();
  if (count == wanted) return;
  std::string allowed = std::to_string(wanted) + " parts after " + std::string(spelled(kind)) + ":";
  for (const string_view name : axis_names(kind)) allowed.append(" <").append(name).append(">");
  throw CatalogueError("case id", "text", text, allowed);
}

Passed parse_passed(string_view value) {
  if (value == "none") return Passed::kNone;
  if (value == "false") return Passed::kFalse;
  if (value == "true") return Passed::kTrue;
  return value == "cpu" ? Passed::kHost : Passed::kOwn;
}

void read_token(Request& request, string_view token) {
  const std::size_t dash = token.find('-');
  const string_view key = token.substr(0, dash);
  const string_view value = dash == string_view::npos ? string_view() : token.substr(dash + 1);
  if (key == "dtype") {
    if (find_dtype(value) == nullptr)
      throw CatalogueError("request", "dtype", value, "a name of the dtype table");
    request.dtype = value;
    return;
  }
  const bool known = std::ranges::any_of(request_tokens(), [&](const RequestTokenRow& row) {
    return row.key == key && row.value == value;
  });
  if (!known) {
    std::string allowed = "plain, dtype-<name>";
    for (const RequestTokenRow& row : request_tokens())
      allowed.append(", ").append(row.key).append("-").append(row.value);
    throw CatalogueError("request", "token", token, allowed);
  }
  (key == "copy"     ? request.copy
   : key == "device" ? request.device
                     : request.force) = parse_passed(value);
}

}  // namespace

string_view spelled(CaseKind kind) {
  switch (kind) {
    case CaseKind::kExchange:
      return "exchange";
    case CaseKind::kProtocol:
      return "protocol";
    case CaseKind::kUsage:
      return "usage";
  }
  return {};
}

std::span<const string_view> axis_names(CaseKind kind) {
  switch (kind) {
    case CaseKind::kExchange:
      return kExchangeAxes;
    case CaseKind::kProtocol:
      return kProtocolAxes;
    case CaseKind::kUsage:
      return kUsageAxes;
  }
  return {};
}

bool is_id_part(string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_id_character);
}

CaseId parse_case_id(string_view text) {
  CaseId id;
  std::size_t slash = text.find('/');
  id.kind = parse_kind(text.substr(0, slash));
  std::size_t count = 0;
  while (slash != string_view::npos) {
    const std::size_t begin = slash + 1;
    slash = text.find('/', begin);
    const string_view part = text.substr(begin, slash == string_view::npos ? slash : slash - begin);
    if (count < axis_names(id.kind).size()) {
      check_part(axis_names(id.kind)[count], part);
      id.parts[count] = part;
    }
    ++count;
  }
  check_count(id.kind, text, count);
  return id;
}

std::string make_case_id(CaseKind kind, std::span<const string_view> axes) {
  check_count(kind, spelled(kind), axes.size());
  std::string id(spelled(kind));
  id.reserve(96);
  for (std::size_t axis = 0; axis < axes.size(); ++axis) {
    check_part(axis_names(kind)[axis], axes[axis]);
    id.append("/").append(axes[axis]);
  }
  return id;
}

Request parse_request(string_view text) {
  Request request{.text = std::string(text)};
  if (text == "plain") return request;
  string_view previous_key;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('+', begin), text.size());
    const string_view token = text.substr(begin, end - begin);
    read_token(request, token);
    const string_view key = token.substr(0, token.find('-'));
    if (key <= previous_key)
      throw CatalogueError("request", "text", text, "each key once, in alphabetical order");
    previous_key = key;
    begin = end + 1;
  }
  return request;
}

}  // namespace dlpack_conformance
