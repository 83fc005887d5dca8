// The ABI tag: plain text "key=value;" in an ELF section of its own, read before dlopen.
#pragma once

#include <torch/headeronly/version.h>

// Raise on any change of a virtual table or of a struct in the sdk's public headers.
#define KD_ABI_EPOCH "1"
#define KD_SDK_VERSION "0.1.0"

#define KD_STRINGIFY_(x) #x
#define KD_STRINGIFY(x) KD_STRINGIFY_(x)

#if defined(__SANITIZE_ADDRESS__)
#define KD_ABI_SANITIZER "address"
#elif defined(__SANITIZE_THREAD__)
#define KD_ABI_SANITIZER "thread"
#else
#define KD_ABI_SANITIZER "none"
#endif

#if defined(_GLIBCXX_DEBUG)
#define KD_ABI_DEBUG "1"
#else
#define KD_ABI_DEBUG "0"
#endif

#if defined(__x86_64__)
#define KD_ABI_ARCH "x86_64"
#elif defined(__aarch64__)
#define KD_ABI_ARCH "aarch64"
#else
#error "kd: no ABI tag for this architecture"
#endif

#if defined(_LIBCPP_VERSION)
#define KD_ABI_STDLIB "libc++"
#else
#define KD_ABI_STDLIB "libstdc++"
#endif

#if !defined(KD_ABI_CUDA)
#define KD_ABI_CUDA "none"  // a plugin that links CUDA defines the major version, e.g. "13"
#endif

#define KD_ABI_TORCH                \
  KD_STRINGIFY(TORCH_VERSION_MAJOR) \
  "." KD_STRINGIFY(TORCH_VERSION_MINOR) "." KD_STRINGIFY(TORCH_VERSION_PATCH)

// Fields before `cxx` must be equal (cuda: equal or none); the rest is reported only.
#define KD_ABI_FIELDS                                                                            \
  "kd=" KD_ABI_EPOCH ";torch=" KD_ABI_TORCH ";stdlib=" KD_ABI_STDLIB                             \
  ";cxx11=" KD_STRINGIFY(_GLIBCXX_USE_CXX11_ABI) ";debug=" KD_ABI_DEBUG ";san=" KD_ABI_SANITIZER \
                                                 ";arch=" KD_ABI_ARCH ";cuda=" KD_ABI_CUDA       \
                                                 ";cxx=" __VERSION__ ";sdk=" KD_SDK_VERSION ";"

#define KD_ABI_TAG(plugin_name, plugin_version)                                  \
  extern "C" {                                                                   \
  extern __attribute__((visibility("default"))) const char kd_plugin_abi[];      \
  __attribute__((used, section("kdabi"))) const char kd_plugin_abi[] =           \
      "kdabi;" KD_ABI_FIELDS "name=" plugin_name ";version=" plugin_version ";"; \
  }
