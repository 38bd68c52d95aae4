/// @file
/// One case of a library while it runs: makes sources and crafted tensors, tries calls, and fills
/// facts. Nothing here judges, and nothing knows what is expected.
#pragma once

#include <dlpack_conformance/kit.h>
#include <dlpack_impl/buffer.h>
#include <dlpack_impl/consumer.h>
#include <dlpack_impl/producer.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalogue/dtypes.h"
#include "catalogue/layouts.h"
#include "catalogue/sources.h"
#include "core/facts.h"
#include "core/values.h"
#include "observe/addresses.h"

namespace dlpack_conformance::kit {

using detail::Array;
using detail::Subject;

enum class Step : std::int32_t { kMake, kExport, kExchange, kRead, kWrite, kRelease };

/// What the elements of a dtype and layout are, as numbers and as bytes in C order.
struct Asked {
  const DTypeRow* dtype = nullptr;
  const LayoutRow* layout = nullptr;
  dlpack_impl::DType type;
  std::vector<Number> numbers;
  std::vector<std::byte> raw;
};

/// @throws CatalogueError  the catalogue has no such name, or DLPack no such dtype.
Asked asked_elements(std::string_view dtype, std::string_view layout);

/// How memory of ours is placed.
struct Placing {
  dlpack_impl::MemoryKind kind = dlpack_impl::MemoryKind::kOrdinary;
  std::int64_t alignment = 256;
  std::int64_t skew = 0;    ///< bytes
  std::int64_t offset = 0;  ///< elements, added to the layout's own
};

/// Where the memory of a source lies, by its row.
Placing place_of(const SourceRow& source);

/// Which struct is handed over. `kEither`: a versioned one where the library takes those, as a
/// producer of Python gives what is asked for.
enum class Struct : std::uint8_t { kEither, kLegacy, kVersioned };

/// A tensor of the reference to hand over.
struct Crafted {
  std::string dtype = "float32";
  std::string layout = "vector";
  Struct which = Struct::kEither;
  dlpack_impl::ExportOptions options{};
  std::optional<dlpack_impl::Stated> stated{};
  bool readonly = false;
  Placing place{};
};

/// A managed tensor of either struct, and its owner.
struct Managed {
  dlpack_impl::LegacyPtr legacy;
  dlpack_impl::VersionedPtr versioned;

  [[nodiscard]] bool empty() const { return legacy == nullptr && versioned == nullptr; }
  [[nodiscard]] dlpack_impl::Reading reading() const;
  /// Name of the capsule in which Python would hold it.
  [[nodiscard]] std::string_view kind() const;
  void reset() {
    legacy.reset();
    versioned.reset();
  }
  void release() {
    static_cast<void>(legacy.release());
    static_cast<void>(versioned.release());
  }
};

/// A producer of the reference over memory of ours: exports keep the memory, it itself does not.
class Giver {
 public:
  Giver(const Asked& asked, const Crafted& crafted, bool legacy,
        const std::shared_ptr<dlpack_impl::Buffer>& memory);

  [[nodiscard]] Managed give() const;
  [[nodiscard]] dlpack_impl::ExportLog& log() const { return *log_; }
  [[nodiscard]] const dlpack_impl::Producer& producer() const { return producer_; }
  [[nodiscard]] const Crafted& crafted() const { return crafted_; }
  [[nodiscard]] bool is_legacy() const { return legacy_; }
  /// Counts stay when all else is gone.
  [[nodiscard]] std::shared_ptr<dlpack_impl::ExportLog> ledger() const { return log_; }

 private:
  Crafted crafted_;
  bool legacy_;
  std::shared_ptr<dlpack_impl::ExportLog> log_;
  dlpack_impl::Producer producer_;
  std::weak_ptr<dlpack_impl::Buffer> memory_;
};

class Observer {
 public:
  using Say = std::function<void(Step, const Facts&)>;

  Observer(const Subject& subject, Say say) : subject_(subject), say_(std::move(say)) {}

  Facts facts;

  [[nodiscard]] const Subject& library() const { return subject_; }
  void step(Step next) { say_(next, facts); }

  /// Makes an array of the library and does not look at it. @throws  what the library does.
  Array make(std::string_view dtype, std::string_view layout, std::string_view source);
  /// Makes an array of the library, and checks that the traits made and describe what was asked;
  /// facts `source`.
  /// @throws TraitsError  they did not.
  Array source(std::string_view dtype = "float32", std::string_view layout = "matrix",
               std::string_view source = "plain");

  /// Makes a producer of the reference; facts `source`.
  Giver crafted(const Crafted& crafted);
  /// The same over other bytes than the catalogue's: `count` bytes of uint8.
  Giver crafted_bytes(const Crafted& crafted, const std::vector<std::byte>& bytes);

  [[nodiscard]] const Asked& asked() const { return asked_; }
  [[nodiscard]] const Origin& origin() const { return origin_; }
  /// Memory of the last array; NULL where the library made it, or when it was forgotten.
  [[nodiscard]] const std::shared_ptr<dlpack_impl::Buffer>& memory() const { return memory_; }
  /// The same without keeping it.
  [[nodiscard]] std::weak_ptr<dlpack_impl::Buffer> watched() const { return memory_; }
  void forget() { memory_.reset(); }

  /// Lets the library take what `giver` gives; facts `route`. NULL where it threw: then what it
  /// left is kept until `drop_refused`.
  Array take(const Giver& giver);
  /// The same without facts. @throws  what the library does.
  Array take_quietly(const Giver& giver);
  void drop_refused() { refused_.clear(); }

  /// Asks the library for an export. @throws  what it does; TraitsError  it gave NULL.
  [[nodiscard]] Managed give(const Array& array, bool versioned) const;
  /// The same; facts `export.error` and `export.message` where it threw.
  Managed ask(const Array& array, bool versioned);
  /// The same, with the words for it in Python in the fact `export.keywords`.
  Managed ask(const Array& array, bool versioned, std::string_view words);
  /// Reads it into facts `export` and `capsule.has_deleter`.
  void read_export(const Managed& managed);

  /// Looks at a result by the library's own API; facts `result` and `proof.address`.
  void look(const Array& result);
  /// Writes on both sides and reads the other; facts `proof` and `memory`. `look` came first.
  void prove(const Giver& giver, const Array& result);
  /// Facts `memory` after a call.
  void compare_memory();

  /// All elements by the library's own reader; none where it threw or there is no such reader.
  [[nodiscard]] std::optional<std::vector<std::byte>> read(const Array& array) const;
  [[nodiscard]] bool has_description() const { return after_.has_value(); }
  [[nodiscard]] const std::optional<Description>& after() const { return after_; }

 private:
  [[nodiscard]] bool takes_legacy(Struct which) const;
  void place(const std::shared_ptr<dlpack_impl::Buffer>& memory);
  void check_made(const Description& said, const Array& array) const;

  const Subject& subject_;
  Say say_;
  Asked asked_;
  std::shared_ptr<dlpack_impl::Buffer> memory_;
  Origin origin_;
  std::optional<Description> before_;
  std::optional<Description> after_;
  std::vector<Managed> refused_;
};

/// The catalogue's word for a dtype, or its numbers where it has none.
std::string dtype_word(const Description& said);
std::string device_word(const DLDevice& device);

}  // namespace dlpack_conformance::kit
