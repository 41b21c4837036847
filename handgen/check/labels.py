"""The labels of a dataset, and those faults of samples that a trainer reacts to."""

from __future__ import annotations

from enum import Enum

from handgen.formats.reading import Record


class Fault(Enum):
    """A fault because of which a trainer cannot read a sample, whatever its label says."""

    NO_COUNT = "num-samples is missing"
    NO_SAMPLE = "samples that num-samples promises"
    NO_IMAGE = "a missing image"
    BAD_IMAGE = "an image that cannot be decoded"
    NO_LABEL = "a missing label"
    BAD_LABEL = "a label that is not UTF-8"


class Labels(dict[str, tuple[int, int]]):
    """Label -> (how often it occurs, number of the first sample with it).

    Attributes:
        faulty: (label, fault) -> the same two numbers for the samples with that fault; the label is empty if missing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.faulty: dict[tuple[str, Fault], tuple[int, int]] = {}

    def add(self, record: Record, label: str | None, fault: Fault | None = None) -> None:
        """Count a sample: its label, or None if that cannot be read, and the fault of its image, if it has one."""
        if label is not None:
            count, first = self.get(label, (0, record.number))
            self[label] = (count + 1, first)
        else:
            fault = Fault.NO_LABEL if record.label is None else Fault.BAD_LABEL
        if fault is not None:
            count, first = self.faulty.get((label or "", fault), (0, record.number))
            self.faulty[label or "", fault] = (count + 1, first)
