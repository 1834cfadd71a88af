"""Causes of lost time, a file for each kind of evidence; `analysis/why.py` asks all of them.

May import data, syscalls, errors, text, and `analysis/finding.py`.
"""
