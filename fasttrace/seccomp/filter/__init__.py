"""A profile as the kernel has it: compiled, run, put before a command, and what it looks at.

May import `seccomp.profile`, and what that may.
"""
