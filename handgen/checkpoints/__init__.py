"""Run folders, and files of weights."""
