# kd_add_plugin: a plugin's library from its folder. For kd's own plugins and, through find_package(kd), for everybody's.

set(KD_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR})

# kd_add_plugin(NAME x SOURCES a.cpp ... [LIBS library...])
#
# Makes <build>/plugins/x/libkd_x.so, with the folder's plugin.toml and README.md beside it. LIBS are linked privately
# and hidden from others. The sources are compiled once, into kd_plugin_x_objects, which tests link to reach what the
# library does not export. The folder's tests/ are added when KD_TESTS is on.
function(kd_add_plugin)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" NAME "SOURCES;LIBS")
  if(NOT arg_NAME OR NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "usage: kd_add_plugin(NAME x SOURCES a.cpp ... [LIBS library...])")
  endif()
  set(target kd_plugin_${arg_NAME})
  if(NOT KD_PLUGIN_OUTPUT_DIRECTORY)
    set(KD_PLUGIN_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
  endif()
  set(output ${KD_PLUGIN_OUTPUT_DIRECTORY}/${arg_NAME})

  add_library(${target}_objects OBJECT ${arg_SOURCES})
  target_link_libraries(${target}_objects PUBLIC kd::sdk ${arg_LIBS})
  target_include_directories(${target}_objects PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
  target_compile_features(${target}_objects PUBLIC cxx_std_20)
  set_target_properties(${target}_objects PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
                                                     POSITION_INDEPENDENT_CODE ON)

  add_library(${target} MODULE)
  target_link_libraries(${target} PRIVATE ${target}_objects)
  set_target_properties(${target} PROPERTIES PREFIX lib OUTPUT_NAME kd_${arg_NAME} LINKER_LANGUAGE CXX
                                             LIBRARY_OUTPUT_DIRECTORY ${output}
                                             INSTALL_RPATH "$ORIGIN/../../lib;$ORIGIN/../../.."
                                             INSTALL_RPATH_USE_LINK_PATH ON BUILD_WITH_INSTALL_RPATH ON
                                             LINK_DEPENDS ${KD_CMAKE_DIR}/kd_plugin.map)
  # -z defs: what is missing shows when linking, not when loading. -z nodelete: LibTorch keeps pointers into a plugin
  # (autograd nodes, thread-local state), so that it must stay mapped.
  target_link_options(${target} PRIVATE LINKER:-z,defs LINKER:-z,nodelete LINKER:--exclude-libs,ALL
                      LINKER:--version-script=${KD_CMAKE_DIR}/kd_plugin.map)

  set(copies)
  foreach(file IN ITEMS plugin.toml README.md)
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
      add_custom_command(
        OUTPUT ${output}/${file}
        COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_CURRENT_SOURCE_DIR}/${file} ${output}/${file}
        DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file}
        VERBATIM)
      list(APPEND copies ${output}/${file})
      install(FILES ${file} DESTINATION lib/kd/plugins/${arg_NAME})
    endif()
  endforeach()
  add_custom_target(${target}_files DEPENDS ${copies})
  add_dependencies(${target} ${target}_files)
  install(TARGETS ${target} LIBRARY DESTINATION lib/kd/plugins/${arg_NAME})
  set_property(GLOBAL APPEND PROPERTY KD_PLUGINS ${target})

  if(KD_TESTS AND EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/tests/CMakeLists.txt)
    add_subdirectory(tests)
  endif()
endfunction()
