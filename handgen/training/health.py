"""A verdict on a run, in plain sentences: the discriminator, diversity, losses, overfitting.

It is based on the lines of stats.jsonl alone, so it works for earlier runs, too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any

Stats = Sequence[Mapping[str, Any]]
"""Lines of stats.jsonl, oldest first."""

LAST_PART = 0.2
"""The verdict looks at this share of the run, at its end: earlier problems may be over."""
FEWEST = 8
"""The fewest lines of losses for a verdict: the last part must have some, and the start of a GAN is unsteady."""
WON = 0.97
"""If D's accuracy on real and on fake are both above this, the generator learns little from D."""
GUESSING = 0.1
"""If D's answer does not depend on the image, its accuracies on real and fake add up to 1. D guesses if their sum is
less than 1 plus this: a line is a mean over a few hundred images and varies by some hundredths."""
MOSTLY = 0.9
"""D guesses if this share of the lines in the last part says so; single lines vary."""
L1_LEADS = 0.5
"""If L1 is at least this share of the generator's loss, the generator learns from it even if D has won."""
COLLAPSED = 0.3
"""Least ratio of the drawings' diversity to that of real glyphs. Good runs had 0.6 to 0.9, since blur and missing
styles cost some; runs with equal drawings, or with noise, had 0.02 to 0.22."""
WILD = 1.5
"""Greatest ratio of diversity. Blur lowers it, so that only noise is above this."""
EXPLODED = 10.0
"""A loss has exploded if it grew by this factor over the quietest earlier fifth of the run."""
ORDER_ONE, NEVER = 1.0, 10.0
"""Adversarial losses are of order one. Growth is measured from 1 if the loss was smaller, and from 10 if it was
larger from the start."""
WORSE = 1.1
"""Growth of the held-out L1 over its best value that is overfitting. Measurements during a run see some glyphs only,
and vary by less."""


def verdict(stats: Stats, gan_loss: str = "vanilla") -> list[str]:
    """Judge a run.

    Args:
        stats: the lines of its stats.jsonl.
        gan_loss: its adversarial loss. A Wasserstein critic should win, so this is no fault.

    Returns:
        One line for each problem, with an option that may help. If there is no problem, one line that says so; if the
        run is too short to judge, one line that says this.
    """
    lines = of_kind(stats, "losses")
    broken = _not_finite(lines)
    if broken:
        return broken
    if len(lines) < FEWEST:
        return [f"Too short a run to judge: {FEWEST} lines of losses are needed, and it has {len(lines)}."]
    faults = [
        *_game(lines, wasserstein=gan_loss.startswith("wgan")),
        *_drawings(stats),
        *_explosion(lines, wasserstein=gan_loss.startswith("wgan")),
        *_overfitting(stats),
    ]
    return faults or [_healthy(lines, stats)]


def of_kind(stats: Stats, kind: str) -> list[Mapping[str, Any]]:
    """Return the lines of one kind."""
    return [line for line in stats if line["kind"] == kind]


def loss_names(lines: Stats, phase: str) -> list[str]:
    """Return the names of the losses that a phase optimizes, such as ``G/l1``, without values that are only logged."""
    end = " weighted"
    names = dict.fromkeys(key for line in lines for key in line if key.startswith(f"{phase}/") and key.endswith(end))
    return [name.removesuffix(end) for name in names]


def accuracies(lines: Stats) -> tuple[list[float], list[float]]:
    """Return D's accuracy on real and on fake, 0 to 1, of each line that has them."""
    judged = [line for line in lines if "D/real accuracy" in line]
    return [line["D/real accuracy"] for line in judged], [line["D/fake accuracy"] for line in judged]


def last_diversity(stats: Stats) -> Mapping[str, Any] | None:
    """Return the last line of diversity with a ratio; None if there is none."""
    return next((line for line in reversed(of_kind(stats, "diversity")) if line["ratio"] is not None), None)


def _last_part(lines: Stats) -> list[Mapping[str, Any]]:
    first, last = lines[0]["images"], lines[-1]["images"]
    return [line for line in lines if line["images"] > last - LAST_PART * (last - first)]


def _not_finite(lines: Stats) -> list[str]:
    for line in lines:
        for name, value in line.items():
            if isinstance(value, float) and not math.isfinite(value):
                where = f"after {line['images']:,} images"
                return [f"Losses have exploded: {name} is not finite {where}. Begin anew with a lower --lr."]
    return []


def _weighted(lines: Stats, name: str) -> float:
    """Return the mean absolute value of a weighted loss."""
    return fmean(abs(line.get(f"{name} weighted", 0.0)) for line in lines)


