"""What draws characters: trained models, the pen, fonts as they are, glyphs of a store, and mixtures of these.

A source is one file with a ``Source`` and one line here.
"""

from handgen.registry import Registry

SOURCES = Registry("source", "handgen.sources")
SOURCES.register("model", "handgen.sources.model:ModelSource", "a trained network")
SOURCES.register("pen", "handgen.sources.pen:PenSource", "writes stroke by stroke; every writer is a style")
SOURCES.register("fonts", "handgen.sources.fonts:FontsSource", "fonts drawn as they are; every font is a style")
SOURCES.register("traced", "handgen.sources.traced:TracedSource", "a pen along the centerlines of fonts")
SOURCES.register("store", "handgen.sources.store:StoreSource", "glyphs of a glyph store, such as real handwriting")

MODEL, STORE = "model", "store"
"""The sources that are named by a path as well."""
UNTRAINED = tuple(entry.name for entry in SOURCES if entry.name != MODEL)
"""What draws without having been trained; ``--model`` takes it by name."""
