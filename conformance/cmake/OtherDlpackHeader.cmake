# A second dlpack.h, of any release from 1.0 on, whose layout is compared with the one in use (H-08). It is looked at by one
# C source and never used for anything else; without one the comparison is left out.
set(DLCONFORM_OTHER_DLPACK_HEADER "" CACHE FILEPATH "A second dlpack.h to compare layouts with; empty: look for one.")

set(_other_paths "${DLCONFORM_OTHER_DLPACK_HEADER}")
if(NOT _other_paths AND NOT Python_EXECUTABLE)
  find_package(Python QUIET COMPONENTS Interpreter)
endif()
if(NOT _other_paths AND Python_EXECUTABLE)
  execute_process(
    COMMAND ${Python_EXECUTABLE} -c [[
import importlib.util, pathlib
for package, header in (("torch", "include/ATen/dlpack.h"), ("tvm_ffi", "include/dlpack/dlpack.h"),
                        ("tvm_ffi", "3rdparty/dlpack/include/dlpack/dlpack.h")):
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = pathlib.Path(folder, header)
        if path.exists():
            print(path)
]]
    OUTPUT_VARIABLE _other_paths OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  string(REPLACE "\n" ";" _other_paths "${_other_paths}")
endif()

file(SHA256 ${PROJECT_BINARY_DIR}/dlpack_header/dlpack/dlpack.h _digest_in_use)
set(other_dlpack_FOUND FALSE)
foreach(_path IN LISTS _other_paths)
  if(other_dlpack_FOUND OR NOT EXISTS "${_path}")
    continue()
  endif()
  file(SHA256 "${_path}" _digest)
  if(_digest STREQUAL _digest_in_use)
    continue()  # the same file says nothing
  endif()
  file(STRINGS "${_path}" _macros REGEX "^#define DLPACK_MAJOR_VERSION[ \t]+1$")
  if(_macros)
    configure_file("${_path}" ${CMAKE_CURRENT_BINARY_DIR}/other_dlpack_header/other_dlpack.h COPYONLY)
    set(other_dlpack_FOUND TRUE)
    message(STATUS "dlpack.h: layouts are compared with ${_path}")
  endif()
endforeach()
