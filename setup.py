"""Build the extension modules: thin Cython faces over the C core in src_c/."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

if not sys.platform.startswith("linux"):
    sys.exit(
        f"fasttrace traces Linux system calls and cannot be built on {sys.platform}; "
        "use a Linux machine, virtual machine or container"
    )

CFLAGS = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-fvisibility=hidden"]
# Of what traced programs can write nothing is trusted; where that fails they must not get further.
CFLAGS += ["-fstack-protector-strong", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"]
CYTHON_CFLAGS = ["-Wno-unused-parameter", "-Wno-missing-field-initializers", "-Wno-unused-function"]
LDFLAGS: list[str] = []
if os.environ.get("FASTTRACE_WERROR"):
    CFLAGS.append("-Werror")
if os.environ.get("FASTTRACE_SANITIZE"):
    # For an interpreter that has libasan preloaded: see CONTRIBUTING.md.
    LDFLAGS += ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
    CFLAGS += [*LDFLAGS, "-O1", "-g", "-fno-omit-frame-pointer", "-U_FORTIFY_SOURCE"]


def files(folder: str, pattern: str) -> list[str]:
    return sorted(str(path) for path in Path(folder).glob(pattern))


SOURCES = {
    "_core": [
        *files("src_c", "**/*.c"),
    ],
    "_tally": [f"src_c/record/{name}.c" for name in ("tally", "errors", "hist", "watched")],
    "_tables": files("src_c/tables", "*.c"),
    "_decode": [*files("src_c/decode", "*.c"), "src_c/kernel/proc.c", "src_c/kernel/pidns.c"],
}
# What a source distribution must hold beside the sources named above.
DEPENDS = [
    *files("src_c", "**/*.h"),
    *files("src_c/tables", "*.txt"),
    *files("src_c/tables", "*.py"),
    *files("src_c/decode", "*.txt"),
    *files("src_c/decode", "*.py"),
    *files("src_c/python", "*.txt"),
    *files("src_c/python", "*.py"),
    *files("fasttrace", "*.pyx"),
    *files("fasttrace", "*.pxd"),
    *files("fasttrace", "*.pxi"),
]


class BuildExt(build_ext):
    """Compiles on all processors that we may use, and once what several modules share."""

    def build_extensions(self) -> None:
        self.parallel = None  # -j: two at a time would write the same object files
        compile_in_turn = self.compiler.compile
        compiled: dict[str, list[str]] = {}

        def compile_all(sources: list[str], **options: Any) -> list[str]:
            def compile_one(source: str) -> list[str]:
                return compile_in_turn([source], **options)

            new = [source for source in sources if source not in compiled]
            with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
                compiled.update(zip(new, pool.map(compile_one, new), strict=True))
            return [made for source in sources for made in compiled[source]]

        self.compiler.compile = compile_all
        super().build_extensions()


setup(
    cmdclass={"build_ext": BuildExt},
    data_files=[("share/man/man1", ["docs/fasttrace.1"])],
    ext_modules=cythonize(
        [
            Extension(
                f"fasttrace.{name}",
                [f"fasttrace/{name}.pyx", *sources],
                include_dirs=["src_c"],
                depends=DEPENDS,
                extra_compile_args=[*CFLAGS, *CYTHON_CFLAGS],
                extra_link_args=LDFLAGS,
                libraries=["pthread"],
            )
            for name, sources in SOURCES.items()
        ],
        compiler_directives={"language_level": 3, "embedsignature": True},
    ),
)
