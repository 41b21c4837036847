"""handgen: labeled handwriting for training OCR, made from fonts by style-transfer GANs."""

__version__ = "0.1.0"
