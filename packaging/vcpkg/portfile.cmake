# SPDX-License-Identifier: MIT
#
# An overlay port that builds the tree it stands in:
#
#     vcpkg install belay --overlay-ports=packaging/vcpkg

get_filename_component(source "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)

vcpkg_cmake_configure(SOURCE_PATH "${source}" OPTIONS
    -DBELAY_ADAPTERS=OFF -DBELAY_EXAMPLES=OFF -DBELAY_TESTS=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(PACKAGE_NAME belay CONFIG_PATH lib/cmake/belay)
vcpkg_fixup_pkgconfig()

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include"
    "${CURRENT_PACKAGES_DIR}/debug/share")
vcpkg_install_copyright(FILE_LIST "${source}/LICENSE")
