"""Many traces, as Parquet files, asked one question: by DuckDB here, or on a cluster of Dask's.

May import what is beside it in `data`, which imports none of this.
"""
