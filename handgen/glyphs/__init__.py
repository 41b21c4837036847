"""The glyph store, what fills it, and pictures of what is in it."""
