"""Promise: what the interpreter says of a compiled profile is what the kernel does."""

from __future__ import annotations

import errno
import json
import random
import struct
from collections.abc import Callable
from typing import Any

import pytest
from seccomp_judge import DOCKER, GETPPID, UNASKED, X86_64, Job, Judge, line, looks_like, predicted

from fasttrace.errors import ProfileError
from fasttrace.seccomp.ask.explain import explain
from fasttrace.seccomp.ask.query import query_of
from fasttrace.seccomp.filter.compile import Compiled, compile_profile
from fasttrace.seccomp.filter.interpret import Program, Verdict
from fasttrace.seccomp.profile.reader import load, parse
from fasttrace.seccomp.profile.resolve import target
from fasttrace.seccomp.profile.vocabulary import OPERATORS

pytest.importorskip("pyseccomp")

MINUS_1 = (1 << 64) - 1
BOUNDARIES = (0, 1 << 31, (1 << 32) - 1, 1 << 32, MINUS_1, MINUS_1 - ((1 << 31) - 1))
ACTIONS = (
    *("ALLOW", "ERRNO", "KILL_PROCESS", "KILL_THREAD", "TRAP", "LOG", "TRACE", "KILL"),
    "NOTIFY",
)


def compiled(rules: list[dict[str, Any]], **profile: Any) -> Compiled:
    profile.setdefault("defaultAction", "SCMP_ACT_ALLOW")
    return compile_profile(parse(json.dumps({**profile, "syscalls": rules})))


@pytest.fixture
def judge(tracees, tmp_path):
    return Judge(tracees.command("seccomp_judge", "-"), tmp_path)


def explained(one: Compiled, arg: int) -> Verdict:
    """What `explain` says of getppid with this fourth argument, and without it among others."""
    (case,) = explain(one, query_of(f"getppid:3={arg:#x}", one)).cases
    assert case.verdict in {case.verdict for case in explain(one, query_of("getppid", one)).cases}
    return case.verdict


def agrees(
    judge: Judge,
    cases: list[tuple[Compiled, list[Job]]],
    says: Callable[[Compiled, int], Verdict] | None = None,
) -> None:
    """The kernel does to all jobs, which call getppid, what `says` or the interpreter says."""
    parent, answers = judge.ask(cases)
    jobs = [(one, job) for one, jobs in cases for job in jobs]
    assert len(answers) == len(jobs)
    for (one, job), answer in zip(jobs, answers, strict=True):
        through = f"ret {parent}" if job[1] == GETPPID[job[0]] else f"ret {-errno.ENOSYS}"
        verdict = says(one, job[2][3]) if says else predicted(one, job)
        assert answer == looks_like(verdict, job[0], through), (job, verdict)


@pytest.mark.parametrize("action", ACTIONS)
def test_actions_operators_and_boundaries(judge, action):
    """Every action x operator x boundary value: the real result is the predicted one."""
    default = "SCMP_ACT_LOG" if action == "ALLOW" else "SCMP_ACT_ALLOW"
    if action in ("ALLOW", "LOG"):
        default = "SCMP_ACT_ERRNO"
    cases = []
    through = 0
    for op in OPERATORS:
        for value in BOUNDARIES:
            args = {"index": 3, "value": value, "op": op, "valueTwo": value >> 1 & value}
            rule = {"names": ["getppid"], "action": f"SCMP_ACT_{action}", "args": [args]}
            others = {
                "names": ["exit_group", "exit", "futex", "munmap"],
                "action": "SCMP_ACT_ALLOW",
            }
            rules = [rule] if default == "SCMP_ACT_ALLOW" else [rule, others]
            one = compiled(rules, defaultAction=default, defaultErrnoRet=None)
            mode = "t" if action.startswith("KILL") else "p"
            near = sorted({*BOUNDARIES, max(value - 1, 0), min(value + 1, MINUS_1)})
            jobs: list[Job] = [(mode, GETPPID[mode], (9, 9, 9, arg)) for arg in near]
            through += sum(explained(one, arg).lets_through for arg in near)
            cases.append((one, jobs))
    assert 0 < through < sum(len(jobs) for _, jobs in cases)
    agrees(judge, cases, explained)


def test_many_rules_at_once(judge):
    """Rules that overlap, several arguments, one argument twice, two architectures: also there."""
    dice = random.Random(4)
    cases = []
    refused = 0
    while len(cases) < 60:
        rules = []
        for _ in range(dice.randint(1, 6)):
            conditions = [
                {
                    "index": dice.randrange(5),
                    "value": dice.choice(BOUNDARIES) + dice.randrange(2) & MINUS_1,
                    "valueTwo": dice.choice(BOUNDARIES),
                    "op": dice.choice(list(OPERATORS)),
                }
                for _ in range(dice.randint(0 if dice.random() < 0.1 else 1, 3))
            ]
            action = dice.choice(["ALLOW", "ERRNO", "TRAP", "KILL_PROCESS", "LOG"])
            rule = {"names": ["getppid"], "action": f"SCMP_ACT_{action}", "args": conditions}
            if action == "ERRNO":
                rule["errnoRet"] = dice.choice([0, 1, 38, 4095])
            rules.append(rule)
        try:
            one = compiled(rules, architectures=["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"])
        except ProfileError:  # two actions for the same conditions: not even runc takes these
            refused += 1
            continue
        jobs: list[Job] = []
        for mode in "p" * 12 + "i" * 6:
            wide = [dice.choice(BOUNDARIES) + dice.randrange(2) & MINUS_1 for _ in range(6)]
            # int $0x80 takes the low words.
            args = [arg & 0xFFFFFFFF for arg in wide] if mode == "i" else wide
            jobs.append((mode, GETPPID[mode], args))
        cases.append((one, jobs))
    assert refused < 60
    agrees(judge, cases)


