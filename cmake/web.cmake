# heddle_web(MODULE): the web UI's files as a table in a module (src/api/page.h).
#
# tools/build-web makes it once for all build folders, and only when web/ has changed; a build folder takes a copy.
option(HEDDLE_WEB "Embed the web UI; needs Node and npm (tools/setup)" ON)

function(heddle_web module)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/page_files.c)
  set(tool ${PROJECT_SOURCE_DIR}/tools/build-web)
  set(inputs "")
  if(HEDDLE_WEB)
    file(GLOB_RECURSE inputs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/web/src/* ${PROJECT_SOURCE_DIR}/web/public/*)
    list(FILTER inputs EXCLUDE REGEX "\\.gen\\.ts$")
    list(APPEND inputs
      ${PROJECT_SOURCE_DIR}/web/index.html ${PROJECT_SOURCE_DIR}/web/package-lock.json
      ${PROJECT_SOURCE_DIR}/web/vite.config.ts ${PROJECT_SOURCE_DIR}/web/tools/embed.mjs
      ${PROJECT_SOURCE_DIR}/web/tools/types.mjs ${PROJECT_SOURCE_DIR}/src/api/openapi.json)
    set(arguments ${output})
  else()
    set(arguments --none ${output})
  endif()
  add_custom_command(OUTPUT ${output} COMMAND ${tool} ${arguments} DEPENDS ${inputs} ${tool}
    COMMENT "Building the web UI" VERBATIM)
  target_sources(heddle_${module} PRIVATE ${output})
endfunction()
