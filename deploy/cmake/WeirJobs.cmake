# weir_add_job(<name> <source>...): a program that runs the job its sources define, and the same job as a bundle for a cluster,
# lib/jobs/<name>.so in the build directory. The same call works in Weir's own tree and after find_package(Weir).
#
# The sources are compiled once; what is set for the target <name> (definitions, include directories, libraries) goes for both.
# The bundle holds the job's own code: Weir's is that of the process that loads it. Static libraries of the job's own must be
# position independent.
function(weir_add_job name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE Weir::weir)
  target_compile_options(${name} PRIVATE -fPIC)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Unique symbols are one for the whole process: two versions of a job in it would share what must be each one's own, and
    # no other may take a function's place, so that they are inlined as in a program.
    target_compile_options(${name} PRIVATE -fno-gnu-unique -fno-semantic-interposition)
  endif()

  add_library(${name}_bundle MODULE $<TARGET_OBJECTS:${name}>)
  target_link_libraries(${name}_bundle PRIVATE
    $<FILTER:$<TARGET_PROPERTY:${name},LINK_LIBRARIES>,EXCLUDE,^Weir::weir$>)
  # Functions of the job are its own, even when a library of the process has some of the same name.
  target_link_options(${name}_bundle PRIVATE LINKER:-Bsymbolic-functions)
  set_target_properties(${name}_bundle PROPERTIES
    PREFIX "" OUTPUT_NAME ${name} SUFFIX .so LINKER_LANGUAGE CXX LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib/jobs")
endfunction()
