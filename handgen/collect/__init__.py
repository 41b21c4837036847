"""Fills the glyph store, from fonts and from real handwriting.

``render`` and ``draw`` draw fonts. Handwriting is imported by a reader for each kind of file (see
``base.Reader``), which streams ``Writing``s: images of one character each, with the writer's name.
``normalize`` gives the ink the size and position that fonts' glyphs have, and ``build`` writes the
store. For a new kind of file, write a reader here and a command in ``handgen/cli/importing.py``.
"""
