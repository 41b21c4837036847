"""A step of a pipeline: an effect with its settings, and its probability."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from handgen.degrade import EFFECTS
from handgen.degrade.base import Effect
from handgen.errors import UsageError
from handgen.registry import nearest


@dataclass(frozen=True)
class Step:
    """An effect and its probability, 0 to 1: the share of samples that get it.

    Raises:
        UsageError: the probability is out of range.
    """

    effect: Effect
    probability: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            message = f"probability {self.probability:g} of effect '{self.effect.name}' is impossible"
            raise UsageError(message, "Give a number from 0 to 1.")


def make_step(name: str, facts: Mapping[str, float]) -> Step:
    """Return the step of the effect ``name``; ``facts`` are its settings and its ``probability`` (1 by default).

    Raises:
        UsageError: there is no such effect or setting, or a value is not allowed.
    """
    kind = EFFECTS.load(name)
    known = {field.name: field for field in dataclasses.fields(kind)}
    for key, value in facts.items():
        if key not in known and key != "probability":
            raise UsageError(f"effect '{name}' has no setting '{key}'", nearest(key, [*known, "probability"]))
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise UsageError(f"{key} of effect '{name}' must be a number, not {value!r}")
    try:
        effect = kind(**{key: float(value) for key, value in facts.items() if key != "probability"})
    except UsageError as error:
        raise UsageError(f"effect '{name}': {error.message.removeprefix('--')}", error.remedy) from error
    return Step(effect, float(facts.get("probability", 1.0)))
