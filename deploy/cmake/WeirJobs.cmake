# weir_add_job(<name> <source>...): a program that runs the job its sources define.
# The same call works in Weir's own tree and after find_package(Weir).
function(weir_add_job name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE Weir::weir)
endfunction()
