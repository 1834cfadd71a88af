"""Views of a trace: text tables, call lines, JSON."""
