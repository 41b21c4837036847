"""Reading glyphs: the recognizer that handgen trains, and an independent OCR model that judges datasets."""
