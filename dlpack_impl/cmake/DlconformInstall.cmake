# The CMake package dlpack_conformance: the instrument's library and headers, the kit for C++ libraries with what it is
# made of, and the module that finds the official dlpack.h on the user's machine as it did here. The header itself is never
# installed by us, and neither are the headers of the suite's tables.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/dlpack_conformance)

set_target_properties(dlpack_impl PROPERTIES EXPORT_NAME core)
install(TARGETS dlpack_impl EXPORT dlpack_impl_targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT cpp
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/dlpack_impl/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT cpp)
install(EXPORT dlpack_impl_targets NAMESPACE dlpack_impl:: DESTINATION ${package_dir} COMPONENT cpp)

if(TARGET dlpack_conformance_gtest)
  set(kit_dir ${PROJECT_SOURCE_DIR}/conformance/gtest)
  set_target_properties(dlpack_conformance_core PROPERTIES EXPORT_NAME core)
  set_target_properties(dlpack_conformance_gtest PROPERTIES EXPORT_NAME gtest)
  install(TARGETS dlpack_conformance_core dlpack_conformance_gtest EXPORT dlpack_conformance_targets
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT cpp
          INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(DIRECTORY ${kit_dir}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT cpp)
  install(EXPORT dlpack_conformance_targets NAMESPACE dlpack_conformance:: DESTINATION ${package_dir} COMPONENT cpp)
  install(FILES ${kit_dir}/cmake/DlconformGtest.cmake ${kit_dir}/kit_main.cpp DESTINATION ${package_dir} COMPONENT cpp)
endif()
install(FILES ${CMAKE_CURRENT_LIST_DIR}/Finddlpack.cmake DESTINATION ${package_dir} COMPONENT cpp)

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/dlpack_conformanceConfig.cmake.in
  ${CMAKE_BINARY_DIR}/generated/dlpack_conformanceConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/generated/dlpack_conformanceConfigVersion.cmake
  COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_BINARY_DIR}/generated/dlpack_conformanceConfig.cmake
              ${CMAKE_BINARY_DIR}/generated/dlpack_conformanceConfigVersion.cmake
        DESTINATION ${package_dir} COMPONENT cpp)
