"""The version of handgen."""

__version__ = "0.1.0"