def _game(lines: Stats, *, wasserstein: bool) -> list[str]:
    """Judge D's accuracies. Without an adversarial loss of the generator they do not matter."""
    late = _last_part(lines)
    real, fake = accuracies(late)
    shares = {name: _weighted(late, name) for name in loss_names(lines, "G")}
    if not real or not any(value for name, value in shares.items() if name.startswith("G/gan")):
        return []
    right = f"it is right on {fmean(real):.2f} of real and {fmean(fake):.2f} of fake glyphs"
    guesses = [one + other - 1 < GUESSING for one, other in zip(real, fake, strict=True)]
    if fmean(guesses) >= MOSTLY:
        return [_stuck(fmean(real), fmean(fake), right)]
    led_by_l1 = shares.get("G/l1", 0.0) >= L1_LEADS * sum(shares.values())
    if min(fmean(real), fmean(fake)) <= WON or wasserstein or led_by_l1:
        return []
    return [
        f"The discriminator (D) has won: over the last fifth of the run {right}, and the generator (G) learns "
        "little from it. Begin anew with --r1 1 or --spectral-norm."
    ]


def _stuck(real: float, fake: float, right: str) -> str:
    if abs(real - fake) > 0.5:
        kind = "fake" if fake > real else "real"
        return (
            f"The discriminator (D) takes nearly everything for {kind}: over the last fifth of the run {right}. "
            "Begin anew with a lower --lr, or with --spectral-norm."
        )
    return (
        f"The discriminator (D) guesses: over the last fifth of the run {right}. If the fakes-*.png look as good as "
        "reals.png, the generator (G) has caught up; if not, D is stuck: try --d-steps 2."
    )


def _drawings(stats: Stats) -> list[str]:
    """Judge the diversity of the drawings."""
    line = last_diversity(stats)
    if line is None or COLLAPSED <= line["ratio"] <= WILD:
        return []
    numbers = (
        f"its drawings differ by {line['generated']:.3f} where real glyphs differ by {line['real']:.3f}, "
        f"a ratio of {line['ratio']:.2f}"
    )
    if line["ratio"] > WILD:
        return [f"The generator (G) draws noise: {numbers}. Begin anew with a lower --lr."]
    return [
        f"The generator (G) has collapsed, or has not learned yet: {numbers}. Try more --images, or --gan-loss wgan-gp."
    ]


def _explosion(lines: Stats, *, wasserstein: bool) -> list[str]:
    """Compare how each loss ends with the quietest fifth before the last."""
    early = lines[: -len(_last_part(lines))]
    length = -(-len(early) // 4)
    fifths = [early[start : start + length] for start in range(0, len(early), length)]
    ending = lines[-max(3, len(lines) // 20) :]
    growth: dict[str, tuple[float, float]] = {}
    for name in (*loss_names(lines, "D"), *loss_names(lines, "G")):
        adversarial = name.startswith(("D/real", "D/fake", "G/gan"))
        if wasserstein and adversarial:
            continue  # Wasserstein scores may drift together; penalties and other losses may not
        key = f"{name} weighted"
        before = min(median(abs(line.get(key, 0.0)) for line in fifth) for fifth in fifths)
        bounds = max(before, ORDER_ONE), NEVER if adversarial else math.inf
        growth[name] = median(abs(line.get(key, 0.0)) for line in ending), min(bounds)
    name, (now, before) = max(growth.items(), key=lambda item: item[1][0] / item[1][1], default=("", (0.0, 1.0)))
    if now <= EXPLODED * before:
        return []
    return [
        f"Losses have exploded: {name} (weighted) ended at {now:,.0f}, and {before:,.3g} would be in bounds. "
        "Begin anew with a lower --lr, or with --r1 1."
    ]


def _overfitting(stats: Stats) -> list[str]:
    measured = [(line["images"], line["styles"]["mean"]) for line in of_kind(stats, "held-out")]
    if len(measured) < 3:
        return []
    (then, best), (_, now) = min(measured, key=lambda one: one[1]["l1"]), measured[-1]
    if now["l1"] < WORSE * best["l1"] or now["ssim"] >= best["ssim"]:
        return []
    return [
        f"Held-out glyphs got worse: their L1 was {best['l1']:.4f} after {then:,} images and is {now['l1']:.4f} now. "
        f"Stop there with --images {then} and a new --out, or render more characters."
    ]


def _healthy(lines: Stats, stats: Stats) -> str:
    known = []
    real, fake = accuracies(_last_part(lines))
    if real:
        usual = " (as usual where l1 leads, or with wgan)" if min(fmean(real), fmean(fake)) > WON else ""
        known.append(f"D is right on {fmean(real):.2f} of real and {fmean(fake):.2f} of fake glyphs{usual}")
    line = last_diversity(stats)
    if line:
        known.append(f"diversity is {line['ratio']:.2f} of that among real glyphs")
    return f"Looks healthy: {'; '.join([*known, 'no loss grew out of bounds'])}."
