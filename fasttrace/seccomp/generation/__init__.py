"""A profile out of what was observed, and how it is shown.

May import `seccomp.profile`, and what that may.
"""
