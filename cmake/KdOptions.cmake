# How kd's own code is compiled. These are settings of this build, not of the installed package.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release or Debug" FORCE)
endif()
# -g1 keeps line tables, which is what a stack trace needs, at a fraction of the size.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-Og -g")

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

# The build tree is laid out as the installed one: one relative path serves both, then LibTorch's folder. (Two paths would
# make CMake end the first in an empty entry, which the loader takes for the working directory.)
set(CMAKE_INSTALL_RPATH "$ORIGIN/../lib")
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)
set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
# DT_RPATH in place of DT_RUNPATH: libraries that LibTorch loads by name are then found by our path too.
add_link_options(LINKER:--disable-new-dtags)

# A library that lacks a symbol fails here, not when a program starts. Not for CUDA's: libtorch_cuda is absent on a
# machine without a GPU, and those libraries are loaded after it.
set(kd_is_cxx_library $<AND:$<STREQUAL:$<TARGET_PROPERTY:TYPE>,SHARED_LIBRARY>,$<LINK_LANGUAGE:CXX>>)
add_link_options($<${kd_is_cxx_library}:LINKER:-z,defs>)

add_compile_options(
  "$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wnon-virtual-dtor;-Woverloaded-virtual>"
  "$<$<COMPILE_LANGUAGE:CXX>:-Wimplicit-fallthrough;-Wextra-semi;-Wcast-qual;-Wundef;-Wvla>"
  "$<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wduplicated-cond;-Wlogical-op>")
# Errors by the compiler that CI runs; by others they stay warnings, as each version brings new ones and a user's first
# build must not fail of one.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 warns of moved-from std::variant and of `"literal" + string` without reason (GCC bugs 105562 and 105651).
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized;-Wno-restrict>")
  if(KD_WERROR)
    # What follows from its data flow analysis is a hint, not a verdict.
    add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-Werror;-Wno-error=array-bounds;-Wno-error=stringop-overflow>")
  endif()
endif()

if(KD_SANITIZE)
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${KD_SANITIZE};-fno-sanitize-recover=undefined>"
                      "$<$<COMPILE_LANGUAGE:CXX>:-fno-omit-frame-pointer>")
  add_link_options(-fsanitize=${KD_SANITIZE})
endif()

# A faster linker and a compiler cache where there are such.
find_program(KD_MOLD mold)
mark_as_advanced(KD_MOLD)
if(KD_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
find_program(KD_CCACHE ccache)
mark_as_advanced(KD_CCACHE)
if(KD_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${KD_CCACHE})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${KD_CCACHE})
endif()
