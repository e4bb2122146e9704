# heddle_module(NAME SOURCES file... [USES module...] [LIBRARIES target...])
# One folder of src/ is one static library.  USES names the modules it may call; base is
# always there.  An upward call fails to link in the module's own tests.
function(heddle_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES;LIBRARIES" ${ARGN})
  add_library(heddle_${name} STATIC ${arg_SOURCES})
  target_link_libraries(heddle_${name} PUBLIC heddle_flags ${arg_LIBRARIES})
  list(TRANSFORM arg_USES PREPEND heddle_)
  target_link_libraries(heddle_${name} PUBLIC ${arg_USES})
  if(NOT name STREQUAL "base")
    target_link_libraries(heddle_${name} PUBLIC heddle_base)
  endif()
  add_dependencies(heddle_${name} check-layers)
endfunction()

# heddle_test(NAME SOURCES file... USES module... [LABEL label])
# A cmocka program run by ctest with the repository as its working directory.
# LABEL unit (the default) runs in `make check`; LABEL real only in `make test`.
function(heddle_test name)
  cmake_parse_arguments(arg "" "LABEL" "SOURCES;USES;LIBRARIES" ${ARGN})
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  add_executable(${name} ${arg_SOURCES})
  list(TRANSFORM arg_USES PREPEND heddle_)
  target_link_libraries(${name} PRIVATE heddle_flags ${arg_USES} ${arg_LIBRARIES} PkgConfig::CMOCKA)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT 600) # a busy machine with sanitizers; alone, the slowest takes 20 s
endfunction()

# heddle_embed(MODULE FILE IDENTIFIER): the file's bytes as `const char IDENTIFIER[]` in a module.
function(heddle_embed module file identifier)
  set(input ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${identifier}.c)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${input} -DOUTPUT=${output} -DNAME=${identifier}
            -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${input} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
  target_sources(heddle_${module} PRIVATE ${output})
endfunction()
