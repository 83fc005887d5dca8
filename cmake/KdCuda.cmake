# Sets KD_HAVE_CUDA and enables the CUDA language where there is a compiler for it. A folder with .cu files asks:
#   if(KD_HAVE_CUDA)
#     add_library(x SHARED x.cu)
#     target_link_libraries(x PRIVATE kd::torch_cuda)
#   endif()

set(KD_HAVE_CUDA OFF)
if(NOT KD_CUDA STREQUAL "OFF")
  find_program(KD_NVCC nvcc HINTS ENV CUDACXX ENV CUDA_HOME ENV CUDA_PATH /usr/local/cuda PATH_SUFFIXES bin)
  mark_as_advanced(KD_NVCC)
  if(KD_NVCC)
    set(CMAKE_CUDA_COMPILER ${KD_NVCC} CACHE FILEPATH "The CUDA compiler")
    # Machine code for sm_80 and sm_90, and PTX of the latter for what comes after.
    set(CMAKE_CUDA_ARCHITECTURES 80-real 90 CACHE STRING "CUDA architectures")
    enable_language(CUDA)
    # CMake 3.25 does not know nvcc 13's switch for C++20.
    set(CMAKE_CUDA_STANDARD 17)
    set(CMAKE_CUDA_STANDARD_REQUIRED ON)
    set(CMAKE_CUDA_RUNTIME_LIBRARY None) # kd::torch_cuda brings LibTorch's
    find_package(CUDAToolkit REQUIRED)
    set(KD_HAVE_CUDA ON)
  elseif(KD_CUDA STREQUAL "ON")
    message(FATAL_ERROR "KD_CUDA is ON and there is no nvcc: set CUDACXX or CUDA_HOME, or KD_CUDA=OFF")
  endif()
endif()
message(STATUS "CUDA code: ${KD_HAVE_CUDA}")
