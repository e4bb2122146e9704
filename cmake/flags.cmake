# Flags of every target.  Warnings are errors only where HEDDLE_WERROR says so (CI and
# the presets): a newer compiler must not break a user's build.
option(HEDDLE_WERROR "Treat warnings as errors" OFF)
set(HEDDLE_SANITIZE "" CACHE STRING "Value of -fsanitize=, or empty")

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(heddle_flags INTERFACE)
target_include_directories(heddle_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(heddle_flags INTERFACE _GNU_SOURCE HEDDLE_VERSION="${PROJECT_VERSION}")
target_compile_options(heddle_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes
  -Wformat=2 -Wdouble-promotion -Wvla -Wimplicit-fallthrough -Wundef -Wcast-qual -Wwrite-strings
  -Wswitch-enum -Wno-missing-field-initializers
  -fstack-protector-strong -fno-common -fno-strict-overflow -g
  # A cut text is a text that is only shown; where it would matter, text_copy() refuses.
  $<$<C_COMPILER_ID:GNU>:-Wlogical-op -Wduplicated-cond -Wjump-misses-init -Wno-format-truncation
                         -fstack-clash-protection>)
if(HEDDLE_WERROR)
  target_compile_options(heddle_flags INTERFACE -Werror)
endif()
if(HEDDLE_SANITIZE)
  target_compile_options(heddle_flags INTERFACE
    -fsanitize=${HEDDLE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(heddle_flags INTERFACE -fsanitize=${HEDDLE_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(heddle_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
# Asserts stay on in release builds: a wrong state must stop, not spread.
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
target_link_options(heddle_flags INTERFACE -Wl,-z,relro,-z,now,--as-needed)
