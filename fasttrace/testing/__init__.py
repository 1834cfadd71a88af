"""What tests are given: a plugin of pytest, and what its fixture says of calls.

May import report, tracing, and what these may. `plugin` is imported by every run of pytest where
fasttrace is installed, so it imports the rest in the functions that use it.
"""
