# How Weir is compiled: options, build type, warnings, sanitizers, compiler cache.

option(WEIR_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(WEIR_BUILD_EXAMPLES "Build the examples" ${PROJECT_IS_TOP_LEVEL})
option(WEIR_BUILD_BENCHMARKS "Define the target 'bench' (built only when asked for)" ${PROJECT_IS_TOP_LEVEL})
option(WEIR_INSTALL "Install Weir's libraries, headers and CMake package" ${PROJECT_IS_TOP_LEVEL})
set(WEIR_SANITIZE off CACHE STRING "off, address (with undefined behaviour) or thread")
set_property(CACHE WEIR_SANITIZE PROPERTY STRINGS off address thread)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")

add_compile_options(-Wall -Wextra)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  add_compile_options(-Wno-restrict)  # g++ 12 warns of overlap in every "text" + std::string
endif()

if(WEIR_SANITIZE STREQUAL "address")
  set(weir_sanitizers -fsanitize=address,undefined -fno-sanitize-recover=undefined)
elseif(WEIR_SANITIZE STREQUAL "thread")
  set(weir_sanitizers -fsanitize=thread)
elseif(NOT WEIR_SANITIZE STREQUAL "off")
  message(FATAL_ERROR "WEIR_SANITIZE is off, address or thread, not '${WEIR_SANITIZE}'")
endif()
if(weir_sanitizers)
  add_compile_options(${weir_sanitizers} -O1 -g1 -fno-omit-frame-pointer)
  add_link_options(${weir_sanitizers})
endif()

find_program(WEIR_CCACHE ccache)
mark_as_advanced(WEIR_CCACHE)
if(WEIR_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${WEIR_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${WEIR_CCACHE}")
endif()
