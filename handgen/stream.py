"""Samples drawn while a recognizer trains: no dataset on disk, and no sample twice."""

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

_CHUNK = 256
"""Samples that one worker draws before the next takes its turn: whole blocks of every source."""


def image_and_label(sample: Sample) -> tuple[Tensor, str]:
    """Return the image, uint8 ``[1, H, W]`` or, in color, ``[3, H, W]``, 0 = ink; and the label."""
    assert not isinstance(sample.image, bytes)  # a source draws arrays
    image = torch.from_numpy(sample.image.copy())
    return (image[None] if image.dim() == 2 else image.movedim(2, 0)), sample.text


class Stream(IterableDataset[Any]):
    """Samples as ``handgen synth`` makes them, drawn when they are asked for.

    Sample i is the same for any number of ``DataLoader`` workers. An epoch holds the same samples for any number of
    them; with several, they come in another order.

        stream = handgen.Stream("zh", degrade="scan", epoch=100_000)
        for epoch in range(10):
            stream.set_epoch(epoch)
            for images, labels in DataLoader(stream, batch_size=128, num_workers=2):
                ...

    Args:
        models: what draws, as ``--model`` has it: ``"zh"``, or ``"zh=2", "pen=3"``; as ``synth`` chooses by default.
        recipe: a YAML file, or the name of a recipe that comes with handgen.
        lines: lines of text instead of single characters.
        epoch: samples of an epoch; None = an epoch has no end.
        start: number of the first sample of epoch 0; another number goes on from there.
        transform: what becomes of each sample; by default ``image_and_label``, which images of one size suit.
        options: the other options of ``handgen synth`` by name, such as ``charset``, ``styles``, ``vary``, ``degrade``,
            ``gate``, ``seed`` and ``corpus``.

    Raises:
        UsageError, HandgenError: as ``handgen synth`` does, when the stream is made.
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
                "a stream begins at sample 0 at least, and an epoch has one at least", "Give such numbers."
            )
        self._prepared: Prepared | None = prepared
        self._request, self._digest = prepared.request, prepared.digest()
        self.epoch, self.start, self.transform = epoch, start, transform
        # Shared, so that workers that live on see it.
        self._number = torch.zeros((), dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process makes the stream of: it opens fonts and models itself."""
        return self.__dict__ | {"_prepared": None}

    @property
    def prepared(self) -> Prepared:
        """The run that the samples are of: its styles, characters and sources."""
        if self._prepared is None:
            self._prepared = prepare_again(self._request, self._digest)
        return self._prepared

    @property
    def first(self) -> int:
        """The number of the first sample of the present epoch."""
        return self.start + int(self._number) * (self.epoch or 0)

    def set_epoch(self, number: int) -> None:
        """Let the next iteration yield epoch ``number``, from 0; needs ``epoch``.

        Raises:
            UsageError: the stream has no epochs.
        """
        if self.epoch is None:
            raise UsageError("this stream has no epochs", "Give epoch=N, or start=N to go on from a sample.")
        self._number.fill_(number)

    def __len__(self) -> int:
        """Return the samples of an epoch.

        Raises:
            TypeError: an epoch has no end.
        """
        if self.epoch is None:
            raise TypeError("a stream without epoch=N has no length")
        return self.epoch

    def __iter__(self) -> Iterator[Any]:
        """Yield the samples of the epoch, or this worker's share of them."""
        worker = get_worker_info()
        number, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        first, stop = self.first, self.first + self.epoch if self.epoch else None
        chunk = first // _CHUNK + number
        while stop is None or chunk * _CHUNK < stop:
            low, high = max(first, chunk * _CHUNK), (chunk + 1) * _CHUNK
            for sample in samples(self.prepared, low, min(high, stop or high)):
                yield self.transform(sample)
            chunk += workers
