"""Run folders, and weights as files."""
