# SPDX-License-Identifier: MIT
#
# Packs the tree it stands in: conan create packaging/conan

import os
import re

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rm, rmdir


class Belay(ConanFile):
    name = "belay"
    license = "MIT"
    description = "Cancellation, deadlines, request values: Go's context for C"
    package_type = "library"
    settings = "os", "compiler", "build_type", "arch"
    options = {"shared": [True, False]}
    default_options = {"shared": False}
    languages = "C"

    @property
    def tree(self):
        return os.path.join(self.recipe_folder, os.pardir, os.pardir)

    def set_version(self):
        header = load(self, os.path.join(self.tree, "include/belay/belay.h"))
        parts = re.findall(r"#define BELAY_VERSION_\w+ (\d+)", header)
        self.version = ".".join(parts)

    def export_sources(self):
        for part in ("CMakeLists.txt", "LICENSE", "cmake/*", "docs/man/*",
                     "include/*", "src/*", "work/*"):
            copy(self, part, self.tree, self.export_sources_folder)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        for part in ("ADAPTERS", "EXAMPLES", "TESTS"):
            toolchain.cache_variables["BELAY_" + part] = False
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder,
             os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        for made_by_conan in ("lib/cmake", "lib/pkgconfig"):
            rmdir(self, os.path.join(self.package_folder, made_by_conan))
        if not self.options.shared:
            rm(self, "libbelay.so*", os.path.join(self.package_folder, "lib"))

    def package_info(self):
        name = "belay" if self.options.shared else "belay_static"
        self.cpp_info.libs = ["belay"]
        self.cpp_info.system_libs = ["pthread"]
        self.cpp_info.set_property("cmake_target_name", "belay::" + name)
        self.cpp_info.set_property("pkg_config_name", "belay")
