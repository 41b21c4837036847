"""Losses: adversarial ones, those that models share, and those of the fidelity of strokes."""
