# find_package(kd): kd::sdk, kd::torch and kd_add_plugin, for a plugin outside kd's own tree.
# KD_TORCH says where LibTorch is, if not where tools/setup puts it; it must be the version kd was built with.
include(${CMAKE_CURRENT_LIST_DIR}/Torch.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/kdTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/KdPlugin.cmake)
