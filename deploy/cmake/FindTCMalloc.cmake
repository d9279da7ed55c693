# Finds gperftools' minimal tcmalloc and defines TCMalloc::minimal, which replaces malloc in the program that links it.
include(FindPackageHandleStandardArgs)

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PC_TCMALLOC QUIET libtcmalloc_minimal)
endif()
find_library(TCMALLOC_LIBRARY tcmalloc_minimal HINTS ${PC_TCMALLOC_LIBRARY_DIRS})
mark_as_advanced(TCMALLOC_LIBRARY)

find_package_handle_standard_args(TCMalloc REQUIRED_VARS TCMALLOC_LIBRARY
  REASON_FAILURE_MESSAGE "install libgoogle-perftools-dev")
if(TCMalloc_FOUND AND NOT TARGET TCMalloc::minimal)
  add_library(TCMalloc::minimal INTERFACE IMPORTED)
  # Nobody calls it by name, so a linker that takes only what is needed would leave it out.
  target_link_options(TCMalloc::minimal INTERFACE
    "LINKER:--push-state,--no-as-needed" "${TCMALLOC_LIBRARY}" "LINKER:--pop-state")
endif()
