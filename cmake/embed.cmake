# cmake -DINPUT=file -DOUTPUT=file.c -DNAME=identifier -P embed.cmake
# Write a C file with the bytes of INPUT, NUL-terminated, and their number.
file(READ ${INPUT} hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR bytes "${digits} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
file(WRITE ${OUTPUT} "#include <stddef.h>
extern const char ${NAME}[];
extern const size_t ${NAME}_bytes;
const char ${NAME}[] = {${hex}0};
const size_t ${NAME}_bytes = ${bytes};
")
