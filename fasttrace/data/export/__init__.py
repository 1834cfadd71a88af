"""What was recorded as columns, and what other programs take: Arrow, pandas, polars, Parquet, rows.

Lies in `data`, below Trace and Summary, which offer it as methods: it may import what is beside it
but those two. What is not installed with fasttrace is imported in the function that needs it.
"""
