"""Generative models: one GAN a file, one line here."""

from handgen.registry import Registry

MODELS = Registry("model")
MODELS.register("zi2zi", "handgen.models.zi2zi:Zi2Zi", "one network, many styles by code (for Chinese and any script)")
