"""Promise: calls that the installed strace does not know are told in its style, from what the
kernel's headers say of their structures and flags, whether the kernel has them or not.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from support import ENGINES, Builder

import fasttrace

ANYTHING = {"A": "0x[0-9a-f]+", "ANY": r"\S.*", "P": '"/nowhere/at/all"'}
TOLD = r"""
statmount({size=MNT_ID_REQ_SIZE_VER0, mnt_id=A, param=STATMOUNT_SB_BASIC|STATMOUNT_MNT_BASIC|A}, A, 8, STATMOUNT_BY_FD)
listmount({size=MNT_ID_REQ_SIZE_VER0, mnt_id=A, param=A}, ANY, 16, LISTMOUNT_REVERSE)
listmount(0x1234, A, 16, 0x2 /* LISTMOUNT_??? */)
cachestat(-1, {off=0, len=4096}, A, 0x1)
map_shadow_stack(0x1000, 4096, SHADOW_STACK_SET_TOKEN|0x4)
lsm_get_self_attr(LSM_ATTR_CURRENT, A, NULL, LSM_FLAG_SINGLE)
lsm_set_self_attr(LSM_ATTR_CURRENT, [{id=LSM_ID_APPARMOR, flags=0, len=40, ctx_len=7, ctx="label\n\0"}], 40, 0)
lsm_set_self_attr(0x3e7 /* LSM_ATTR_??? */, 0x1234, 40, 0)
lsm_list_modules(A, [128], 0x1)
mseal(0x1000, 4096, 0x1)
setxattrat(AT_FDCWD, P, AT_SYMLINK_NOFOLLOW, "user.a", {value="text", size=4, flags=XATTR_CREATE}, 16)
setxattrat(AT_FDCWD, P, AT_SYMLINK_NOFOLLOW, "user.a", {value=0x1234, size=4, flags=XATTR_CREATE|0x8}, 16)
setxattrat(AT_FDCWD, P, AT_SYMLINK_NOFOLLOW, "user.a", 0x1234, 16)
getxattrat(AT_FDCWD, P, AT_EMPTY_PATH, "user.a", {value=A, size=4, flags=0x1}, 16)
listxattrat(AT_FDCWD, P, 0, A, 16)
removexattrat(AT_FDCWD, P, 0, "user.a")
file_setattr(AT_FDCWD, P, {fa_xflags=FS_XFLAG_NODUMP, fa_extsize=1, fa_nextents=2, fa_projid=3, fa_cowextsize=4}, 24, \
AT_SYMLINK_NOFOLLOW)
file_getattr(AT_FDCWD, P, A, 24, 0)
futex_wake(0x1000, 0x1, 1, FUTEX2_SIZE_U32)
futex_wait(0x1000, 0x1, A, FUTEX2_SIZE_U64|0x60, {tv_sec=0, tv_nsec=5}, CLOCK_MONOTONIC)
futex_requeue([{val=0x1, uaddr=0x1000, flags=FUTEX_32}, {val=0x2, uaddr=0x2000, flags=FUTEX_32|FUTEX_PRIVATE_FLAG}], \
0x1, 1, 2)
"""  # noqa: E501


@pytest.mark.parametrize("engine", ENGINES)
def test_newer_calls_are_told_by_names(engine: str, tracees: Builder) -> None:
    """What they are given; the machine's kernel may not have them."""
    trace = fasttrace.trace(tracees.command("newer_calls"), engine=engine)
    lines = [re.sub(r" = \S+( E\w+)?( \(.*\))?$", "", str(call)) for call in trace.calls()]
    first = next(i for i, line in enumerate(lines) if line.startswith("statmount("))
    wanted = TOLD.strip().replace("\\\n", "").splitlines()
    found = lines[first : first + len(wanted)]
    for line, text in zip(found, wanted, strict=True):
        parts = re.split(r"\b(A|P|ANY)\b(?=[,}\]])", text)
        expected = "".join(ANYTHING.get(part, re.escape(part)) for part in parts)
        assert re.fullmatch(expected, line), (line, text)


def mount_told(mask: int, size: int, engine: str = "auto") -> fasttrace.Call:
    """A statmount(2) of the first mount there is, with a buffer of `size` bytes."""
    program = (
        "import ctypes, struct\n"
        "c = ctypes.CDLL(None)\n"
        "ids, buf = (ctypes.c_uint64 * 1)(), ctypes.create_string_buffer(4096)\n"
        "list_ = ctypes.create_string_buffer(struct.pack('=IIQQ', 24, 0, 2**64 - 1, 0))\n"
        "c.syscall(458, list_, ids, 1, 0)\n"
        f"of = ctypes.create_string_buffer(struct.pack('=IIQQ', 24, 0, ids[0], {mask}))\n"
        f"c.syscall(457, of, buf, ctypes.c_size_t({size}), 0)\n"
    )
    trace = fasttrace.trace([sys.executable, "-c", program], engine=engine)
    calls = [call for call in trace.calls() if call.name == "statmount"]
    if not calls or calls[0].result != 0:
        pytest.skip("the kernel has no statmount(2)")
    return calls[0]


def test_where_a_file_is_mounted_is_told() -> None:
    """statmount(2) of the root, where the kernel has it: by what it says that it has filled in."""
    call = mount_told(3, 4096)
    told = call.args["buf"]
    assert str(told["mask"]) == "STATMOUNT_SB_BASIC|STATMOUNT_MNT_BASIC"
    assert f"mnt_id={told['mnt_id']:#x}" in str(call)


@pytest.mark.parametrize("engine", ENGINES)
def test_strings_of_a_mount_are_told(engine: str) -> None:
    """They lie behind the structure, where it says."""
    call = mount_told(0x3B, 4096, engine)
    told = call.args["buf"]
    mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    (mount,) = [words for words in mounts if int(words[0]) == told["mnt_id_old"]]
    assert told["mnt_root"] == mount[3]
    assert told["mnt_point"] == mount[4]
    assert told["fs_type"] == mount[mount.index("-") + 1].partition(".")[0]
    assert f'fs_type="{told["fs_type"]}"' in str(call)
    assert f'mnt_point="{mount[4]}"' in str(call)
