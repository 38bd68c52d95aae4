/// @file
/// What is known of a case before it runs: its axes, the catalogue's rows for them, and what the
/// route and the two libraries say of themselves. The judge gets this and the facts, and nothing
/// else.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dlpack_conformance {

struct DTypeRow;
struct LayoutRow;
struct SourceRow;
struct DeviceRow;

enum class CaseKind : std::uint8_t { kExchange, kProtocol, kUsage };

/// How a keyword of the request was passed. `kOwn`: the device of the source itself; `kHost`: the
/// host, of a source on another device.
enum class Passed : std::uint8_t { kAbsent, kNone, kFalse, kTrue, kOwn, kHost };

/// A request, parsed from its text (`plain`, or `key-value` tokens in alphabetical order joined by
/// `+`).
struct Request {
  std::string text;
  Passed copy = Passed::kAbsent;
  Passed device = Passed::kAbsent;
  Passed force = Passed::kAbsent;
  std::string dtype;  ///< of a `dtype-<name>` token; empty where none was passed
};

enum class PromiseKind : std::uint8_t { kNone, kShares, kCopies, kSharesIfPossible, kConverts };

/// The documented promise of a route for one request.
struct Promise {
  PromiseKind kind = PromiseKind::kNone;
  std::string dtype;   ///< of kConverts: the dtype that comes out
  bool flat = false;   ///< one axis over the same bytes, in memory order
  std::string device;  ///< where the result lies; empty: on the source's device
  std::string document;
  std::string section;
};

/// A route between two libraries, as its file states it.
struct RouteInfo {
  std::string name;
  bool dlpack = false;         ///< a capsule or an exchange table crosses
  bool takes_devices = false;  ///< sources on other devices than the host go this way, too
  bool takes_host = true;      ///< sources on the host go this way
  bool may_copy = false;  ///< it is known to copy where it need not: huge sources don't go this way
  std::vector<std::string> device_kinds;  ///< only sources on devices of these kinds; empty: of all
  std::string owner;               ///< library that owns the route; empty for a protocol route
  std::vector<std::string> rules;  ///< ids of the R rules that bind it
  std::map<std::string, Promise> promises;  ///< by request; key "" for all others
  std::map<std::string, std::string>
      absent;  ///< by request: proof that this release has no such route or keyword
};

/// What a library states of itself.
struct LibraryInfo {
  std::string name;
  std::map<std::string, std::string> versions;
  std::optional<std::pair<int, int>> declares;  ///< array API version (year, month)
  std::map<std::string, std::string> promises;  ///< rule id -> its own text
  std::vector<std::string>
      dtypes;  ///< names of the dtypes that it can make, sorted; empty: unknown
  std::vector<std::string> devices;  ///< besides the host, on which it can make arrays here, sorted
  bool readonly_arrays = false;      ///< it can show an array as not writable
  bool immutable_arrays = false;     ///< no array of it is writable
  std::map<std::string, std::string>
      absent_devices;  ///< of those on which it can make arrays: device -> why it is not to be had
};

/// One case of a plan. Pointers live as long as the plan and the catalogue.
struct Case {
  CaseKind kind = CaseKind::kExchange;
  std::string id;
  // exchange
  const LibraryInfo* producer = nullptr;  ///< protocol and usage: the library
  const LibraryInfo* consumer = nullptr;  ///< protocol: the library, too
  const RouteInfo* route = nullptr;
  const Promise* promise = nullptr;
  const Request* request = nullptr;
  const DTypeRow* dtype = nullptr;
  const LayoutRow* layout = nullptr;
  const SourceRow* source = nullptr;
  const DeviceRow* device = nullptr;
  // protocol and usage
  std::string subject;  ///< rule id or topic
  std::string variant;
  bool malformed = false;  ///< of a protocol case: what is handed over breaks the header's rules
};

}  // namespace dlpack_conformance
