"""Real handwriting into the glyph store: one reader a kind of file, one normalizer, one builder.

A reader is an object as ``base.Reader`` describes: it yields ``Writing``s, each one a character as
somebody wrote it, with the writer's name, and it streams. ``normalize`` puts its ink where fonts'
glyphs have theirs, ``build`` writes the store. A new kind of file is one reader in one file here
and one command in ``handgen/cli/importing.py``.
"""
