"""Views of a trace: text tables, call lines, JSON.

May import `data`, `seccomp`, and what lies below them.
"""
