/// @file
/// What rules T and H ask in protocol cases: of facts alone, as such a case has neither layout nor
/// route.
#pragma once

#include "catalogue/predicates.h"

namespace dlpack_conformance {

namespace question {
Answer source_has_elements(const Seen& seen);
Answer exported_in_place(const Seen& seen);
Answer exported_where_asked(const Seen& seen);
Answer strides_as_source(const Seen& seen);
Answer written_through(const Seen& seen);
Answer exported_shape_valid(const Seen& seen);
Answer exported_dtype(const Seen& seen);
Answer exported_code(const Seen& seen);
Answer exported_shape(const Seen& seen);
Answer code_listed(const Seen& seen);
Answer code_of_version(const Seen& seen);
Answer whole_byte_lanes(const Seen& seen);
Answer one_lane_source(const Seen& seen);
Answer item_size_as_source(const Seen& seen);
Answer sub_byte(const Seen& seen);
Answer sub_byte_bits(const Seen& seen);
Answer sub_byte_packed(const Seen& seen);
Answer padding_told(const Seen& seen);
Answer ids_zero(const Seen& seen);
Answer long_double_ieee(const Seen& seen);
Answer taken_right(const Seen& seen);
Answer read_or_taken_right(const Seen& seen);
Answer lost_reading(const Seen& seen);
Answer stays_right(const Seen& seen);
}  // namespace question

inline constexpr Ask<question::source_has_elements> source_has_elements{};
inline constexpr Ask<question::exported_in_place> exported_in_place{};
inline constexpr Ask<question::exported_where_asked> exported_where_asked{};
/// On axes that move something; the source's are known in elements.
inline constexpr Ask<question::strides_as_source> strides_as_source{};
/// No write on one side went unseen on the other; also where none was tried.
inline constexpr Ask<question::written_through> written_through{};
inline constexpr Ask<question::exported_shape_valid> exported_shape_valid{};
inline constexpr Ask<question::exported_dtype> exported_dtype{};  // code, bits and lanes
inline constexpr Ask<question::exported_code> exported_code{};
inline constexpr Ask<question::exported_shape> exported_shape{};
inline constexpr Ask<question::code_listed> code_listed{};
inline constexpr Ask<question::code_of_version> code_of_version{};    // known to the stated version
inline constexpr Ask<question::whole_byte_lanes> whole_byte_lanes{};  // of the source's dtype
inline constexpr Ask<question::one_lane_source> one_lane_source{};
inline constexpr Ask<question::item_size_as_source> item_size_as_source{};
inline constexpr Ask<question::sub_byte> sub_byte{};  // of the source's dtype
inline constexpr Ask<question::sub_byte_bits> sub_byte_bits{};
inline constexpr Ask<question::sub_byte_packed> sub_byte_packed{};
inline constexpr Ask<question::padding_told> padding_told{};  // the flag says how elements lie
inline constexpr Ask<question::ids_zero> ids_zero{};
inline constexpr Ask<question::long_double_ieee> long_double_ieee{};
/// The call returned with the asked shape and values.
inline constexpr Ask<question::taken_right> taken_right{};
/// Of cases that export, and of cases that import.
inline constexpr Ask<question::read_or_taken_right> read_or_taken_right{};
inline constexpr Ask<question::lost_reading> lost_reading{};
inline constexpr Ask<question::stays_right> stays_right{};

inline constexpr auto call_refused = !flag<&Facts::route_returned>;

}  // namespace dlpack_conformance
