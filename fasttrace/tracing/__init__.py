"""From a command or a pid to its end: sessions, `Tracer`, whole runs, and whether it works here.

May import `_core`, `data`, `alter`, `seccomp`, and what lies below them.
"""
