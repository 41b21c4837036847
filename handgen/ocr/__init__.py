"""Reading glyphs: the reference recognizer, and a judge that took no part in making them."""
