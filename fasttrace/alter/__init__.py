"""How calls are altered: by rules, and by handlers, which see memory (docs/altering.md).

May import `syscalls` and what lies below it.
"""
