# SPDX-License-Identifier: MIT
#
# Does what vcpkg would do with our port, as far as the port can tell:
# cmake -D PORT=portfile.cmake -D PREFIX=... -P install.cmake

set(CURRENT_PACKAGES_DIR ${PREFIX})
set(build ${PREFIX}-build)

function(run)
    execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(vcpkg_cmake_configure)
    cmake_parse_arguments(PARSE_ARGV 0 it "" SOURCE_PATH OPTIONS)
    run(${CMAKE_COMMAND} -S ${it_SOURCE_PATH} -B ${build} -G Ninja
        -DCMAKE_INSTALL_PREFIX=${PREFIX} -DCMAKE_INSTALL_LIBDIR=lib
        ${it_OPTIONS})
endfunction()

function(vcpkg_cmake_install)
    run(${CMAKE_COMMAND} --build ${build} --target install)
endfunction()

function(vcpkg_cmake_config_fixup)
    cmake_parse_arguments(PARSE_ARGV 0 it "" "PACKAGE_NAME;CONFIG_PATH" "")
    if(NOT EXISTS ${PREFIX}/${it_CONFIG_PATH}/${it_PACKAGE_NAME}-config.cmake)
        message(FATAL_ERROR "no CMake package in ${it_CONFIG_PATH}")
    endif()
endfunction()

function(vcpkg_fixup_pkgconfig)
endfunction()

function(vcpkg_install_copyright)
    cmake_parse_arguments(PARSE_ARGV 0 it "" "" FILE_LIST)
    file(INSTALL ${it_FILE_LIST} DESTINATION ${PREFIX}/share/belay)
endfunction()

include(${PORT})
