"""What the machine gives or refuses: files, /proc, and its errors in words.

May import `errors`, `text`.
"""
