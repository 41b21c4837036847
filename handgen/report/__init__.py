"""One HTML page about a dataset or a training run, which needs nothing beside it."""
