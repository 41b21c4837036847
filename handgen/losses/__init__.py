"""Losses: pure functions, adversarial games, and fidelity of strokes."""
