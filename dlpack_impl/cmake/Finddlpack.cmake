# Finds the official dlpack.h, version 1.3 or newer, and gives the target dlpack_impl::dlpack_header.
#
# Tried in this order: DLCONFORM_DLPACK_INCLUDE_DIR, find_package(dlpack CONFIG), the header inside an installed
# Python package (apache-tvm-ffi, torch) of Python_EXECUTABLE, the release tag by FetchContent. A candidate counts only if
# its own macros say 1.3: package versions lie (upstream's says 0.6 for all releases). One that is refused is named
# with path and version. DLCONFORM_DLPACK_INCLUDE_DIR is a choice: where it is refused, nothing else is tried.
#
# Result: dlpack_FOUND, dlpack_VERSION, dlpack_HEADER, dlpack_INCLUDE_DIR (a folder of the build that holds a copy as
# dlpack/dlpack.h and nothing else).
set(DLCONFORM_DLPACK_INCLUDE_DIR "" CACHE PATH "Folder that holds dlpack/dlpack.h, version 1.3 or newer; empty: look for one.")
set(DLCONFORM_DLPACK_TAG "v1.3" CACHE STRING "Release tag of dmlc/dlpack that is fetched when no dlpack.h is found.")
mark_as_advanced(DLCONFORM_DLPACK_TAG)

set(_dlpack_refused "")
set(dlpack_HEADER "")

# Takes a header as dlpack_HEADER if its macros say 1.3 or newer, else notes path and version.
macro(_dlpack_try path)
  if(NOT dlpack_HEADER AND EXISTS "${path}")
    file(STRINGS "${path}" _dlpack_macros REGEX "^#define DLPACK_(MAJOR_|MINOR_)?VERSION[ \t]")
    set(_dlpack_version "unknown")
    if(_dlpack_macros MATCHES "DLPACK_MAJOR_VERSION[ \t]+([0-9]+)")
      set(_dlpack_version ${CMAKE_MATCH_1})
      if(_dlpack_macros MATCHES "DLPACK_MINOR_VERSION[ \t]+([0-9]+)")
        string(APPEND _dlpack_version ".${CMAKE_MATCH_1}")
      endif()
    elseif(_dlpack_macros MATCHES "DLPACK_VERSION[ \t]+([0-9]*)([0-9])")
      # 80 is 0.8, 020 is 0.2: the last digit is the patch level
      string(REGEX REPLACE "^0*" "" _dlpack_minor "${CMAKE_MATCH_1}")
      set(_dlpack_version "0.${_dlpack_minor}")
    endif()
    if(_dlpack_version VERSION_GREATER_EQUAL 1.3 AND _dlpack_version VERSION_LESS 2.0)
      set(dlpack_HEADER "${path}")
      set(dlpack_VERSION ${_dlpack_version})
    else()
      list(APPEND _dlpack_refused "${path} (version ${_dlpack_version})")
    endif()
  endif()
endmacro()

if(DLCONFORM_DLPACK_INCLUDE_DIR)
  if(NOT EXISTS "${DLCONFORM_DLPACK_INCLUDE_DIR}/dlpack/dlpack.h")
    list(APPEND _dlpack_refused "${DLCONFORM_DLPACK_INCLUDE_DIR}/dlpack/dlpack.h (no such file)")
  endif()
  _dlpack_try("${DLCONFORM_DLPACK_INCLUDE_DIR}/dlpack/dlpack.h")
else()
  find_package(dlpack CONFIG QUIET)
  foreach(_dlpack_target IN ITEMS dlpack::dlpack dlpack)
    if(TARGET ${_dlpack_target})
      get_target_property(_dlpack_folders ${_dlpack_target} INTERFACE_INCLUDE_DIRECTORIES)
      foreach(_dlpack_folder IN LISTS _dlpack_folders)
        _dlpack_try("${_dlpack_folder}/dlpack/dlpack.h")
      endforeach()
    endif()
  endforeach()

  if(NOT dlpack_HEADER AND NOT Python_EXECUTABLE)
    find_package(Python QUIET COMPONENTS Interpreter)
  endif()
  if(NOT dlpack_HEADER AND Python_EXECUTABLE)
    # find_spec locates a package without importing it: importing torch takes seconds and may fail.
    execute_process(
      COMMAND ${Python_EXECUTABLE} -c [[
import importlib.util, pathlib
for package, header in (("tvm_ffi", "include/dlpack/dlpack.h"), ("tvm_ffi", "3rdparty/dlpack/include/dlpack/dlpack.h"),
                        ("torch", "include/ATen/dlpack.h")):
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = pathlib.Path(folder, header)
        if path.exists():
            print(path)
]]
      OUTPUT_VARIABLE _dlpack_paths OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    string(REPLACE "\n" ";" _dlpack_paths "${_dlpack_paths}")
    foreach(_dlpack_path IN LISTS _dlpack_paths)
      _dlpack_try("${_dlpack_path}")
    endforeach()
  endif()

  if(NOT dlpack_HEADER AND NOT FETCHCONTENT_FULLY_DISCONNECTED)
    include(FetchContent)
    message(STATUS "dlpack.h: fetching tag ${DLCONFORM_DLPACK_TAG} of dmlc/dlpack")
    # Only the files are wanted; a SOURCE_SUBDIR without CMakeLists.txt keeps its own build out of ours.
    FetchContent_Declare(dlpack_source GIT_REPOSITORY https://github.com/dmlc/dlpack.git
                         GIT_TAG ${DLCONFORM_DLPACK_TAG} GIT_SHALLOW TRUE SOURCE_SUBDIR include)
    FetchContent_MakeAvailable(dlpack_source)
    _dlpack_try("${dlpack_source_SOURCE_DIR}/include/dlpack/dlpack.h")
  endif()
endif()

set(_dlpack_reason "No dlpack.h of version 1.3 or newer was found.")
if(_dlpack_refused)
  list(JOIN _dlpack_refused ", " _dlpack_refused)
  set(_dlpack_reason "Refused, as 1.3 or newer is needed: ${_dlpack_refused}.")
  if(dlpack_HEADER)
    message(STATUS "dlpack.h: ${_dlpack_reason}")
  endif()
endif()

include(FindPackageHandleStandardArgs)
set(dlpack_CONFIG "")  # what find_package(CONFIG) met is not what we report
find_package_handle_standard_args(dlpack
  REQUIRED_VARS dlpack_HEADER VERSION_VAR dlpack_VERSION
  REASON_FAILURE_MESSAGE "${_dlpack_reason} Set DLCONFORM_DLPACK_INCLUDE_DIR to the folder that holds dlpack/dlpack.h, or install the Python package apache-tvm-ffi.")

if(dlpack_FOUND AND NOT TARGET dlpack_impl::dlpack_header)
  # A folder with this one file: the folders of Python packages hold much else, and torch's copy has another name.
  set(dlpack_INCLUDE_DIR ${PROJECT_BINARY_DIR}/dlpack_header)
  configure_file(${dlpack_HEADER} ${dlpack_INCLUDE_DIR}/dlpack/dlpack.h COPYONLY)
  add_library(dlpack_impl::dlpack_header INTERFACE IMPORTED GLOBAL)
  target_include_directories(dlpack_impl::dlpack_header INTERFACE ${dlpack_INCLUDE_DIR})
endif()
