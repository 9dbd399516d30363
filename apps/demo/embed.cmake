# SPDX-License-Identifier: MIT
#
# Turns a file into a C array: cmake -D from=FILE -D to=FILE.c -D name=NAME
# A line "@FILE@" in it stands for that file, which is in the same folder.
file(READ ${from} text)
cmake_path(GET from PARENT_PATH folder)
string(REGEX MATCHALL "@[a-z]+\\.[a-z]+@" parts "${text}")
foreach(part ${parts})
    string(REPLACE @ "" file ${part})
    file(READ ${folder}/${file} content)
    string(REPLACE "${part}\n" "${content}" text "${text}")
endforeach()
file(WRITE ${to}.html "${text}")
file(READ ${to}.html bytes HEX)
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
