"""The labels of a dataset, and what is wrong with their samples, as far as a trainer notices it."""

from __future__ import annotations

from enum import Enum

from handgen.formats.reading import Record


class Fault(Enum):
    """What keeps a trainer from reading a sample whatever its label is."""

    NO_COUNT = "num-samples is missing"
    NO_SAMPLE = "samples that num-samples promises"
    NO_IMAGE = "a missing image"
    BAD_IMAGE = "an image that cannot be decoded"
    NO_LABEL = "a missing label"
    BAD_LABEL = "a label that is not UTF-8"


class Labels(dict[str, tuple[int, int]]):
    """Label -> how often it occurs, and the number of the sample where it first does.

    Attributes:
        faulty: label (empty where it is missing) and fault -> the same of the samples that have the fault.
    """

    def __init__(self) -> None:
        super().__init__()
        self.faulty: dict[tuple[str, Fault], tuple[int, int]] = {}

    def add(self, record: Record, label: str | None, fault: Fault | None = None) -> None:
        """Take down a sample: its label, or None if it cannot be read, and what its image suffers from."""
        if label is not None:
            count, first = self.get(label, (0, record.number))
            self[label] = (count + 1, first)
        else:
            fault = Fault.NO_LABEL if record.label is None else Fault.BAD_LABEL
        if fault is not None:
            count, first = self.faulty.get((label or "", fault), (0, record.number))
            self.faulty[label or "", fault] = (count + 1, first)
