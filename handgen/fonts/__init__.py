"""Fonts: finding them, what they really draw, and drawing it."""
