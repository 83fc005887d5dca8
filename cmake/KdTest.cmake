# Tests. One CTest entry an executable: LibTorch takes a third of a second to start, so that an entry a test case would
# cost more than the cases.
#
#   kd_add_test(NAME x SOURCES a.cpp ... [LIBS ...] [PLUGINS x ...] [LABELS unit|recipe|fault ...] [TIMEOUT seconds]
#               [ENV NAME=value ...])
#       a GoogleTest program (its main is GoogleMock's); PLUGINS are built before it, for tests that load them
#   kd_add_command_test(NAME x COMMAND program arguments... [LABELS ...] [TIMEOUT seconds] [ENV ...])
#       any command; a target's name stands for its program
#   kd_add_parity_test(NAME x SCRIPT x_test.py [TIMEOUT seconds] [ENV ...])
#       a pytest file, run by the Python of tools/parity-env; there only where KD_PARITY_PYTHON is set
#
# A test finds the source and build trees in KD_SOURCE_DIR and KD_BUILD_DIR.

set(KD_PARITY_PYTHON "" CACHE FILEPATH "A Python with tests/parity/requirements.txt; without one no parity tests")

# Models and tokenizers with what the reference libraries compute with them. Parity tests that need one exist where it does.
set(kd_fixtures_default $ENV{KD_FIXTURES})
if(NOT kd_fixtures_default)
  set(kd_fixtures_default ${PROJECT_SOURCE_DIR}/../shared/fixtures)
endif()
set(KD_FIXTURES ${kd_fixtures_default} CACHE PATH "Folder of the reference fixtures, for parity tests")

if(KD_TESTS)
  find_package(GTest REQUIRED)
endif()

function(kd_set_test_properties name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" TIMEOUT "LABELS;ENV")
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  # One thread a test: CTest runs tests beside each other.
  set(environment OMP_NUM_THREADS=1 KD_SOURCE_DIR=${CMAKE_SOURCE_DIR} KD_BUILD_DIR=${CMAKE_BINARY_DIR} ${arg_ENV})
  if(KD_PARITY_PYTHON)
    list(APPEND environment KD_PARITY_PYTHON=${KD_PARITY_PYTHON})
  endif()
  if(EXISTS ${KD_FIXTURES})
    list(APPEND environment KD_FIXTURES=${KD_FIXTURES})
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT} ENVIRONMENT "${environment}")
endfunction()

function(kd_add_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;TIMEOUT" "SOURCES;LIBS;PLUGINS;LABELS;ENV")
  if(NOT arg_NAME OR NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "usage: kd_add_test(NAME x SOURCES a.cpp ...); see KdTest.cmake")
  endif()
  set(target test_${arg_NAME})
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE ${arg_LIBS} GTest::gmock_main)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  foreach(plugin IN LISTS arg_PLUGINS)
    add_dependencies(${target} kd_plugin_${plugin})
  endforeach()
  add_test(NAME ${arg_NAME} COMMAND ${target})
  kd_set_test_properties(${arg_NAME} TIMEOUT ${arg_TIMEOUT} LABELS ${arg_LABELS} ENV ${arg_ENV})
endfunction()

function(kd_add_command_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;TIMEOUT" "COMMAND;LABELS;ENV")
  if(NOT arg_NAME OR NOT arg_COMMAND OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "usage: kd_add_command_test(NAME x COMMAND program ...); see KdTest.cmake")
  endif()
  add_test(NAME ${arg_NAME} COMMAND ${arg_COMMAND} WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  kd_set_test_properties(${arg_NAME} TIMEOUT ${arg_TIMEOUT} LABELS ${arg_LABELS} ENV ${arg_ENV})
endfunction()

function(kd_add_parity_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;SCRIPT;TIMEOUT" ENV)
  if(NOT arg_NAME OR NOT arg_SCRIPT OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "usage: kd_add_parity_test(NAME x SCRIPT x_test.py); see KdTest.cmake")
  endif()
  if(KD_PARITY_PYTHON)
    kd_add_command_test(NAME ${arg_NAME} LABELS parity TIMEOUT ${arg_TIMEOUT} ENV ${arg_ENV}
                        COMMAND ${KD_PARITY_PYTHON} -m pytest -q -p no:cacheprovider ${arg_SCRIPT})
  endif()
endfunction()
