"""Fonts: finding and fetching them, testing which characters they really draw, and drawing these."""

import logging

# For a damaged font, fontTools logs a warning for every record. Users who configure logging still get them.
logging.getLogger("fontTools").addHandler(logging.NullHandler())
# And Matplotlib tells that it lists this machine's fonts, where it never did before.
logging.getLogger("matplotlib").addHandler(logging.NullHandler())
