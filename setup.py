"""Build the extension modules: thin Cython faces over the C core in src_c/."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

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
    "_tally": ["src_c/record/tally.c", "src_c/record/hist.c"],
    "_tables": files("src_c/tables", "*.c"),
    "_decode": files("src_c/decode", "*.c"),
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

setup(
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
