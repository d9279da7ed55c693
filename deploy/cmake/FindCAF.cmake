# Finds the C++ Actor Framework, whose distribution packages carry no CMake package, and defines CAF::core,
# CAF::io and CAF::openssl. The version is read from CAF_VERSION in caf/config.hpp (1706 is 0.17.6); another minor version than
# the one asked for is refused: 0.18 and later renamed much of what Weir uses.
include(FindPackageHandleStandardArgs)

find_path(CAF_INCLUDE_DIR caf/config.hpp)
find_library(CAF_CORE_LIBRARY caf_core)
find_library(CAF_IO_LIBRARY caf_io)
find_library(CAF_OPENSSL_LIBRARY caf_openssl)
mark_as_advanced(CAF_INCLUDE_DIR CAF_CORE_LIBRARY CAF_IO_LIBRARY CAF_OPENSSL_LIBRARY)

unset(CAF_VERSION)
if(CAF_INCLUDE_DIR)
  file(STRINGS "${CAF_INCLUDE_DIR}/caf/config.hpp" caf_version_line REGEX "^#define CAF_VERSION [0-9]+")
  string(REGEX MATCH "[0-9]+" caf_version_number "${caf_version_line}")
  if(caf_version_number)
    math(EXPR caf_major "${caf_version_number} / 10000")
    math(EXPR caf_minor "${caf_version_number} / 100 % 100")
    math(EXPR caf_patch "${caf_version_number} % 100")
    set(CAF_VERSION "${caf_major}.${caf_minor}.${caf_patch}")
  endif()
endif()

set(caf_hint "install libcaf-dev")
if(CAF_VERSION AND CAF_FIND_VERSION)
  set(caf_wanted "${CAF_FIND_VERSION_MAJOR}.${CAF_FIND_VERSION_MINOR}")
  if(NOT "${CAF_VERSION}" MATCHES "^${caf_wanted}\\.")
    set(caf_hint "Weir needs CAF ${caf_wanted}.x, found ${CAF_VERSION} in ${CAF_INCLUDE_DIR} \
(CMAKE_PREFIX_PATH can name another installation)")
    unset(CAF_INCLUDE_DIR CACHE)  # refuses it, and looks again next time
  endif()
endif()
find_package_handle_standard_args(CAF REQUIRED_VARS CAF_CORE_LIBRARY CAF_IO_LIBRARY CAF_OPENSSL_LIBRARY
  CAF_INCLUDE_DIR
  VERSION_VAR CAF_VERSION REASON_FAILURE_MESSAGE "${caf_hint}")

if(CAF_FOUND AND NOT TARGET CAF::core)
  find_package(Threads QUIET)
  add_library(CAF::core UNKNOWN IMPORTED)
  set_target_properties(CAF::core PROPERTIES
    IMPORTED_LOCATION "${CAF_CORE_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${CAF_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES Threads::Threads)
  add_library(CAF::io UNKNOWN IMPORTED)
  set_target_properties(CAF::io PROPERTIES
    IMPORTED_LOCATION "${CAF_IO_LIBRARY}" INTERFACE_LINK_LIBRARIES CAF::core)
  find_package(OpenSSL QUIET)  # named in the headers of CAF::openssl
  add_library(CAF::openssl UNKNOWN IMPORTED)
  set_target_properties(CAF::openssl PROPERTIES
    IMPORTED_LOCATION "${CAF_OPENSSL_LIBRARY}" INTERFACE_LINK_LIBRARIES "CAF::io;OpenSSL::SSL")
endif()
