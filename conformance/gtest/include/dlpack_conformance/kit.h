/// @file
/// The kit for C++ libraries: one struct says how the library makes, exports, imports and reads its
/// arrays, and `dlconform_add_gtest` makes a GoogleTest program of it that runs the suite's cases,
/// with the suite's ids, facts and verdicts. No Python is needed.
///
///     struct MyTraits {
///       using Array = mylib::Tensor;                                // movable
///       static constexpr const char* name = "mylib";                // [A-Za-z0-9_.+-]+
///       static std::string version();
///       // All that follows may be left out; what is missing is not-applicable, and says so.
///       static Array over(const kit::Source&);                      // over memory of the kit
///       static Array own(const kit::Source&);                       // in memory of the library
///       static kit::Description describe(const Array&);             // by the library's own API
///       static void read(const Array&, void* out);                  // all elements, C order
///       static void write(Array&, const std::int64_t* index, const void* element);
///       static DLManagedTensor* to_dlpack(const Array&);
///       static DLManagedTensorVersioned* to_dlpack_versioned(const Array&);
///       static Array from_dlpack(DLManagedTensor*);
///       static Array from_dlpack_versioned(DLManagedTensorVersioned*);
///       static const DLPackExchangeAPI* exchange_table();
///       static void* to_object(const Array&);                       // what the table takes
///       static Array from_object(void*);                            // what the table gives
///     };
///     DLCONFORM_LIBRARY(MyTraits);
///
/// A function that can't do what it is asked throws. An import that throws has either run the
/// tensor's deleter or left the tensor to its caller; both are right, and the kit frees it in the
/// second case. Each case runs in a process of its own, so that a crash is a result.
#pragma once

#include <dlpack_impl/dlpack.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace dlpack_conformance::kit {

/// An array to make. Strides count elements, shape and strides have one number an axis.
struct Source {
  DLDataType dtype{};
  std::string dtype_name;  ///< the suite's word, e.g. `float32`
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;
  /// `over`: address of element 0, in memory of the kit that holds the elements already.
  void* first = nullptr;
  /// `over`: keeps that memory alive; the array holds a copy of this for as long as it lives.
  std::shared_ptr<void> memory;
  /// The elements in C order without gaps (packed types: dense bits): what `own` has to store.
  std::vector<std::byte> elements;
};

/// What the library says of an array. Strides count elements.
struct Description {
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;
  DLDataType dtype{};
  DLDevice device{kDLCPU, 0};
  const void* first = nullptr;  ///< address of element 0; NULL where there is none
  bool writable = true;         ///< the library lets its user write to it
  bool padded = false;  ///< of a type with less than 8 bits: each lane has a byte of its own
};

