"""Fonts: finding them, what they really draw, and drawing it."""

import logging

# A damaged font makes fontTools warn of every record. Who asks Python for these messages still gets them.
logging.getLogger("fontTools").addHandler(logging.NullHandler())
