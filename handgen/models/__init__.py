"""Generative models. Each is one file, and one line in the registry below."""

from handgen.registry import Registry

MODELS = Registry("model", "handgen.models")
MODELS.register("zi2zi", "handgen.models.zi2zi:Zi2Zi", "one network, many styles by code (for Chinese and any script)")
MODELS.register(
    "bicyclegan", "handgen.models.bicyclegan:BicycleGAN", "every latent is another style (for Latin and small charsets)"
)
MODELS.register("cgan", "handgen.models.cgan:CGAN", "characters and styles by class, without a source font")
MODELS.register("gan", "handgen.models.gan:GAN", "fully connected, unlabeled samples: the game of 2014")
MODELS.register("dcgan", "handgen.models.dcgan:DCGAN", "convolutional, unlabeled samples")
MODELS.register("wgan", "handgen.models.dcgan:WGAN", "dcgan with the Wasserstein loss, RMSprop and five critic steps")
MODELS.register("lsgan", "handgen.models.dcgan:LSGAN", "dcgan with the least-squares loss")
MODELS.register("pix2pix", "handgen.models.pix2pix:Pix2Pix", "one style, from pairs of source and target")
MODELS.register(
    "cyclegan", "handgen.models.cyclegan:CycleGAN", "one style without pairs: real handwriting by many writers"
)
MODELS.register("strokernn", "handgen.models.strokernn:StrokeRNN", "a style's strokes, predicted from standard ones")