namespace detail {

/// An array of any library.
using Array = std::shared_ptr<void>;

/// A struct of dlpack.h as the compiler of the library's traits sees it, in bytes.
struct CompiledStruct {
  const char* name;
  std::size_t size;
  std::vector<std::size_t> offsets;  ///< of its members, in order
};

/// A library under test; a function that its traits lack is empty.
struct Subject {
  std::string name;
  std::function<std::string()> version;
  std::function<Array(const Source&)> over;
  std::function<Array(const Source&)> own;
  std::function<Description(const Array&)> describe;
  std::function<void(const Array&, void*)> read;
  std::function<void(const Array&, const std::int64_t*, const void*)> write;
  std::function<DLManagedTensor*(const Array&)> to_dlpack;
  std::function<DLManagedTensorVersioned*(const Array&)> to_dlpack_versioned;
  std::function<Array(DLManagedTensor*)> from_dlpack;
  std::function<Array(DLManagedTensorVersioned*)> from_dlpack_versioned;
  std::function<const DLPackExchangeAPI*()> exchange_table;
  std::function<void*(const Array&)> to_object;
  std::function<Array(void*)> from_object;
  std::vector<CompiledStruct> compiled;
};

/// Adds a library to those that the program tests.
void add(Subject subject);

// A name that the traits have is used as it is, so that a wrong signature does not compile.
#define DLCONFORM_KIT_OPTIONAL(name)      \
  template <class T, class = void>        \
  struct has_##name : std::false_type {}; \
  template <class T>                      \
  struct has_##name<T, std::void_t<decltype(&T::name)>> : std::true_type {}
DLCONFORM_KIT_OPTIONAL(over);
DLCONFORM_KIT_OPTIONAL(own);
DLCONFORM_KIT_OPTIONAL(describe);
DLCONFORM_KIT_OPTIONAL(read);
DLCONFORM_KIT_OPTIONAL(write);
DLCONFORM_KIT_OPTIONAL(to_dlpack);
DLCONFORM_KIT_OPTIONAL(to_dlpack_versioned);
DLCONFORM_KIT_OPTIONAL(from_dlpack);
DLCONFORM_KIT_OPTIONAL(from_dlpack_versioned);
DLCONFORM_KIT_OPTIONAL(exchange_table);
DLCONFORM_KIT_OPTIONAL(to_object);
DLCONFORM_KIT_OPTIONAL(from_object);
#undef DLCONFORM_KIT_OPTIONAL

/// The header that was in force where `Traits` were compiled.
template <class Traits>
std::vector<CompiledStruct> compiled_structs() {
  return {
      {"DLPackVersion",
       sizeof(DLPackVersion),
       {offsetof(DLPackVersion, major), offsetof(DLPackVersion, minor)}},
      {"DLDevice",
       sizeof(DLDevice),
       {offsetof(DLDevice, device_type), offsetof(DLDevice, device_id)}},
      {"DLDataType",
       sizeof(DLDataType),
       {offsetof(DLDataType, code), offsetof(DLDataType, bits), offsetof(DLDataType, lanes)}},
      {"DLTensor",
       sizeof(DLTensor),
       {offsetof(DLTensor, data), offsetof(DLTensor, device), offsetof(DLTensor, ndim),
        offsetof(DLTensor, dtype), offsetof(DLTensor, shape), offsetof(DLTensor, strides),
        offsetof(DLTensor, byte_offset)}},
      {"DLManagedTensor",
       sizeof(DLManagedTensor),
       {offsetof(DLManagedTensor, dl_tensor), offsetof(DLManagedTensor, manager_ctx),
        offsetof(DLManagedTensor, deleter)}},
      {"DLManagedTensorVersioned",
       sizeof(DLManagedTensorVersioned),
       {offsetof(DLManagedTensorVersioned, version),
        offsetof(DLManagedTensorVersioned, manager_ctx),
        offsetof(DLManagedTensorVersioned, deleter), offsetof(DLManagedTensorVersioned, flags),
        offsetof(DLManagedTensorVersioned, dl_tensor)}},
  };
}

template <class Traits>
Subject subject_of() {
  using Own = typename Traits::Array;
  const auto made = [](Own array) -> Array { return std::make_shared<Own>(std::move(array)); };
  const auto own = [](const Array& array) -> Own& { return *static_cast<Own*>(array.get()); };
  Subject subject;
  subject.name = Traits::name;
  subject.version = [] { return std::string(Traits::version()); };
  subject.compiled = compiled_structs<Traits>();
  if constexpr (has_over<Traits>::value)
    subject.over = [made](const Source& source) { return made(Traits::over(source)); };
  if constexpr (has_own<Traits>::value)
    subject.own = [made](const Source& source) { return made(Traits::own(source)); };
  if constexpr (has_describe<Traits>::value)
    subject.describe = [own](const Array& array) { return Traits::describe(own(array)); };
  if constexpr (has_read<Traits>::value)
    subject.read = [own](const Array& array, void* out) { Traits::read(own(array), out); };
  if constexpr (has_write<Traits>::value)
    subject.write = [own](const Array& array, const std::int64_t* index, const void* element) {
      Traits::write(own(array), index, element);
    };
  if constexpr (has_to_dlpack<Traits>::value)
    subject.to_dlpack = [own](const Array& array) { return Traits::to_dlpack(own(array)); };
  if constexpr (has_to_dlpack_versioned<Traits>::value)
    subject.to_dlpack_versioned = [own](const Array& array) {
      return Traits::to_dlpack_versioned(own(array));
    };
  if constexpr (has_from_dlpack<Traits>::value)
    subject.from_dlpack = [made](DLManagedTensor* tensor) {
      return made(Traits::from_dlpack(tensor));
    };
  if constexpr (has_from_dlpack_versioned<Traits>::value)
    subject.from_dlpack_versioned = [made](DLManagedTensorVersioned* tensor) {
      return made(Traits::from_dlpack_versioned(tensor));
    };
  if constexpr (has_exchange_table<Traits>::value)
    subject.exchange_table = [] { return Traits::exchange_table(); };
  if constexpr (has_to_object<Traits>::value)
    subject.to_object = [own](const Array& array) { return Traits::to_object(own(array)); };
  if constexpr (has_from_object<Traits>::value)
    subject.from_object = [made](void* object) { return made(Traits::from_object(object)); };
  return subject;
}

}  // namespace detail

/// Adds the library of `Traits` when the program starts.
template <class Traits>
struct Registration {
  Registration() { detail::add(detail::subject_of<Traits>()); }
};

}  // namespace dlpack_conformance::kit

/// At namespace scope of one source, once for each library: tests the library of these traits.
#define DLCONFORM_LIBRARY(Traits) \
  static const ::dlpack_conformance::kit::Registration<Traits> dlconform_registration_of_##Traits
