"""What traces say when they are looked at as a whole: how two differ.

May import data, syscalls, errors, text.
"""
