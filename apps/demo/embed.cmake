# SPDX-License-Identifier: MIT
#
# Turns a file into a C array: cmake -D from=FILE -D to=FILE.c -D name=NAME
file(READ ${from} bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n    " bytes
    "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${to} "#include <stddef.h>

extern const unsigned char ${name}[];
extern const size_t ${name}_size;
const unsigned char ${name}[] = {
    ${bytes}
};
const size_t ${name}_size = sizeof ${name};
")
