"""Fonts: finding them, what they really draw, and drawing it."""

import logging

# A damaged font makes fontTools warn of every record. Who asks Python for these messages still gets them.
logging.getLogger("fontTools").addHandler(logging.NullHandler())
# And Matplotlib tells that it lists this machine's fonts, where it never did before.
logging.getLogger("matplotlib").addHandler(logging.NullHandler())