def test_numbers_above_the_highest(judge):
    """ENOSYS above the highest number known, on each architecture, unless calls are let through."""
    names = ["getppid", "exit_group", "exit", "execve"]
    rules = [{"names": names, "action": "SCMP_ACT_ALLOW"}]
    strict = {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 99}
    both = compiled(rules, **strict, architectures=["SCMP_ARCH_X86"])
    x32 = compiled(rules, **strict, architectures=["SCMP_ARCH_X32"])
    kill = compiled(rules, defaultAction="SCMP_ACT_KILL_PROCESS")
    trace = compiled(rules, defaultAction="SCMP_ACT_TRACE")
    assert both.highest == {"SCMP_ARCH_X86_64": 231, "SCMP_ARCH_X86": 252}
    assert trace.highest == {}
    numbers = [110, 109, 230, 231, 232, 1000, 0x40000000 + 110, 0x40000000 + 900, 0xFFFFFFFF]
    jobs: list[Job] = [("p", nr, ()) for nr in numbers]
    jobs += [("i", nr, ()) for nr in (64, 65, 251, 253, 900)]
    # Only calls that are refused, or let through and ignored: none of these numbers does harm.
    parent, answers = judge.ask([(one, jobs) for one in (both, x32, kill, trace)])
    assert answers[:6] == [f"ret {parent}", "ret -99", "ret -99", *answers[3:4], *["ret -38"] * 2]
    assert answers[9:14] == [f"ret {parent}", "ret -99", "ret -99", "ret -38", "ret -38"]
    at = 0
    for one in (both, x32, kill, trace):
        for job in jobs:
            verdict = predicted(one, job)
            if not verdict.lets_through:
                assert answers[at] == looks_like(verdict, job[0], ""), (job, verdict)
            at += 1


needs_docker = pytest.mark.skipif(not DOCKER.exists(), reason=f"no {DOCKER}")

# What moby's documentation and source say of its default profile.
REFUSED = {
    "socket:AF_VSOCK": errno.EPERM,
    "socket:AF_ALG": errno.EPERM,
    "personality:1": errno.EPERM,
    "personality:0x20009": errno.EPERM,
    "clone:flags=CLONE_NEWUSER": errno.EPERM,
    "clone:CLONE_NEWUSER|CLONE_NEWNS|0x11": errno.EPERM,
    "clone3": errno.ENOSYS,
    "unshare": errno.EPERM,
    "mount": errno.EPERM,
    "bpf": errno.EPERM,
    "keyctl": errno.EPERM,
    "open_by_handle_at": errno.EPERM,
}
ALLOWED = (
    *("socket:AF_INET", "socket:AF_UNIX", "personality:0", "personality:8"),
    *("personality:0x20000", "personality:0x20008", "personality:0xffffffff", "ptrace"),
    *("clone:0x11", "openat", "read", "chroot"),
)


@needs_docker
def test_docker_default_profile(judge):
    """Docker's default profile compiles and gives the published answers; so does the kernel."""
    one = compile_profile(load(DOCKER), target(kernel="6.1"))
    queries = [query_of(text, one) for text in REFUSED]
    jobs: list[Job] = []
    for query in queries:
        found = explain(one, query)
        assert [(case.verdict.action, case.verdict.data) for case in found.cases] == [
            ("ERRNO", REFUSED[query.text])
        ], query.text
        given = dict(query.given)
        jobs.append(("p", query.nr, [given.get(i, 0) for i in range(6)]))
    _, answers = judge.ask([(one, jobs)])
    assert answers == [f"ret {-REFUSED[query.text]}" for query in queries]
    refused: list[Job] = [(mode, nr, ()) for mode in "pi" for nr in range(480)]
    refused = [job for job in refused if not predicted(one, job).lets_through]
    refused = [job for job in refused if job[:2] not in UNASKED]
    _, answers = judge.ask([(one, refused)])
    assert answers == [looks_like(predicted(one, job), job[0], "") for job in refused]
    for text in ALLOWED:
        found = explain(one, query_of(text, one))
        assert [case.verdict.action for case in found.cases] == ["ALLOW"], text


