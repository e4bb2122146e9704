# `make install PREFIX=`: the executable, what shells need to complete it, the systemd unit, the documents.
set(completions ${CMAKE_BINARY_DIR}/completions)
add_custom_command(TARGET heddle POST_BUILD
  COMMAND ${CMAKE_COMMAND} -E make_directory ${completions}
  COMMAND heddle completion bash > ${completions}/heddle
  COMMAND heddle completion zsh > ${completions}/_heddle
  COMMAND heddle completion fish > ${completions}/heddle.fish
  COMMENT "Writing the shells' completions" VERBATIM)

install(TARGETS heddle RUNTIME DESTINATION bin)
install(FILES ${completions}/heddle DESTINATION share/bash-completion/completions)
install(FILES ${completions}/_heddle DESTINATION share/zsh/site-functions)
install(FILES ${completions}/heddle.fish DESTINATION share/fish/vendor_completions.d)

# The unit names the executable's place, which is known only now: --prefix may be another than at configure time.
install(CODE "
  set(prefix \"\${CMAKE_INSTALL_PREFIX}\")
  configure_file(${PROJECT_SOURCE_DIR}/deploy/heddle.service.in ${CMAKE_BINARY_DIR}/heddle.service @ONLY)")
install(FILES ${CMAKE_BINARY_DIR}/heddle.service DESTINATION lib/systemd/system)

install(FILES
  ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md ${PROJECT_SOURCE_DIR}/LICENSE
  ${PROJECT_SOURCE_DIR}/THIRD-PARTY.md
  ${PROJECT_SOURCE_DIR}/docs/api.md ${PROJECT_SOURCE_DIR}/docs/glossary.md ${PROJECT_SOURCE_DIR}/docs/guide.md
  DESTINATION share/doc/heddle)
install(FILES ${PROJECT_SOURCE_DIR}/deploy/server.yaml ${PROJECT_SOURCE_DIR}/deploy/agent.yaml
  DESTINATION share/doc/heddle/examples)
