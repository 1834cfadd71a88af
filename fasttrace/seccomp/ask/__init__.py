"""Queries of profiles, answered by their compiled filters.

May import `seccomp.filter`, and what that may.
"""
