"""Samples that are drawn while a recognizer trains, without a dataset on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from handgen.errors import UsageError
from handgen.formats.base import Sample
from handgen.synthesis.options import make_request
from handgen.synthesis.prepare import Prepared, prepare, prepare_again, samples
from handgen.synthesis.samples import MOST_TOGETHER

_CHUNK = 256
"""Samples in a row that one worker draws, a multiple of the blocks of all sources; more with a gate."""


def image_and_label(sample: Sample) -> tuple[Tensor, str]:
    """Return the image, uint8 ``[1, H, W]`` or, in color, ``[3, H, W]``, 0 = ink; and the label."""
    assert not isinstance(sample.image, bytes)  # a source draws arrays
    image = torch.from_numpy(sample.image.copy())
    return (image[None] if image.dim() == 2 else image.movedim(2, 0)), sample.text


class Stream(IterableDataset[Any]):
    """The samples of ``handgen synth``, drawn when they are needed.

    Sample i does not depend on the number of ``DataLoader`` workers. An epoch has the same samples for any number of
    workers, but their order differs.

        stream = handgen.Stream("zh", degrade="scan", epoch=100_000)
        for epoch in range(10):
            stream.set_epoch(epoch)
            for images, labels in DataLoader(stream, batch_size=128, num_workers=2):
                ...

    Args:
        models: models or other sources, with weights or without, as for ``--model``: ``"zh"``, or ``"zh=2", "pen=3"``;
            without any, the default of ``synth``.
        recipe: a YAML file, or the name of a recipe that comes with handgen.
        lines: draw lines of text instead of single characters.
        epoch: samples in an epoch; None = the only epoch has no end.
        start: number of the first sample of epoch 0.
        transform: is applied to each sample. The default, ``image_and_label``, gives batches if all images have one
            size.
        options: other options of ``handgen synth`` by name, such as ``charset``, ``styles``, ``vary``, ``degrade``,
            ``gate``, ``seed`` and ``corpus``.

    Raises:
        HandgenError: as for ``handgen synth``, in the constructor.
    """

    def __init__(
        self,
        *models: str,
        recipe: str | Path | None = None,
        lines: bool = False,
        epoch: int | None = None,
        start: int = 0,
        transform: Callable[[Sample], Any] = image_and_label,
        **options: Any,
    ) -> None:
        named = Path(recipe) if recipe is not None else None
        request = make_request(*models, recipe=named, lines=lines, **options)
        self._open(prepare(request), epoch, start, transform)

    @classmethod
    def of(
        cls,
        prepared: Prepared,
        *,
        epoch: int | None = None,
        start: int = 0,
        transform: Callable[[Sample], Any] = image_and_label,
    ) -> Stream:
        """Return the samples of a run that is ready; the other arguments are those of ``Stream``.

        Raises:
            UsageError: ``start`` or ``epoch`` is too small.
        """
        stream = cls.__new__(cls)
        stream._open(prepared, epoch, start, transform)
        return stream

    def _open(self, prepared: Prepared, epoch: int | None, start: int, transform: Callable[[Sample], Any]) -> None:
        if start < 0 or (epoch is not None and epoch < 1):
            raise UsageError(
                f"a stream cannot have start={start} and epoch={epoch}", "Give start=0 or more, and epoch=1 or more."
            )
        self._prepared: Prepared | None = prepared
        self._request, self._digest = prepared.request, prepared.digest()
        self.epoch, self.start, self.transform = epoch, start, transform
        # In shared memory, so that persistent workers see the number of the next epoch, too.
        self._number = torch.zeros((), dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for another process, which opens fonts and models itself."""
        return self.__dict__ | {"_prepared": None}

    @property
    def prepared(self) -> Prepared:
        """The prepared synthesis, with its styles, characters and sources."""
        if self._prepared is None:
            self._prepared = prepare_again(self._request, self._digest)
        return self._prepared

    @property
    def first(self) -> int:
        """The number of the first sample of the current epoch."""
        return self.start + int(self._number) * (self.epoch or 0)

    def set_epoch(self, number: int) -> None:
        """Set the epoch, from 0, that the next iteration yields.

        Raises:
            UsageError: the stream has no epochs.
        """
        if self.epoch is None:
            raise UsageError("this stream has no epochs", "Give epoch=N, or start=N to go on from a sample.")
        self._number.fill_(number)

    def __len__(self) -> int:
        """Return the number of samples in an epoch.

        Raises:
            TypeError: the stream has no epochs.
        """
        if self.epoch is None:
            raise TypeError("a stream without epoch=N has no length")
        return self.epoch

    def __iter__(self) -> Iterator[Any]:
        """Yield the samples of the epoch, or this worker's share of them."""
        worker = get_worker_info()
        number, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        first, stop = self.first, self.first + self.epoch if self.epoch else None
        gated = self.prepared.lines is None and self.prepared.glyphs.gate is not None
        size = MOST_TOGETHER if gated else _CHUNK  # whole groups, so that none is drawn twice
        chunk = first // size + number
        while stop is None or chunk * size < stop:
            low, high = max(first, chunk * size), (chunk + 1) * size
            for sample in samples(self.prepared, low, min(high, stop or high)):
                yield self.transform(sample)
            chunk += workers
