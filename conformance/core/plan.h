/// @file
/// The plan: the catalogue's axes times what the libraries say they can make, as an ordered list of
/// cases.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/case.h"
#include "core/case_id.h"

namespace dlpack_conformance {

/// Sources of one kind that a library can make.
struct MakesSpec {
  std::string source;
  std::vector<std::string> dtypes;
  std::optional<std::vector<std::string>> layouts;  ///< none: every layout of the catalogue
  std::vector<std::tuple<std::string, std::string, std::string>>
      excluded;  ///< dtype or `*`, layout or `*`, reason
  std::string device = "cpu";
};

/// One observation of a library against the reference. `absent`: proof that this release lacks what
/// is to be observed; empty where it has it.
struct ProtocolSpec {
  std::string rule;
  std::string variant;
  bool malformed = false;
  std::string absent;
};

struct LibrarySpec {
  LibraryInfo info;
  std::vector<MakesSpec> makes;
  std::vector<std::pair<std::string, std::string>> usage;  ///< topic, variant
  std::vector<ProtocolSpec> protocol;
};

/// One route between two libraries.
struct WaySpec {
  std::string producer;
  std::string consumer;
  RouteInfo route;
  std::vector<std::string> requests;
};

/// The census: everything that decides which cases there are.
struct PlanSpec {
  std::string profile = "default";
  std::vector<std::string> filters;   ///< queries; a case must match one of them. None: all
  std::optional<std::string> target;  ///< only pairs, routes and usage cases of this library
  std::vector<LibrarySpec> libraries;
  std::vector<WaySpec> ways;
};

/// Reads `shares`, `copies`, `shares-if-possible`, `converts:<dtype>` or `none` into `promise`.
/// @throws CatalogueError  another text, or a dtype that the catalogue has not.
void set_promise_kind(Promise& promise, std::string_view text);

/// Reads an array API version, `2024.12`.
/// @throws CatalogueError  another form.
std::pair<int, int> parse_declares(std::string_view text);

/// A run of cases that one nursery takes. `consumer` is empty for protocol and usage cases of a
/// library.
struct PairRange {
  std::string producer;
  std::string consumer;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Cases in order: pairs by name; in a pair route, request, source, device, dtype, layout; then for
/// each library its protocol and its usage cases. The order follows from the spec's contents and
/// not from its order.
class Plan {
 public:
  /// @throws CatalogueError  a name in `spec` that the catalogue has not, a name that cannot stand
  /// in an id, or a way
  ///                         between libraries that are not in `spec`.
  explicit Plan(PlanSpec spec);
  ~Plan();
  Plan(Plan&&) noexcept;
  Plan& operator=(Plan&&) noexcept;

  [[nodiscard]] std::size_t size() const { return exchanges_.size() + singles_.size(); }
  /// @throws std::out_of_range  `index` is not below `size()`.
  [[nodiscard]] std::string id(std::size_t index) const;
  /// @return index of the case with this id, or none. A text that is no id is none, too.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view case_id) const;
  /// Kind and axes; the views live as long as the plan.
  /// @throws std::out_of_range  `index` is not below `size()`.
  [[nodiscard]] CaseId axes(std::size_t index) const;
  /// The case for the judge; its pointers live as long as the plan.
  /// @throws std::out_of_range  `index` is not below `size()`.
  [[nodiscard]] Case at(std::size_t index) const;
  /// Proof that this release has no such route or keyword; empty where it has.
  [[nodiscard]] std::string_view absent(std::size_t index) const;
  /// Why the device of the case's source is not to be had here; empty where it is. Such a case is
  /// not run.
  [[nodiscard]] std::string_view absent_device(std::size_t index) const;

  [[nodiscard]] const std::vector<PairRange>& pairs() const { return pairs_; }
  /// Combinations that the profile takes and a library cannot make, or that would need too much
  /// memory: cases by reason.
  [[nodiscard]] const std::map<std::string, std::size_t>& excluded() const { return excluded_; }
  /// `<dtype> <layout> <layout>`: memory of the first layout reads the same by the second. Only
  /// dtypes and layouts of the plan.
  [[nodiscard]] std::vector<std::string> alike() const;

 private:
  struct Way;
  struct Builder;
  /// An exchange case; indices into `ways_`, the way's requests, and the tables.
  struct Exchange {
    std::uint16_t way;
    std::uint8_t request;
    std::uint8_t source;
    std::uint8_t device;
    std::uint8_t dtype;
    std::uint8_t layout;

    friend auto operator<=>(const Exchange&, const Exchange&) = default;
  };
  struct Single {
    std::uint32_t library;
    CaseKind kind;
    std::string subject;
    std::string variant;
    bool malformed = false;
    std::string absent;
  };

  void check(std::size_t index) const;
  [[nodiscard]] CaseId axes(const Exchange& exchange) const;
  [[nodiscard]] CaseId axes(const Single& single) const;

  std::vector<std::unique_ptr<LibraryInfo>> libraries_;  // stable addresses: cases point at them
  std::vector<Way> ways_;
  std::vector<Exchange> exchanges_;
  std::vector<Single> singles_;
  std::vector<PairRange> pairs_;
  std::map<std::string, std::size_t> excluded_;
};

}  // namespace dlpack_conformance
