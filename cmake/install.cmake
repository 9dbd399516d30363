# SPDX-License-Identifier: MIT
include(CMakePackageConfigHelpers)

install(DIRECTORY include/belay TYPE INCLUDE
    FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")
foreach(section 3 7)
    install(DIRECTORY docs/man/
        DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section}
        FILES_MATCHING PATTERN "*.${section}")
endforeach()

# CMake: find_package(belay), then belay::belay or one of the others.
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/belay)
install(TARGETS belay belay_static belay_check EXPORT belay)
install(EXPORT belay NAMESPACE belay:: FILE belay-targets.cmake
    DESTINATION ${package})
write_basic_package_version_file(belay-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES cmake/belay-config.cmake
    ${PROJECT_BINARY_DIR}/belay-config-version.cmake DESTINATION ${package})

# pkg-config: paths are relative to the file, so that the tree can be moved.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
    BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig
    OUTPUT_VARIABLE prefix)
foreach(name belay belay_check)
    configure_file(cmake/belay.pc.in ${name}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${name}.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
