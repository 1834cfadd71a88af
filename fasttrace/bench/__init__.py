"""What tracing costs: contenders, measurements, their figures and tables.

May import `tracing` and what lies below it.
"""
