# kd::torch: LibTorch's CPU side, from a folder with include/ and lib/ such as tools/setup makes or a Python has
# (site-packages/torch). Not find_package(Torch), which wants a CUDA toolkit even for CPU code.
# kd::torch_cuda, where CUDA code is built: the headers and the library that kernels need besides.
# The installed package reads this file too.

set(KD_TORCH_VERSION 2.11.0)

set(kd_torch_default $ENV{KD_TORCH})
if(NOT kd_torch_default)
  # The folders of tools/setup; the one with CUDA libraries serves CPU code as well.
  set(kd_cache $ENV{KD_CACHE})
  if(NOT kd_cache AND DEFINED ENV{XDG_CACHE_HOME})
    set(kd_cache $ENV{XDG_CACHE_HOME}/kd)
  elseif(NOT kd_cache)
    set(kd_cache $ENV{HOME}/.cache/kd)
  endif()
  foreach(variant IN ITEMS cuda cpu)
    set(kd_torch_default ${kd_cache}/libtorch-${KD_TORCH_VERSION}-${variant})
    if(EXISTS ${kd_torch_default})
      break()
    endif()
  endforeach()
endif()
set(KD_TORCH ${kd_torch_default} CACHE PATH "LibTorch: a folder with include/ and lib/")

set(kd_torch_version_header ${KD_TORCH}/include/torch/headeronly/version.h)
if(NOT EXISTS ${KD_TORCH}/lib/libtorch_cpu.so OR NOT EXISTS ${kd_torch_version_header})
  message(FATAL_ERROR "There is no LibTorch in ${KD_TORCH}.\n"
                      "Run tools/setup, or configure with -DKD_TORCH=<folder with include/ and lib/>.")
endif()
file(STRINGS ${kd_torch_version_header} kd_torch_found REGEX "^#define TORCH_VERSION_(MAJOR|MINOR|PATCH) [0-9]+$")
list(TRANSFORM kd_torch_found REPLACE "^.* " "")
list(JOIN kd_torch_found "." kd_torch_found)
if(NOT kd_torch_found STREQUAL KD_TORCH_VERSION)
  message(FATAL_ERROR "${KD_TORCH} is LibTorch ${kd_torch_found}; kd needs ${KD_TORCH_VERSION}. Run tools/setup.")
endif()
message(STATUS "LibTorch ${kd_torch_found}: ${KD_TORCH}")

if(NOT TARGET kd::torch)
  foreach(library IN ITEMS torch_cpu c10)
    add_library(kd::${library} SHARED IMPORTED GLOBAL)
    set_target_properties(kd::${library} PROPERTIES IMPORTED_LOCATION ${KD_TORCH}/lib/lib${library}.so
                                                    IMPORTED_SONAME lib${library}.so)
  endforeach()
  add_library(kd::torch INTERFACE IMPORTED GLOBAL)
  target_include_directories(kd::torch SYSTEM INTERFACE ${KD_TORCH}/include
                                                        ${KD_TORCH}/include/torch/csrc/api/include)
  # Per-operator headers make TensorOperators.h and its like light: 3 to 4 seconds a unit in place of 7.
  target_compile_definitions(kd::torch INTERFACE AT_PER_OPERATOR_HEADERS _GLIBCXX_USE_CXX11_ABI=1)
  target_link_libraries(kd::torch INTERFACE kd::torch_cpu kd::c10)

  if(KD_HAVE_CUDA)
    add_library(kd::c10_cuda SHARED IMPORTED GLOBAL)
    set_target_properties(kd::c10_cuda PROPERTIES IMPORTED_LOCATION ${KD_TORCH}/lib/libc10_cuda.so
                                                  IMPORTED_SONAME libc10_cuda.so)
    add_library(kd::torch_cuda INTERFACE IMPORTED GLOBAL)
    target_include_directories(kd::torch_cuda SYSTEM INTERFACE ${CUDAToolkit_INCLUDE_DIRS})
    # LibTorch's own CUDA runtime, not the toolkit's: there must be one in a process. A Python keeps it elsewhere.
    file(GLOB kd_cudart ${KD_TORCH}/lib/libcudart.so.* ${KD_TORCH}/../nvidia/cu*/lib/libcudart.so.*)
    if(NOT kd_cudart)
      message(FATAL_ERROR "There is no libcudart beside ${KD_TORCH}. Run tools/setup, or configure with -DKD_CUDA=OFF.")
    endif()
    target_link_libraries(kd::torch_cuda INTERFACE kd::torch kd::c10_cuda ${kd_cudart})
  endif()
endif()
