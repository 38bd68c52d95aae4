/// @file
/// The questions that several groups of rules ask.
#pragma once

#include <algorithm>
#include <string_view>

#include "catalogue/devices.h"
#include "catalogue/dtypes.h"
#include "catalogue/layouts.h"
#include "catalogue/predicate.h"
#include "catalogue/sources.h"

namespace dlpack_conformance {

// The functions behind the predicates, in predicates.cpp.
namespace question {
Answer over_dlpack(const Seen& seen);
Answer by_from_dlpack(const Seen& seen);
Answer by_exchange_api(const Seen& seen);
Answer by_method(const Seen& seen);
Answer describable(const Seen& seen);
Answer has_elements(const Seen& seen);
Answer ordinary(const Seen& seen);
Answer backward_stride(const Seen& seen);
Answer copy_needed(const Seen& seen);
Answer plain_request(const Seen& seen);
Answer copy_true(const Seen& seen);
Answer copy_false(const Seen& seen);
Answer copy_open(const Seen& seen);
Answer own_device(const Seen& seen);
Answer consumer_has_dtype(const Seen& seen);
Answer consumer_has_device(const Seen& seen);
Answer consumer_has_readonly(const Seen& seen);
Answer consumer_immutable(const Seen& seen);

Answer export_read(const Seen& seen);
Answer export_versioned(const Seen& seen);
Answer export_in_place(const Seen& seen);
Answer export_shape_right(const Seen& seen);
Answer export_dtype_right(const Seen& seen);
Answer export_lawful(const Seen& seen);
Answer export_values(const Seen& seen);
Answer export_asked_max_version(const Seen& seen);
Answer export_asked_device(const Seen& seen);
Answer export_asked_copy_true(const Seen& seen);
Answer export_asked_copy_false(const Seen& seen);
Answer flag_readonly(const Seen& seen);
Answer flag_copied(const Seen& seen);

Answer returned(const Seen& seen);
Answer refused(const Seen& seen);
Answer shared(const Seen& seen);
Answer copied(const Seen& seen);
Answer lost(const Seen& seen);
Answer result_shape_right(const Seen& seen);
Answer result_dtype_right(const Seen& seen);
Answer result_values_right(const Seen& seen);
Answer source_unchanged(const Seen& seen);
}  // namespace question

// Of the case.
inline constexpr Ask<question::over_dlpack>
    over_dlpack{};  // a capsule or an exchange table crosses
inline constexpr Ask<question::by_from_dlpack>
    by_from_dlpack{};  // from_dlpack of a library, keywords as the array API has them
inline constexpr Ask<question::by_exchange_api> by_exchange_api{};
inline constexpr Ask<question::by_method> by_method{};  // the export is a call of __dlpack__
inline constexpr Ask<question::describable>
    describable{};  // DLPack has the dtype, and elements can say the strides
inline constexpr Ask<question::has_elements> has_elements{};  // elements, and bytes that hold them
inline constexpr Ask<question::ordinary> ordinary{};          // nothing about the source is unusual
inline constexpr Ask<question::backward_stride>
    backward_stride{};  // on any axis, also where it moves nothing
inline constexpr Ask<question::copy_needed>
    copy_needed{};  // no export can show the elements where they lie
inline constexpr Ask<question::plain_request> plain_request{};  // no keyword was passed
inline constexpr Ask<question::copy_true> copy_true{};
inline constexpr Ask<question::copy_false> copy_false{};
inline constexpr Ask<question::copy_open> copy_open{};  // copy not passed, or None
inline constexpr Ask<question::own_device>
    own_device{};  // device not passed, None, or the source's
inline constexpr Ask<question::consumer_has_dtype> consumer_has_dtype{};
inline constexpr Ask<question::consumer_has_device>
    consumer_has_device{};  // the source's device; every consumer has the host
inline constexpr Ask<question::consumer_has_readonly> consumer_has_readonly{};
inline constexpr Ask<question::consumer_immutable> consumer_immutable{};

template <LayoutTag tag>
struct LayoutIs {
  static Answer ask(const Seen& seen) { return answer(seen.subject.layout->has(tag)); }
};
template <LayoutTag tag>
inline constexpr LayoutIs<tag> layout_is{};

template <bool SourceRow::*property>
struct SourceIs {
  static Answer ask(const Seen& seen) { return answer(seen.subject.source->*property); }
};
template <bool SourceRow::*property>
inline constexpr SourceIs<property> source_is{};

template <bool DTypeRow::*property>
struct DTypeIs {
  static Answer ask(const Seen& seen) { return answer(seen.subject.dtype->*property); }
};
template <bool DTypeRow::*property>
inline constexpr DTypeIs<property> dtype_is{};

template <DTypeFamily family>
struct FamilyIs {
  static Answer ask(const Seen& seen) { return answer(seen.subject.dtype->family == family); }
};
template <DTypeFamily family>
inline constexpr FamilyIs<family> family_is{};

// Of the export that the reference read before the route ran.
inline constexpr Ask<question::export_read> export_read{};  // a capsule came; no: an exception
inline constexpr Ask<question::export_versioned> export_versioned{};
inline constexpr Ask<question::export_in_place>
    export_in_place{};  // its element 0 lies in the source's allocation
inline constexpr Ask<question::export_shape_right> export_shape_right{};
inline constexpr Ask<question::export_dtype_right> export_dtype_right{};
inline constexpr Ask<question::export_asked_max_version> export_asked_max_version{};
inline constexpr Ask<question::export_asked_device> export_asked_device{};
inline constexpr Ask<question::export_asked_copy_true> export_asked_copy_true{};
inline constexpr Ask<question::export_asked_copy_false> export_asked_copy_false{};
inline constexpr Ask<question::flag_readonly> flag_readonly{};
inline constexpr Ask<question::flag_copied> flag_copied{};
inline constexpr auto export_refused = !export_read;
inline constexpr Ask<question::export_values> export_values{};
inline constexpr Ask<question::export_lawful>
    export_lawful{};  // its own type code; strides where its version asks for them
inline constexpr auto export_right = export_values && export_shape_right && export_lawful;

// Of what came out. Unknown where the process was lost, except for `lost` itself.
inline constexpr Ask<question::returned> returned{};
inline constexpr Ask<question::refused> refused{};
inline constexpr Ask<question::shared> shared{};  // unknown of empty and of corrupted results
inline constexpr Ask<question::copied> copied{};  // unknown of empty and of corrupted results
inline constexpr Ask<question::lost> lost{};      // crashed or hung
inline constexpr Ask<question::result_shape_right> result_shape_right{};
inline constexpr Ask<question::result_dtype_right> result_dtype_right{};
inline constexpr Ask<question::result_values_right> result_values_right{};
inline constexpr Ask<question::source_unchanged>
    source_unchanged{};  // of a library's own memory only where it was read before
inline constexpr auto consumer_refused = refused && export_read;
inline constexpr auto result_right = result_shape_right && result_values_right;
inline constexpr auto source_writable = flag<&Facts::source_writable>;
inline constexpr auto result_writable = flag<&Facts::result_writable>;

}  // namespace dlpack_conformance
