"""What draws characters."""

from handgen.registry import Registry

GENERATORS = Registry("generator", "handgen.sources")
"""What draws without having been trained; ``--model`` takes it by name."""
GENERATORS.register("pen", "handgen.sources.pen:PenModel", "writes stroke by stroke; every writer is a style")
