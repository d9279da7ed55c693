# Finds libraft, canonical's or its successor cowsql's, and defines Raft::raft. A header before 0.17 does not tell its
# version; what pkg-config says is taken for it.
include(FindPackageHandleStandardArgs)

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PC_RAFT QUIET raft)
endif()
find_path(Raft_INCLUDE_DIR raft.h HINTS ${PC_RAFT_INCLUDE_DIRS})
find_library(Raft_LIBRARY raft HINTS ${PC_RAFT_LIBRARY_DIRS})
mark_as_advanced(Raft_INCLUDE_DIR Raft_LIBRARY)

unset(Raft_VERSION)
if(Raft_INCLUDE_DIR)
  file(STRINGS "${Raft_INCLUDE_DIR}/raft.h" raft_version_lines REGEX "^#define RAFT_VERSION_(MAJOR|MINOR|RELEASE) [0-9]+")
  if(raft_version_lines)
    string(REGEX REPLACE "[^;]* ([0-9]+)" "\\1" raft_version_numbers "${raft_version_lines}")
    string(REPLACE ";" "." Raft_VERSION "${raft_version_numbers}")
  else()
    set(Raft_VERSION "${PC_RAFT_VERSION}")
  endif()
endif()
find_package_handle_standard_args(Raft REQUIRED_VARS Raft_LIBRARY Raft_INCLUDE_DIR
  VERSION_VAR Raft_VERSION REASON_FAILURE_MESSAGE "install libraft-dev")
if(Raft_FOUND AND NOT TARGET Raft::raft)
  add_library(Raft::raft UNKNOWN IMPORTED)
  set_target_properties(Raft::raft PROPERTIES
    IMPORTED_LOCATION "${Raft_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${Raft_INCLUDE_DIR}")
endif()
