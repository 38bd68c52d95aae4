# The digest: one text over all sources that decide what is observed and judged. Both modules and the package carry
# it, and refuse one another when it differs. Included, it defines the target; run with -P, it writes the files.
#   cmake -DSOURCE_DIR=... -DHEADER=... -DPYTHON_FILE=... -DVERSION=... -P DlconformDigest.cmake
if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(DLCONFORM_DIGEST_DIR "${CMAKE_BINARY_DIR}/generated")
  set(DLCONFORM_DIGEST_PY "${CMAKE_BINARY_DIR}/python/dlpack_conformance/_digest.py")
  # Always run, and cheap: it rewrites the files only when the digest changed, and only the one small source of
  # each module that includes the header compiles again.
  add_custom_target(dlconform_digest ALL
    COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${PROJECT_SOURCE_DIR} -DHEADER=${DLCONFORM_DIGEST_DIR}/dlconform_digest.h
            -DPYTHON_FILE=${DLCONFORM_DIGEST_PY} -DVERSION=${PROJECT_VERSION} -P ${CMAKE_CURRENT_LIST_FILE}
    BYPRODUCTS ${DLCONFORM_DIGEST_DIR}/dlconform_digest.h ${DLCONFORM_DIGEST_PY}
    COMMENT "Digest of all sources" VERBATIM)
  install(FILES ${DLCONFORM_DIGEST_PY} DESTINATION dlpack_conformance COMPONENT python)
  return()
endif()

file(GLOB_RECURSE sources RELATIVE ${SOURCE_DIR}
  ${SOURCE_DIR}/conformance/*.h ${SOURCE_DIR}/conformance/*.cpp ${SOURCE_DIR}/conformance/*.c ${SOURCE_DIR}/conformance/*.def
  ${SOURCE_DIR}/conformance/*.py ${SOURCE_DIR}/dlpack_impl/*.h ${SOURCE_DIR}/dlpack_impl/*.cpp ${SOURCE_DIR}/dlpack_impl/*.cu)
list(FILTER sources EXCLUDE REGEX "^dlpack_impl/faults/")
list(SORT sources)
set(all "")
foreach(source IN LISTS sources)
  file(SHA256 ${SOURCE_DIR}/${source} one)
  string(APPEND all "${source} ${one}\n")
endforeach()
string(SHA256 digest "${all}")
string(SUBSTRING ${digest} 0 16 digest)

file(CONFIGURE OUTPUT ${HEADER} CONTENT [[
// Generated. Include it in one small source of each module, so that a new digest compiles nothing else again.
#pragma once
#define DLCONFORM_DIGEST "@digest@"
]] @ONLY)
file(CONFIGURE OUTPUT ${PYTHON_FILE} CONTENT [[
"""The digest of the sources that this package and its two modules were built from (generated)."""

DIGEST = "@digest@"
VERSION = "@VERSION@"
]] @ONLY)
