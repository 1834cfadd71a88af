"""What was recorded: events, traces, summaries, processes, and the folder they are kept in.

May import `_tally`, `_decode`, `system`, `syscalls`, and what lies below them.
"""
