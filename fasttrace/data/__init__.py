"""What was recorded: events, traces, summaries, processes, and the folder they are kept in.

May import `_tally`, `system`, `syscalls`, and what lies below them.
"""
