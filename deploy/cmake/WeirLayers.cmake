# Layers as libraries, so that "inclusion goes downwards only" is a link rule.
#
# A layer is a folder. Its sources are found by pattern; a layer of headers alone is an INTERFACE library and
# becomes a static one with its first .cpp. In the build tree headers are reached through symbolic links,
# include/weir/<layer> -> <folder>, so that <weir/base/time.hpp> reads the same in-tree and installed.

set(WEIR_INCLUDE_DIR "${PROJECT_BINARY_DIR}/include")
set(WEIR_SCHEMA_DIR "${PROJECT_BINARY_DIR}/schema")

# weir_add_layer(<name> <folder> [ON <lower layer>...] [PUBLIC <lib>...] [PRIVATE <lib>...] [HEADERS <lib>...] [TOOL])
# A main.cpp is a program's, not the layer's.
function(weir_add_layer name folder)
  cmake_parse_arguments(PARSE_ARGV 2 layer "TOOL" "" "ON;PUBLIC;PRIVATE;HEADERS")
  set(target weir_${name})
  set(source_dir "${PROJECT_SOURCE_DIR}/${folder}")

  file(MAKE_DIRECTORY "${WEIR_INCLUDE_DIR}/weir")
  file(CREATE_LINK "${source_dir}" "${WEIR_INCLUDE_DIR}/weir/${name}" SYMBOLIC)

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${source_dir}/*.cpp")
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  if("CapnProto::capnp" IN_LIST layer_PRIVATE)
    weir_compile_schemas(${name} "${source_dir}" generated)
    list(APPEND sources ${generated})
  endif()

  list(TRANSFORM layer_ON PREPEND weir_)
  if(sources)
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PUBLIC ${layer_ON} ${layer_PUBLIC} PRIVATE ${layer_PRIVATE})
    foreach(library IN LISTS layer_HEADERS)
      target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:${library}>)
    endforeach()
    target_include_directories(${target} PRIVATE "${WEIR_SCHEMA_DIR}/${name}")
    set(visible PUBLIC)
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE ${layer_ON} ${layer_PUBLIC})
    set(visible INTERFACE)
  endif()
  target_compile_features(${target} ${visible} cxx_std_20)
  target_include_directories(${target} ${visible}
    $<BUILD_INTERFACE:${WEIR_INCLUDE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  add_library(Weir::${name} ALIAS ${target})
  if(NOT layer_TOOL)
    set_property(GLOBAL APPEND PROPERTY WEIR_LAYERS ${name})
  endif()
  set_property(GLOBAL PROPERTY WEIR_FOLDER_${name} "${folder}")
endfunction()

# Compiles <folder>/*.capnp; the layer's sources, and no other layer's, include the result as "<schema>.capnp.h".
function(weir_compile_schemas layer folder result)
  file(GLOB schemas CONFIGURE_DEPENDS "${folder}/*.capnp")
  set(${result} "" PARENT_SCOPE)
  if(NOT schemas)
    return()
  endif()
  set(CAPNPC_SRC_PREFIX "${folder}")
  set(CAPNPC_OUTPUT_DIR "${WEIR_SCHEMA_DIR}/${layer}")
  file(MAKE_DIRECTORY "${CAPNPC_OUTPUT_DIR}")
  capnp_generate_cpp(generated_sources generated_headers ${schemas})
  set_source_files_properties(${generated_sources} PROPERTIES COMPILE_OPTIONS -w)
  set(${result} ${generated_sources} ${generated_headers} PARENT_SCOPE)
endfunction()

# weir_add_umbrella(<layer>...): Weir::weir, what a program links, and <weir/weir.hpp>.
function(weir_add_umbrella)
  add_library(weir_umbrella INTERFACE)
  list(TRANSFORM ARGN PREPEND weir_ OUTPUT_VARIABLE layers)
  target_link_libraries(weir_umbrella INTERFACE ${layers})
  # A program needs none of what only the binary `weir` calls.
  target_link_options(weir_umbrella INTERFACE LINKER:--as-needed)
  if(WEIR_SANITIZE STREQUAL "off")
    # Records are allocated on one thread and freed on another, a batch at a time: what glibc's allocator is slowest at.
    # A sanitizer has an allocator of its own.
    target_link_libraries(weir_umbrella INTERFACE TCMalloc::minimal)
  endif()
  set_target_properties(weir_umbrella PROPERTIES EXPORT_NAME weir)
  add_library(Weir::weir ALIAS weir_umbrella)
  if(WEIR_SANITIZE STREQUAL "thread")
    # Goes into every program as an object: from an archive the linker would not take it.
    add_library(weir_caf_order OBJECT "${PROJECT_SOURCE_DIR}/tests/support/sanitizers/caf_order.cpp")
    target_sources(weir_umbrella INTERFACE $<BUILD_INTERFACE:$<TARGET_OBJECTS:weir_caf_order>>)
    target_link_libraries(weir_umbrella INTERFACE $<BUILD_INTERFACE:${CMAKE_DL_LIBS}>)
  endif()
  file(CREATE_LINK "${PROJECT_SOURCE_DIR}/operators/weir.hpp" "${WEIR_INCLUDE_DIR}/weir/weir.hpp" SYMBOLIC)
endfunction()

# weir_hold_runtime(<target>): the program has all of Weir in it, also what it does not call itself, where the bundles that it
# loads find it.
function(weir_hold_runtime target)
  get_property(layers GLOBAL PROPERTY WEIR_LAYERS)
  set(archives "")
  foreach(layer IN LISTS layers)
    get_target_property(type weir_${layer} TYPE)
    if(type STREQUAL "STATIC_LIBRARY")
      list(APPEND archives weir_${layer})
    endif()
  endforeach()
  list(JOIN archives "," archives)
  set_target_properties(${target} PROPERTIES ENABLE_EXPORTS ON LINK_LIBRARY_OVERRIDE "WHOLE_ARCHIVE,${archives}")
endfunction()
