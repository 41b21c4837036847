"""Measuring what was made: a model on glyphs it never saw, and a dataset whose labels are read again."""
