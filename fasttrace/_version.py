"""The version: here alone, for the package, for its build, and for the files it writes."""

__version__ = "0.1.0"
