# What every target of ours has: language level, visibility, private warnings, the chosen sanitizer.
# dlconform_target(<name>)
function(dlconform_target name)
  target_compile_features(${name} PUBLIC cxx_std_17)
  set_target_properties(${name} PROPERTIES
    CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON POSITION_INDEPENDENT_CODE ON)
  set(warnings -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-missing-field-initializers)
  # What nvcc hands to the host's compiler has line directives and casts of its own.
  set(cuda_warnings "SHELL:-Xcompiler=-Wall,-Wextra,-Wshadow")
  if(DLCONFORM_WERROR)
    list(APPEND warnings -Werror)
    list(APPEND cuda_warnings "SHELL:-Werror=all-warnings -Xcompiler=-Werror")
  endif()
  target_compile_options(${name} PRIVATE "$<$<COMPILE_LANGUAGE:C,CXX>:${warnings}>"
                                         "$<$<COMPILE_LANGUAGE:CUDA>:${cuda_warnings}>")
  # At -O3 g++ 12 takes an assignment to a string for a copy onto itself (its bug 105651).
  target_compile_options(${name} PRIVATE
    "$<$<AND:$<CONFIG:Release>,$<COMPILE_LANG_AND_ID:CXX,GNU>>:-Wno-restrict>")
  if(NOT DLCONFORM_SANITIZE STREQUAL "none")
    target_compile_options(${name} PRIVATE -fsanitize=${DLCONFORM_SANITIZE} -fno-omit-frame-pointer
                                           -fno-sanitize-recover=all)
    target_link_options(${name} PUBLIC -fsanitize=${DLCONFORM_SANITIZE})
    if(DLCONFORM_SANITIZE MATCHES "undefined")
      # With these three g++ takes no address of a function for a constant, and the tables' lint is made of such
      # constants. A null pointer that is used still ends the process: the address sanitizer sees it.
      target_compile_options(${name} PRIVATE -fno-sanitize=null,returns-nonnull-attribute,nonnull-attribute)
    endif()
  endif()
  if(DLCONFORM_CLANG_TIDY)
    set_target_properties(${name} PROPERTIES CXX_CLANG_TIDY clang-tidy)
  endif()
endfunction()

# A Python module of ours. It lies beside links to the package's own files in <build>/python, so that the build
# tree imports as the installed package does.
# dlconform_python_module(<name> <source> ...)
function(dlconform_python_module name)
  set(PYBIND11_FINDPYTHON ON)
  if(NOT pybind11_FOUND)
    find_package(Python COMPONENTS Interpreter Development.Module REQUIRED)
    execute_process(COMMAND ${Python_EXECUTABLE} -m pybind11 --cmakedir
                    OUTPUT_VARIABLE pybind11_hint OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    find_package(pybind11 3 CONFIG REQUIRED HINTS ${pybind11_hint})
  endif()
  pybind11_add_module(${name} MODULE ${ARGN})
  dlconform_target(${name})
  add_dependencies(${name} dlconform_digest)
  target_include_directories(${name} PRIVATE ${DLCONFORM_DIGEST_DIR})
  set(package ${CMAKE_BINARY_DIR}/python/dlpack_conformance)
  set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${package})
  install(TARGETS ${name} LIBRARY DESTINATION dlpack_conformance COMPONENT python)
  file(MAKE_DIRECTORY ${package})
  file(GLOB entries CONFIGURE_DEPENDS LIST_DIRECTORIES true ${PROJECT_SOURCE_DIR}/conformance/dlpack_conformance/*)
  foreach(entry IN LISTS entries)
    cmake_path(GET entry FILENAME leaf)
    file(CREATE_LINK ${entry} ${package}/${leaf} SYMBOLIC)
  endforeach()
endfunction()
