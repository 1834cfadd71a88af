"""What a profile says: its vocabulary and values, its JSON, and which of its rules apply where.

May import what `seccomp` may; of its rooms none.
"""
