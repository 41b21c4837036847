"""Timings of handgen beside what it replaces; ``python -m benchmarks --help``."""
