"""Promise: fasttrace strace shows structures, constants and arguments in each form that the
installed strace knows: whole, as addresses, as numbers, and data in hexadecimal.

Line by line; deliberate differences: DIFFERENCES of strace_text.py, and FORM_DIFFERENCES here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from strace_text import differences
from strace_together import TELLING, Together
from support import ENGINES, FASTTRACE, Builder

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
LIMIT_S = 60
FORMS = [
    ["-v"],
    ["-X", "raw"],
    ["-X", "verbose"],
    ["-e", "raw=all"],
    ["-e", "verbose=none"],
    ["-e", "abbrev=none"],
    ["-v", "-X", "verbose", "-s", "5"],
    ["-s", "2"],
    ["-e", "raw=openat,close,%network", "-e", "verbose=!%file", "-e", "abbrev=!uname"],
]
# strace's text, what we write, why.
# What -s cuts of words that pad and are reserved is not what strace cuts.
NOT_CUT = ("tells_btrfs", "tells_lines", "tells_rings")
FORM_DIFFERENCES = [
    (r"^(\d+ statx\([^,]*, [^,]*), [^,]*,", r"\1, FLAGS,", "-X raw: strace leaves out zeros"),
    (r"^(\d+ p?poll\(.*\) += \d+) \(.*", r"\1", "strace cuts the list at 1,024 bytes"),
    (r"(d_ino|_[am]time(?:_nsec)?|tv_n?sec)=\w+( /\*.*?\*/)?", r"\1=N", "times; a new directory"),
    (r"(aio_lio_opcode=)0x", r"\1", "-X raw: strace shows this one in decimal"),
    (r" lo_encrypt_type=\w+(?: /\*.*?\*/)?, lo_encrypt_key_size=0,", "", "-v: and that no key is"),
    (r' lo_encrypt_key="",', "", "the same"),
    (r"(aio_reqprio=)\w+", r"\1N", "-X raw: strace shows this one in hexadecimal"),
    (r"(clone3\(0x\w+) => \{.*?\}, (\d+)\)", r"\1, \2)", "verbose=none: what the kernel wrote"),
    (r"(SIOCGIFCONF, ).*\)( += )", r"\1...)\2", "verbose=none: strace shows it all the same"),
    (
        r"(KEYCTL_DH_COMPUTE, 0x\w+, 0x\w+, 16, ).*\)( += )",
        r"\1...)\2",
        "verbose=none: what keyctl reads",
    ),
    (r"(VIDIOC_\w+, )0\)", r"\1NULL)", "verbose=none: strace shows NULL as a number"),
    (r", \.\.\. /\* 0x\w+ \*/\]", ", ...]", "io_submit: where what is left out is"),
    (r'license=(?:0x\w+|"GP"\.\.\.)', "license=...", "-s 2: strace shows two bytes of it"),
]
# The same of numbers alone: pids are numbers like others.
RAW_DIFFERENCES = [
    (
        r"^(\d+ (?:\w*pid|getpgrp|pidfd_open|kcmp|t?g?kill|clone3?|v?fork|wait4|waitid|"
        r"set_tid_address)\().*",
        r"\1)",
        "pids",
    ),
]


@pytest.fixture(scope="module")
def together(tracees: Builder, tmp_path_factory: pytest.TempPathFactory) -> Together:
    folder = tmp_path_factory.mktemp("forms")
    return Together([tracees.command(name) for name in TELLING], folder)


def alike(text: str, options: list[str]) -> str:
    for pattern, new, _why in FORM_DIFFERENCES + (RAW_DIFFERENCES if "raw=all" in options else []):
        text = re.sub(pattern, new, text, flags=re.M)
    return text


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("options", FORMS, ids=" ".join)
def test_calls_are_told_in_straces_forms(
    options: list[str], engine: str, together: Together
) -> None:
    mine, its = together.texts(engine, *options), together.texts(None, *options)
    found = [
        differences(alike(a, options), alike(b, options)) for a, b in zip(mine, its, strict=True)
    ]
    told = {name: lines for name, lines in zip(TELLING, found, strict=True) if lines}
    if options == ["-s", "2"]:
        for name in NOT_CUT:
            told.pop(name, None)
    assert told == {}


# What devices are asked for, and how many lines tell what came of it.
DEVICES = {
    "tells_mapped_devices": ("=> [{version=[4, ", 100),
    "tells_video": ("} => {", 50),
    "tells_btrfs": ("} => {", 100),
    "tells_lines": ("} => ", 50),
    "tells_machines": ("KVM_GET_", 10),
    "tells_rings": ("} => {last_op=", 10),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("options", [[], ["-v"]], ids=" ".join)
@pytest.mark.parametrize("name", DEVICES)
def test_what_no_device_here_answers_is_told_as_it_would_be(
    name: str, options: list[str], engine: str, tmp_path: Path, tracees: Builder
) -> None:
    """Calls that are said to succeed: what they were given is taken for what they found."""

    def told(command: list[str]) -> list[str]:
        out = tmp_path / "out"
        calls = "ioctl,io_uring_register"
        words = ["-f", "-a1", "-e", f"trace={calls}", "-e", f"inject={calls}:retval=0", *options]
        program = tracees.command(name)
        words += ["-o", str(out), *program]
        done = subprocess.run([*command, *words], capture_output=True, timeout=LIMIT_S)
        assert done.returncode == 0
        return re.sub(r"^\d+ +|0x[0-9a-f]{9,}", "", out.read_text(), flags=re.M).splitlines()

    mine = told([*FASTTRACE, "strace", "--engine", engine])
    assert mine == told(["strace"])
    told_of, many = DEVICES[name]
    assert sum(told_of in line for line in mine) > many


# What strace 6.1 shows as an address; they are said to succeed.
NEWER = {
    "tells_video": [
        "VIDIOC_EXPBUF, {type=V4L2_BUF_TYPE_VIDEO_CAPTURE, index=3, plane=1, "
        "flags=O_RDWR|O_CLOEXEC} => {fd=-1}",
        "VIDIOC_QUERYMENU, {id=V4L2_CID_POWER_LINE_FREQUENCY, index=1} => "
        '{name="50 Hz", value=525196079157}',
        "VIDIOC_QUERYMENU, 0x1234",
    ],
    "tells_btrfs": [
        "BTRFS_IOC_LOGICAL_INO_V2, {logical=9, size=0, flags=BTRFS_LOGICAL_INO_ARGS_IGNORE_OFFSET, "
        "inodes=NULL} => {inodes=NULL}",
    ],
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", NEWER)
def test_what_is_newer_is_told_in_the_same_form(
    name: str, engine: str, tmp_path: Path, tracees: Builder
) -> None:
    out = tmp_path / "out"
    words = ["-f", "-a1", "-e", "trace=ioctl", "-e", "inject=ioctl:retval=0", "-o", str(out)]
    command = [*FASTTRACE, "strace", "--engine", engine, *words, *tracees.command(name), "newer"]
    assert subprocess.run(command, timeout=LIMIT_S).returncode == 0
    lines = re.sub(r"^\d+ +", "", out.read_text(), flags=re.M).splitlines()[:-1]
    assert lines == [f"ioctl(-1, {line}) = 0 (INJECTED)" for line in NEWER[name]]


DUMPS = [
    ["-e", "read=all"],
    ["-e", "write=all"],
    ["-e", "read=3,5", "-e", "write=!1"],
    ["-e", "read=3", "-e", "read=none", "--write=4"],
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("options", DUMPS, ids=" ".join)
def test_data_is_dumped_as_strace_dumps_it(
    options: list[str], engine: str, tmp_path: Path, tracees: Builder
) -> None:
    def dumps(command: list[str], follow: list[str]) -> list[str]:
        out = tmp_path / "out"
        words = [*command, *follow, *options, "-o", str(out), *tracees.command("moves_data")]
        assert subprocess.run(words, timeout=LIMIT_S).returncode == 0
        lines = re.sub(r"^\d+ +", "", out.read_text(), flags=re.M).splitlines()
        return [line if line[0] == " " else line.partition("(")[0] for line in lines]

    follow = ["-f"] if engine == "inline" else []
    mine = dumps([*FASTTRACE, "strace", "--engine", engine], follow)
    assert mine == dumps(["strace"], follow)
    assert any(line.startswith(" | 00000 ") for line in mine)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_whole_environment_is_told_only_if_that_is_asked_for(engine: str, tmp_path: Path) -> None:
    """Environments have secrets; of one with more than 500 variables there is the beginning."""
    many = {**os.environ, "SECRET": "of the house", **{f"V{i}": str(i) for i in range(300)}}

    def told(*words: str) -> str:
        out = tmp_path / "out"
        command = [*FASTTRACE, "strace", "--engine", engine, "-f", "-o", str(out), *words, "true"]
        assert subprocess.run(command, timeout=LIMIT_S, env=many).returncode == 0
        return out.read_text().splitlines()[0]

    assert "SECRET" not in told()
    assert '"SECRET=of the house", "V0=0", ' in told("-v")
    assert '"V299=299"' in told("-v")
    assert "SECRET" in told("-e", "abbrev=!execve")
    assert "SECRET" not in told("-e", "abbrev=!openat")


REFUSED = [
    ["-e", "abbrev=bogus"],
    ["-e", "verbose=close,bogus"],
    ["--raw=!bogus"],
    ["-X", "names"],
    ["--const-print-style=7"],
    ["-e", "read=x"],
    ["-e", "read="],
    ["-e", "write=1-3"],
    ["--write=-1"],
    ["-e", "read=99999999999"],
    ["-e", "read=!,"],
]


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_forms_that_are_none_are_refused_in_straces_words(words: list[str]) -> None:
    def refused(command: list[str]) -> tuple[int, str]:
        done = subprocess.run(
            [*command, *words, "true"], capture_output=True, text=True, timeout=LIMIT_S
        )
        return done.returncode, done.stderr

    assert refused([*FASTTRACE, "strace"]) == refused(["strace"])
    assert refused(["strace"])[0] == 1
