"""Promise: the C core and the Python interpreter give the same answers to seccomp programs."""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from fasttrace.errors import ProfileError
from fasttrace.seccomp.filter.interpret import Program

ROOT = Path(__file__).parents[2]
X86_64 = 0xC000003E
LOADS = (0x20, 0x80, 0x81, 0x00, 0x01)
OTHERS = (
    *(0x60, 0x61, 0x02, 0x03, 0x07, 0x87, 0x84, 0x05, 0x15, 0x1D, 0x25, 0x2D, 0x35, 0x3D, 0x45),
    *(0x4D, 0x04, 0x0C, 0x14, 0x1C, 0x24, 0x2C, 0x34, 0x3C, 0x44, 0x4C, 0x54, 0x5C, 0x64, 0x6C),
    *(0x74, 0x7C, 0xA4, 0xAC, 0x06, 0x16, 0x94, 0x28, 0x104),
)


def word(dice: random.Random) -> int:
    small = (0, 1, 2, 4, 8, 12, 15, 16, 20, 28, 31, 32, 60, 64, 0x7FFF0000, 0x80000000)
    return dice.choice(small) if dice.random() < 0.8 else dice.getrandbits(32)


def random_program(dice: random.Random) -> bytes:
    """Any instructions; most programs are such as the kernel takes."""
    code = [struct.pack("=HBBI", 0x02, 0, 0, k) for k in (0, 1, 2, 4, 8, 12, 15)]
    for _ in range(dice.randint(1, 12)):
        op = dice.choice(LOADS if dice.random() < 0.4 else OTHERS)
        k = dice.randrange(4) if op == 0x05 else word(dice)
        if op in (0x34, 0x64, 0x74):
            k = k % 31 + 1
        code.append(struct.pack("=HBBI", op, dice.randrange(4), dice.randrange(4), k))
    code += [struct.pack("=HBBI", dice.choice((0x16, 0x06)), 0, 0, word(dice)) for _ in range(4)]
    return b"".join(code)


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    """The core's answers to programs and the words that they look at; None: it has none."""
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    program = tmp_path_factory.mktemp("seccomp") / "seccomp_answers"
    sources = [ROOT / "tests/c/seccomp_answers.c", ROOT / "src_c/kernel/seccomp.c"]
    gcc = ["gcc", "-std=gnu11", "-O2", f"-I{ROOT / 'src_c'}", "-o", program, *sources]
    subprocess.run(gcc, check=True)

    def answers(asked: list[tuple[bytes, bytes]]) -> list[int | None]:
        sent = b"".join(struct.pack("=I", len(code) // 8) + code + data for code, data in asked)
        done = subprocess.run([program], input=sent, stdout=subprocess.PIPE, check=True)
        return [None if line == "none" else int(line) for line in done.stdout.decode().split()]

    return answers


def test_random_programs_have_the_same_answer(core):
    dice = random.Random(9)
    asked, expected = [], []
    refused = 0
    while len(asked) < 6000:
        code = random_program(dice)
        try:
            program = Program(code)
        except ProfileError:
            refused += 1
            continue
        nr, where, args = word(dice), dice.getrandbits(64), [word(dice) for _ in range(6)]
        asked.append((code, struct.pack("=II7Q", nr, X86_64, where, *args)))
        expected.append(program.run(nr, X86_64, args, where).value)
    assert core(asked) == expected
    assert refused
    assert len(set(expected)) > 100


def test_what_python_refuses_has_no_allowing_answer_by_accident(core):
    """Programs that leave their words, their memory or themselves have no answer at all."""
    wrong = [
        [(0x20, 0, 0, 64), (0x06, 0, 0, 0)],
        [(0x20, 0, 0, 1), (0x06, 0, 0, 0)],
        [(0x60, 0, 0, 16), (0x06, 0, 0, 0)],
        [(0x02, 0, 0, 1 << 31), (0x06, 0, 0, 0)],
        [(0x05, 0, 0, 1), (0x06, 0, 0, 0)],
        [(0x15, 1, 1, 0), (0x06, 0, 0, 0)],
        [(0x94, 0, 0, 1), (0x06, 0, 0, 0)],
        [(0x00, 0, 0, 1)],
    ]
    programs = [b"".join(struct.pack("=HBBI", *one) for one in code) for code in wrong]
    for code in programs:
        with pytest.raises(ProfileError):
            Program(code)
    assert core([(code, bytes(64)) for code in programs]) == [None] * len(wrong)
