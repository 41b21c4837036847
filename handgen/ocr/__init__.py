"""Reading glyphs: the reference recogniser, and a judge that took no part in making them."""