@needs_docker
def test_docker_default_profile_elsewhere():
    """ptrace by the kernel's version; more with more capabilities; nothing for other machines."""

    def action(text: str, **words: str) -> str:
        one = compile_profile(load(DOCKER), target(**words))
        (case,) = explain(one, query_of(text, one)).cases
        return case.verdict.action

    assert action("ptrace", kernel="4.7.9") == "ERRNO"
    assert action("ptrace", kernel="4.8") == "ALLOW"
    assert action("ptrace", kernel="4.7.9", caps="+SYS_PTRACE") == "ALLOW"
    assert action("mount", caps="SYS_ADMIN") == "ALLOW"
    assert action("clone:CLONE_NEWUSER", caps="all") == "ALLOW"
    assert action("chroot", caps="none") == "ERRNO"
    assert action("openat", arch="arm64") == "ALLOW"
    assert action("openat@x86_64", arch="arm64") == "KILL_THREAD"


CODES = (
    *(0x20, 0x80, 0x81, 0x00, 0x01, 0x60, 0x61, 0x02, 0x03, 0x07, 0x87, 0x84, 0x05),
    *(0x15, 0x1D, 0x25, 0x2D, 0x35, 0x3D, 0x45, 0x4D),
    *(0x04, 0x0C, 0x14, 0x1C, 0x24, 0x2C, 0x34, 0x3C, 0x44, 0x4C, 0x54, 0x5C),
    *(0x64, 0x6C, 0x74, 0x7C, 0xA4, 0xAC, 0x28, 0x30, 0x40, 0x94, 0x16),
)


def random_program(dice: random.Random) -> bytes:
    """Any instructions, most of them such as seccomp takes, and an end that returns."""
    code = []
    size = dice.randint(1, 10)
    for at in range(size):
        op = dice.choice(CODES)
        small = dice.choice([0, 1, 3, 4, 8, 16, 20, 28, 31, 32, 60, 64])
        k = dice.choice([small, small, dice.getrandbits(32)])
        if op == 0x20:
            # Not 8 and 12: the address of the caller's syscall instruction.
            k = dice.choice([0, 4, 16, 20, 24, 28, 32, 56, 60, dice.choice([2, 64, 1 << 31])])
        left = size - at
        far = dice.choice([left - 1, left - 1, left - 1, left])
        code.append((op, dice.randint(0, far), dice.randint(0, min(far, 4)), k))
    code.append(dice.choice([(0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x50007), (0x16, 0, 0, 0)]))
    return b"".join(struct.pack("=HBBI", *one) for one in code)


def test_any_program(judge):
    """The interpreter takes the programs that the kernel takes, and runs them as it does."""
    dice = random.Random(11)
    text, expected, taken = "", [], 0
    for i in range(2000):
        code = random_program(dice)
        path = judge.folder / f"{i}.bpf"
        path.write_bytes(code)
        args = [dice.choice([*BOUNDARIES, dice.getrandbits(64)]) for _ in range(6)]
        text += f"filter {path}\n" + line(("p", 110, args))
        try:
            verdict = Program(code).run(110, X86_64, args)
        except ProfileError:
            expected.append("refused 22")
        else:
            taken += 1
            expected.append(looks_like(verdict, "p", "through"))
    assert 500 < taken < 1500
    parent, answers = judge.tell(text)
    answers = ["through" if answer == f"ret {parent}" else answer for answer in answers]
    wrong = [i for i, pair in enumerate(zip(answers, expected, strict=True)) if pair[0] != pair[1]]
    assert not wrong, [(i, answers[i], expected[i]) for i in wrong[:5]]


DIRECTED = {
    # LD_IMM k, LDX_IMM k, operation with X, RET A.
    "shift left by 32": [(0x00, 0x50003), (0x01, 32), (0x6C, 0), (0x16, 0)],
    "shift right by 33": [(0x00, 0xA0006), (0x01, 33), (0x7C, 0), (0x16, 0)],
    "divide by 0": [(0x00, 0x50003), (0x01, 0), (0x3C, 0), (0x16, 0)],
    "multiply over the edge": [(0x00, 0x80028001), (0x01, 2), (0x2C, 0), (0x16, 0)],
    "subtract below 0": [(0x00, 0x50002), (0x01, 0xFFFFFFFF), (0x1C, 0), (0x16, 0)],
    "negate": [(0x00, 0xFFFAFFFD), (0x84, 0), (0x16, 0)],
    "size of the data": [(0x81, 0), (0x00, 0x50000), (0x0C, 0), (0x16, 0)],
    "errno above 4095": [(0x06, 0x5FFFF)],
    "an action that does not exist": [(0x06, 0x7FEE0000)],
    "kill": [(0x06, 0x00000007)],
}


@pytest.mark.parametrize("what", DIRECTED)
def test_corners(judge, what):
    """What random programs seldom do."""
    code = b"".join(struct.pack("=HBBI", op, 0, 0, k) for op, k in DIRECTED[what])
    (judge.folder / "x.bpf").write_bytes(code)
    verdict = Program(code).run(110, X86_64)
    _, answers = judge.tell(f"filter {judge.folder / 'x.bpf'}\n" + line(("p", 110, ())))
    assert answers == [looks_like(verdict, "p", "through")]
