# Finds cpp-httplib as a compiled library, with TLS, and defines Httplib::httplib. The definitions that it was compiled with change
# the layout of its types, so a program must have the same: its .pc file has them.
include(FindPackageHandleStandardArgs)

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PC_HTTPLIB QUIET cpp-httplib)
endif()
find_path(Httplib_INCLUDE_DIR httplib.h HINTS ${PC_HTTPLIB_INCLUDE_DIRS})
find_library(Httplib_LIBRARY cpp-httplib HINTS ${PC_HTTPLIB_LIBRARY_DIRS})
mark_as_advanced(Httplib_INCLUDE_DIR Httplib_LIBRARY)

find_package_handle_standard_args(Httplib REQUIRED_VARS Httplib_LIBRARY Httplib_INCLUDE_DIR PC_HTTPLIB_FOUND
  VERSION_VAR PC_HTTPLIB_VERSION REASON_FAILURE_MESSAGE "install libcpp-httplib-dev")
if(Httplib_FOUND AND NOT TARGET Httplib::httplib)
  find_package(OpenSSL QUIET)
  add_library(Httplib::httplib UNKNOWN IMPORTED)
  set_target_properties(Httplib::httplib PROPERTIES
    IMPORTED_LOCATION "${Httplib_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${Httplib_INCLUDE_DIR}"
    INTERFACE_COMPILE_OPTIONS "${PC_HTTPLIB_CFLAGS_OTHER}"
    INTERFACE_LINK_LIBRARIES "OpenSSL::SSL;OpenSSL::Crypto")
endif()
