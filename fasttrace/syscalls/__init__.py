"""System calls: their names and errnos, sets of them and the kernel's filter for a set.

May import the tables (`_tables`), `errors`, `text`.
"""
