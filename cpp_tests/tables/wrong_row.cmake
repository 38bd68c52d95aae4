# Compiles a rule table whose second row has the mistake ${CASE}; it must be refused with the lint's own message.
set(id "T-98")
set(level "Level::kMust")
set(source "header(\"strides\")")
set(text "strides count elements")
set(holds ".holds = Ask<yes>{},")
set(ambiguity "")
set(reason "strides-differ")
set(untestable "")
set(wanted "")

if(CASE STREQUAL "duplicate-id")
  set(id "T-99")
  set(wanted "an id is no id of this group, or not unique")
elseif(CASE STREQUAL "id-of-another-group")
  set(id "C-98")
  set(wanted "an id is no id of this group, or not unique")
elseif(CASE STREQUAL "no-source")
  set(source "Sources{}")
  set(wanted "a rule has no source")
elseif(CASE STREQUAL "source-without-place")
  set(source "header(\"\")")
  set(wanted "a rule has no source")
elseif(CASE STREQUAL "wish")
  set(text "strides should count elements")
  set(wanted "a text is empty, above 100 characters or a wish")
elseif(CASE STREQUAL "long-text")
  string(REPEAT "x" 101 text)
  set(wanted "a text is empty, above 100 characters or a wish")
elseif(CASE STREQUAL "unknown-reason")
  set(reason "no-such-reason")
  set(wanted "a reason or an ambiguity is not in its table")
elseif(CASE STREQUAL "unknown-ambiguity")
  set(ambiguity "A-99")
  set(wanted "a reason or an ambiguity is not in its table")
elseif(CASE STREQUAL "nothing-asked")
  set(holds "")
  set(wanted "do not fit the level and duty")
elseif(CASE STREQUAL "silent-with-a-question")
  set(level "Level::kSilent")
  set(wanted "do not fit the level and duty")
elseif(CASE STREQUAL "untestable-with-a-question")
  set(untestable "nobody can see it")
  set(wanted "do not fit the level and duty")
elseif(NOT CASE STREQUAL "right")
  message(FATAL_ERROR "no such case: ${CASE}")
endif()

file(MAKE_DIRECTORY ${BINARY})
file(WRITE ${BINARY}/row.cpp "#include \"catalogue/rule.h\"
namespace dlpack_conformance {
Answer yes(const Seen&) { return Answer::kYes; }
constexpr auto kRules = std::to_array<Rule>({
    {.id = \"T-99\", .source = header(\"shape\"), .text = \"extents are natural\", .holds = Ask<yes>{},
     .reason = \"shape-invalid\"},
    {.id = \"${id}\", .level = ${level}, .source = ${source}, .text = \"${text}\", ${holds}
     .ambiguity = \"${ambiguity}\", .reason = \"${reason}\", .untestable = \"${untestable}\"},
});
DLCONFORM_LINT_RULES(kRules, 'T');
}
")
string(REPLACE "|" ";" includes "${INCLUDES}")
list(TRANSFORM includes PREPEND "-I")
execute_process(COMMAND ${CXX} -std=c++20 -fsyntax-only -I${SOURCE}/conformance ${includes} ${BINARY}/row.cpp
                RESULT_VARIABLE result OUTPUT_VARIABLE said ERROR_VARIABLE said)
if(CASE STREQUAL "right")
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "a right table does not compile:\n${said}")
  endif()
elseif(result EQUAL 0)
  message(FATAL_ERROR "the mistake ${CASE} compiles")
elseif(NOT said MATCHES "${wanted}")
  message(FATAL_ERROR "refused, but not with '${wanted}':\n${said}")
endif()
