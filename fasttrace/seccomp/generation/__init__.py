"""A profile out of what was seen, and how it is shown.

May import `seccomp.profile`, and what that may.
"""
