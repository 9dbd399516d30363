# SPDX-License-Identifier: MIT
include(CMakeFindDependencyMacro)
find_dependency(Threads)
include(${CMAKE_CURRENT_LIST_DIR}/belay-targets.cmake)

# Adapters are components: find_package(belay COMPONENTS sqlite) makes
# belay::belay_sqlite.
foreach(name ${belay_FIND_COMPONENTS})
    set(file ${CMAKE_CURRENT_LIST_DIR}/belay_${name}.cmake)
    if(EXISTS ${file})
        include(${file})
        set(belay_${name}_FOUND TRUE)
    elseif(belay_FIND_REQUIRED_${name})
        set(belay_FOUND FALSE)
        set(belay_NOT_FOUND_MESSAGE "The adapter ${name} is not installed.")
    endif()
endforeach()
