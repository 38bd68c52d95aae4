#include "gtest/proof.h"

#include <cstdlib>

#include "gtest/numbers.h"
#include "gtest/thrown.h"
#include "observe/addresses.h"

namespace dlpack_conformance::kit {
namespace {

/// Byte strides and shape of what a library describes; packed elements by the bytes that they lie
/// in.
struct Bytes {
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;
  Elements elements;

  explicit Bytes(const Description& said) : shape(said.shape), strides(said.strides) {
    const dlpack_impl::DType type = type_of(said);
    elements.first = reinterpret_cast<std::uintptr_t>(said.first);
    if (type.element_bits() % 8 == 0) {
      elements.item_bytes = type.element_bytes();
      for (std::int64_t& stride : strides) stride *= elements.item_bytes;
    } else {
      std::int64_t reach = 0;
      for (std::size_t axis = 0; axis < shape.size(); ++axis)
        reach += std::abs((shape[axis] - 1) * strides[axis]);
      shape = {((reach + 1) * type.element_bits() + 7) / 8};
      strides = {1};
      elements.item_bytes = 1;
    }
    elements.shape = shape;
    elements.strides_bytes = strides;
  }
  Bytes(const Bytes&) = delete;  // `elements` looks into it
  Bytes& operator=(const Bytes&) = delete;
  ~Bytes() = default;
};

/// Does the catalogue have it: is the size of its elements known?
bool is_listed(dlpack_impl::DType type) {
  return find_dtype(type.code, type.bits, type.lanes, type.padded) != nullptr;
}

/// `seen`, `unseen`, or `other` for neither the written nor the old value.
std::string shown(const std::vector<std::byte>& got, dlpack_impl::DType type,
                  const std::vector<Number>& old, const std::vector<Number>& now) {
  if (got == encoded(type, now)) return "seen";
  return got == encoded(type, old) ? "unseen" : "other";
}

/// Where values are not the asked ones, what counts is that they change with the write.
std::string moved(const std::vector<std::byte>& old, const std::vector<std::byte>& now) {
  return old == now ? "unseen" : "seen";
}

}  // namespace

std::vector<std::int64_t> last_index(const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> index = shape;
  for (std::int64_t& number : index) --number;
  return index;
}

Side side_of(const Subject& subject, const Array& array, const Description& said) {
  Side side{.said = said, .type = type_of(said), .get = {}, .set = {}};
  side.get = [&subject, array, type = side.type, shape = said.shape] {
    std::int64_t count = 1;
    for (const std::int64_t extent : shape) count *= extent;
    std::vector<std::byte> all(static_cast<std::size_t>(dlpack_impl::storage_bytes(type, count)));
    subject.read(array, all.data());
    const auto size = static_cast<std::ptrdiff_t>(type.element_bytes());
    return std::vector<std::byte>(all.end() - size, all.end());
  };
  if (subject.write) {
    side.set = [&subject, array,
                index = last_index(said.shape)](const std::vector<std::byte>& element) {
      subject.write(array, index.data(), element.data());
    };
  }
  return side;
}

std::optional<std::string> relation(const Description& a, const Description& b) {
  if (a.first == nullptr || b.first == nullptr) return std::nullopt;
  if (a.first == b.first && a.shape == b.shape && a.strides == b.strides &&
      type_of(a) == type_of(b))
    return "same";
  if (!is_listed(type_of(a)) || !is_listed(type_of(b))) return std::nullopt;
  const Bytes first(a);
  const Bytes second(b);
  return std::string(spelled(relate(first.elements, second.elements)));
}

void prove(Facts& facts, const Side& producer, const Side& consumer, const Asked& asked,
           dlpack_impl::Buffer* memory, bool harmless) {
  const auto none = [&](const char* why) { facts.proof_forward = facts.proof_backward = why; };
  if (asked.raw.empty()) return none("empty");
  const std::optional<std::string> where = relation(producer.said, consumer.said);
  if (where) facts.proof_address = *where;
  if (consumer.said.shape != producer.said.shape) return none("another-shape");
  const auto lanes = static_cast<std::ptrdiff_t>(asked.type.lanes);
  const std::vector<Number> old(asked.numbers.end() - lanes, asked.numbers.end());
  std::vector<Number> now = old;
  for (Number& lane : now) lane = other_value(*asked.dtype, lane);
  const bool right = facts.result_values.value_or(false);
  // Writes to one side and reads the other.
  const auto across = [&](const Side& from, const Side& to) -> std::string {
    const auto element = encoded(from.type, now);
    if (!element) return "no-value";
    try {
      const std::vector<std::byte> before = to.get();
      from.set(*element);
      const std::vector<std::byte> after = to.get();
      return right ? shown(after, to.type, old, now) : moved(before, after);
    } catch (...) {
      return "raised " + thrown_class();
    }
  };
  const auto put_back = [&](const Side& side) {
    if (memory != nullptr) return memory->refill();
    try {
      if (const auto element = encoded(side.type, old)) side.set(*element);
    } catch (...) {  // proof.restored says so
    }
  };

  if (!producer.said.writable) {
    facts.proof_forward = "not-writable";
  } else if (!harmless) {
    facts.proof_forward = "protected";
  } else if (!producer.set) {
    facts.proof_forward = "no-writer";
  } else {
    facts.proof_forward = across(producer, consumer);
    put_back(producer);
  }
  if (!consumer.said.writable) {
    facts.proof_backward = "not-writable";
  } else if (!harmless && where != "apart") {
    facts.proof_backward = "protected";
  } else if (!consumer.set) {
    facts.proof_backward = "no-writer";
  } else {
    facts.proof_backward = across(consumer, producer);
    if (memory == nullptr || facts.proof_backward != "seen") {
      const auto element = encoded(consumer.type, old);
      try {
        if (element) consumer.set(*element);
      } catch (...) {
        facts.proof_backward = "raised " + thrown_class();
      }
    }
    if (memory != nullptr && harmless) {
      facts.memory_outside_after = memory->outside_changed() == 0;
      memory->refill();
    }
  }
  if (memory != nullptr) {
    if (!facts.memory_outside_after) facts.memory_outside_after = memory->outside_changed() == 0;
    facts.proof_restored = memory->elements_changed() == 0;
  } else {
    facts.proof_restored = producer.get() == encoded(producer.type, old).value();
  }
}

}  // namespace dlpack_conformance::kit
