# Installs Weir: the binary `weir`, libraries, headers as real folders under include/weir, and the CMake package, so that another
# project says find_package(Weir) and weir_add_job(word_count word_count.cpp).
include(CMakePackageConfigHelpers)

set(weir_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Weir")

get_property(weir_layers GLOBAL PROPERTY WEIR_LAYERS)
foreach(layer IN LISTS weir_layers)
  get_property(folder GLOBAL PROPERTY WEIR_FOLDER_${layer})
  install(TARGETS weir_${layer} EXPORT WeirTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/${folder}/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/weir/${layer}"
    FILES_MATCHING PATTERN "*.hpp" PATTERN "weir.hpp" EXCLUDE)
endforeach()
install(TARGETS weir_umbrella EXPORT WeirTargets)
install(TARGETS weir RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(FILES "${PROJECT_SOURCE_DIR}/operators/weir.hpp" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/weir" OPTIONAL)

install(EXPORT WeirTargets NAMESPACE Weir:: DESTINATION "${weir_package_dir}")
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/WeirConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/WeirConfig.cmake" INSTALL_DESTINATION "${weir_package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/WeirConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/WeirConfig.cmake"
  "${PROJECT_BINARY_DIR}/WeirConfigVersion.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/WeirJobs.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindCAF.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindLMDB.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindRaft.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindTCMalloc.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/FindxxHash.cmake"
  DESTINATION "${weir_package_dir}")
