"""The glyph store, ink told from paper, and contact sheets."""
