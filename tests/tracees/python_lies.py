"""Leads who reads its interpreter from outside astray: a false list of threads, and chains of words
that lead on and on, other ones at each call; then makes umask(8) in truth."""

import ctypes
import os
import random
import sys

WORDS = 4096
chosen = random.Random(int(sys.argv[1]))
libc = ctypes.CDLL(None)
words = (ctypes.c_uint64 * WORDS)()
start = ctypes.addressof(words)


def word():
    odd = (0, 1, 2**64 - 1, chosen.getrandbits(64), chosen.getrandbits(8))
    return chosen.choice(odd) if chosen.random() < 0.2 else start + 8 * chosen.randrange(WORDS)


for i in range(WORDS):
    words[i] = word()
runtime = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime"))
# interpreters.head, which nobody follows while one thread runs.
offset = ctypes.c_uint64.from_address(runtime + 40).value if sys.version_info >= (3, 13) else 40
head = ctypes.c_uint64.from_address(runtime + offset)
true = head.value
for _ in range(300):
    for _ in range(50):
        words[chosen.randrange(WORDS)] = word()
    head.value = start + 8 * chosen.randrange(WORDS)
    libc.umask(7)
head.value = true
os.umask(0o10)
