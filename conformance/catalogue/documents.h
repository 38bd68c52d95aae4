/// @file
/// The texts that rules come from, and whom each of them binds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace dlpack_conformance {

/// Whom a rule binds as written.
enum class Binds : std::uint8_t {
  kByDocument,  ///< of a rule: as the most binding of its documents says; of a document: it binds
                ///< nobody by itself
  kAnyone,      ///< whoever makes or takes a capsule, or documents a route
  kArrayApi,    ///< libraries that declare an array API version at or above `since`; for others it
                ///< counts as should
  kListed,      ///< routes that list the rule
};

/// A row of the document table.
struct DocumentRow {
  std::string_view key;
  std::string_view title;
  std::string_view where;
  Binds binds = Binds::kAnyone;
};

/// All rows.
std::span<const DocumentRow> documents();

/// Keys of the document table, in its order.
enum class Document : std::uint8_t {
  kHeader,
  kPythonSpec,
  kPythonSpecMeaning,
  kDlpackMethod,
  kDlpackDevice,
  kFromDlpack,
  kInterchange,
  kCopies,
  kArrayInterface,
  kInterop,
  kNumpy,
  kTorch,
  kBuffer,
  kCudaInterface,
  kArrayApiAsarray,
  kArrayApiAstype,
  kArrow,
  kRoute,
  kIssue,
};

/// A place in a document.
struct Place {
  Document document = Document::kHeader;
  std::string_view place;
};

/// One to three places.
struct Sources {
  std::array<Place, 3> places{};
  std::size_t count = 0;

  [[nodiscard]] constexpr std::span<const Place> all() const { return {places.data(), count}; }
};

constexpr Sources place(Document document, std::string_view where) {
  Sources sources;
  sources.places[0] = {document, where};
  sources.count = 1;
  return sources;
}

constexpr Sources operator|(Sources a, const Sources& b) {
  for (const Place& more : b.all()) a.places.at(a.count++) = more;
  return a;
}

constexpr Sources header(std::string_view symbol) { return place(Document::kHeader, symbol); }
/// The Python page of DLPack: its section on implementation binds whoever makes or takes a capsule.
constexpr Sources page(std::string_view section) { return place(Document::kPythonSpec, section); }
/// Its sections on syntax and meaning, which say of themselves that they are the array API's.
constexpr Sources page_meaning(std::string_view section) {
  return place(Document::kPythonSpecMeaning, section);
}
constexpr Sources dp(std::string_view parameter) {
  return place(Document::kDlpackMethod, parameter);
}
constexpr Sources dd() { return place(Document::kDlpackDevice, "Returns"); }
constexpr Sources fd(std::string_view parameter) { return place(Document::kFromDlpack, parameter); }
constexpr Sources di(std::string_view section) { return place(Document::kInterchange, section); }
constexpr Sources cv(std::string_view section) { return place(Document::kCopies, section); }
constexpr Sources ai(std::string_view section) { return place(Document::kArrayInterface, section); }
constexpr Sources ni(std::string_view section) { return place(Document::kInterop, section); }
constexpr Sources np(std::string_view function) { return place(Document::kNumpy, function); }
constexpr Sources pt(std::string_view function) { return place(Document::kTorch, function); }
constexpr Sources buf(std::string_view section) { return place(Document::kBuffer, section); }
constexpr Sources cai(std::string_view section) { return place(Document::kCudaInterface, section); }
constexpr Sources as(std::string_view parameter) {
  return place(Document::kArrayApiAsarray, parameter);
}
constexpr Sources astype(std::string_view parameter) {
  return place(Document::kArrayApiAstype, parameter);
}
constexpr Sources pa(std::string_view function) { return place(Document::kArrow, function); }
constexpr Sources own_text(std::string_view section) { return place(Document::kRoute, section); }
constexpr Sources issue(std::string_view number) { return place(Document::kIssue, number); }

}  // namespace dlpack_conformance
