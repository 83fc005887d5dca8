# What `cmake --install` lays down: bin/kdrun, lib/libkd_sdk.so, lib/kd/plugins/*, and for plugin authors the headers
# and the package that find_package(kd) reads (component sdk).

include(CMakePackageConfigHelpers)
set(kd_package lib/cmake/kd)

if(TARGET kd_sdk)
  set_target_properties(kd_sdk PROPERTIES EXPORT_NAME sdk)
  install(TARGETS kd_sdk EXPORT kdTargets LIBRARY DESTINATION lib COMPONENT sdk)
  install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/sdk/include/ DESTINATION include COMPONENT sdk)
  install(EXPORT kdTargets NAMESPACE kd:: DESTINATION ${kd_package} COMPONENT sdk)
  write_basic_package_version_file(${CMAKE_BINARY_DIR}/kdConfigVersion.cmake COMPATIBILITY ExactVersion)
  install(FILES cmake/kdConfig.cmake ${CMAKE_BINARY_DIR}/kdConfigVersion.cmake cmake/Torch.cmake cmake/KdPlugin.cmake
                cmake/kd_plugin.map
          DESTINATION ${kd_package} COMPONENT sdk)
endif()
if(TARGET kdrun)
  install(TARGETS kdrun RUNTIME DESTINATION bin)
endif()
