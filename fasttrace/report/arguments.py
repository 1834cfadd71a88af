"""How a syscall's arguments and result look as text: by C type and name, without decoding flags."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from fasttrace import _tables
from fasttrace.data.calls import abi_name, call_name
from fasttrace.text.terminal import printable

Format = Callable[[int], str]

_INT_TYPES = frozenset(
    [
        *("int", "pid_t", "uid_t", "gid_t", "key_t", "clockid_t", "timer_t", "mqd_t", "qid_t"),
        *("key_serial_t", "idtype_t", "__s32", "s32"),
    ]
)
_UNSIGNED_INT_TYPES = frozenset(["unsigned int", "unsigned", "uint32_t", "u32", "__u32"])
_LONG_TYPES = frozenset(["long", "long int", "off_t", "loff_t", "ssize_t", "__s64"])
_MODE_TYPES = frozenset(["umode_t", "mode_t"])
_ADDRESS_NAME = re.compile(r"addr|^start$|^brk$|^new_?sp$|_address$|ptr$")
_FD_NAME = re.compile(r"fd$|^fildes$")
_BITS_NAME = re.compile(r"flags?$|^prot$|mask$")
_ADDRESS_RESULTS = frozenset(["mmap", "mmap2", "brk", "mremap", "shmat"])


class Shape(NamedTuple):
    """How a syscall's line is put together."""

    name: str
    arguments: tuple[Format, ...]
    result: Format


@lru_cache(maxsize=4096)
def shape(abi: int, nr: int) -> Shape:
    """Of a syscall by ABI and number; one without a signature shows all six arguments in hex."""
    name = call_name(nr, abi)
    signature = _tables.signature(abi, nr) if abi < len(_tables.ABIS) and nr >= 0 else None
    narrow = abi_name(abi) == "i386"
    if signature is None:
        return Shape(name, (_hex,) * 6, str)
    formats = tuple(_format(argument, ctype, narrow) for argument, ctype in signature)
    return Shape(name, formats, _hex_result if name in _ADDRESS_RESULTS else str)


def _format(name: str, ctype: str, narrow: bool) -> Format:
    plain = " ".join(word for word in ctype.split() if word not in ("const", "__user"))
    if plain.endswith(("*", "]")):
        return _address
    if plain in _MODE_TYPES:
        return _octal
    if _FD_NAME.search(name):
        return _int
    if _BITS_NAME.search(name):
        return _hex
    if plain in _INT_TYPES:
        return _int
    if plain in _UNSIGNED_INT_TYPES:
        return _unsigned_int
    if plain in _LONG_TYPES:
        return _int if narrow else _long
    if _ADDRESS_NAME.search(name):
        return _address
    return _unsigned_int if narrow else _unsigned_long


def _address(value: int) -> str:
    return hex(value) if value else "NULL"


def _hex(value: int) -> str:
    return hex(value) if value > 9 else str(value)


def _octal(value: int) -> str:
    value &= 0xFFFFFFFF  # the upper half of the register is not part of it
    return f"0{value:o}" if value else "0"


def _int(value: int) -> str:
    value &= 0xFFFFFFFF
    return str(value - (1 << 32) if value >> 31 else value)


def _unsigned_int(value: int) -> str:
    return str(value & 0xFFFFFFFF)


def _long(value: int) -> str:
    return str(value - (1 << 64) if value >> 63 else value)


def _unsigned_long(value: int) -> str:
    if value < 1 << 40:
        return str(value)
    # -1 and its neighbours are often meant as such; other big values are addresses and bit sets.
    return str(value - (1 << 64)) if value >= (1 << 64) - 4096 else hex(value)


def _hex_result(value: int) -> str:
    return hex(value & 0xFFFFFFFFFFFFFFFF)


def quote(data: bytes, truncated: bool = False) -> str:
    r"""Captured bytes as text on one line: ``b'a"\n\xff'`` is shown as ``"a\"\n\xff"``."""
    if b"\\" in data or b'"' in data:
        data = data.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    text = data.decode("utf-8", "backslashreplace")
    text = printable(text)
    return f'"{text}"...' if truncated else f'"{text}"'
