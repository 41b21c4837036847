"""Evaluation of models, on held-out glyphs, and of datasets, by readers of their labels."""
