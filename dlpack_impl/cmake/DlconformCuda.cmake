# DLCONFORM_CUDA says whether the real device is built; DLCONFORM_WITH_CUDA says what came of it. The CUDA runtime is
# linked statically, so nothing that is built needs a CUDA library in order to be loaded.
#   OFF   built without; all of it says "no CUDA device: built without CUDA". Nobody gets CUDA who did not ask for it
#   ON    built with; it is an error if there is no CUDA compiler
#   AUTO  built with where a CUDA compiler works and no sanitizer was chosen
set(DLCONFORM_CUDA OFF CACHE STRING "Build the CUDA device: AUTO, ON or OFF.")
set_property(CACHE DLCONFORM_CUDA PROPERTY STRINGS AUTO ON OFF)
if(NOT DLCONFORM_CUDA MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "DLCONFORM_CUDA: ${DLCONFORM_CUDA}; limit: AUTO, ON or OFF")
endif()

# Machine code for A100 and H100 and what runs it, and PTX from which newer devices make theirs.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES AND NOT DEFINED ENV{CUDAARCHS})
  set(CMAKE_CUDA_ARCHITECTURES "80-real;90")
endif()

set(DLCONFORM_WITH_CUDA OFF)
if(DLCONFORM_CUDA STREQUAL "AUTO" AND DLCONFORM_SANITIZE STREQUAL "none")
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    set(DLCONFORM_WITH_CUDA ON)
  endif()
elseif(DLCONFORM_CUDA STREQUAL "ON")
  set(DLCONFORM_WITH_CUDA ON)
endif()
if(DLCONFORM_WITH_CUDA)
  enable_language(CUDA)
  find_package(CUDAToolkit REQUIRED)
  message(STATUS "CUDA device: ${CMAKE_CUDA_COMPILER} ${CMAKE_CUDA_COMPILER_VERSION}, architectures ${CMAKE_CUDA_ARCHITECTURES}")
endif()
