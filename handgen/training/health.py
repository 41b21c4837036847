"""How a run went, in plain sentences: the discriminator's game, diversity, losses, overfitting.

All of it is read from the lines of stats.jsonl, so a run of yesterday can be judged as well.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any

Stats = Sequence[Mapping[str, Any]]
"""Lines of stats.jsonl, oldest first."""

LAST_PART = 0.2
"""Share of the run, at its end, that is judged: what happened before may have healed."""
FEWEST = 8
"""Loss lines below which nothing is said: the last part must hold some, and any GAN begins unsteadily."""
WON = 0.97
"""Accuracy on real and on fake, both above which D is too sure to teach."""
GUESSING = 0.1
"""D's accuracy on real plus that on fake, less 1, is 0 when its answer does not depend on what it
sees: both 0.5, or one 0 and the other 1. Up to this it counts as nothing, since a line is a mean over
a few hundred images and strays by some hundredths."""
MOSTLY = 0.9
"""Share of the last part's lines that must agree before D is called stuck; single ones stray."""
L1_LEADS = 0.5
"""Share of the generator's loss from which on L1 to the true glyph teaches it whatever D does."""
COLLAPSED = 0.3
"""Diversity against the real one. Runs that went well had 0.6 to 0.9, since blur and a lost style or two
cost some of it; runs whose drawings were all one, or all the same noise, had 0.02 to 0.22."""
WILD = 1.5
"""Diversity against the real one that no glyphs have: blur lowers it, and only noise is above."""
EXPLODED = 10.0
"""Growth over the quietest earlier fifth that no schedule and no change of the game's balance explains."""
ORDER_ONE, NEVER = 1.0, 10.0
"""An adversarial loss is of order one. What is below that is small change however fast it grew, and
above the second it was never in bounds, so growth counts from there if the run began beyond it."""
WORSE = 1.1
"""Growth of the held-out L1 over its best; less may come from the choice of glyphs that are measured on the way."""


def verdict(stats: Stats, gan_loss: str = "vanilla") -> list[str]:
    """Judge a run.

    Args:
        stats: its lines; of kind ``losses``, ``held-out`` and ``diversity``.
        gan_loss: the adversarial loss it was trained with. A Wasserstein critic ought to win.

    Returns:
        A sentence or two for each thing that went wrong, each with the flag that may mend it; else
        one line that says that the run looks healthy, or that it is too short to judge.
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
    """Return the names, as ``G/l1``, of what a phase optimizes; observations are not among them."""
    end = " weighted"
    names = dict.fromkeys(key for line in lines for key in line if key.startswith(f"{phase}/") and key.endswith(end))
    return [name.removesuffix(end) for name in names]


def accuracies(lines: Stats) -> tuple[list[float], list[float]]:
    """Return how much of real and of fake D tells rightly, 0 to 1, in the lines that say so."""
    judged = [line for line in lines if "D/real accuracy" in line]
    return [line["D/real accuracy"] for line in judged], [line["D/fake accuracy"] for line in judged]


def last_diversity(stats: Stats) -> Mapping[str, Any] | None:
    """Return the last diversity that had anything to compare."""
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
    """Return the mean size of a weighted loss."""
    return fmean(abs(line.get(f"{name} weighted", 0.0)) for line in lines)


def _game(lines: Stats, *, wasserstein: bool) -> list[str]:
    """Judge D's accuracies, unless G does not play against it."""
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
    """Judge how much the drawings differ."""
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
            continue  # their common level is free to drift; the penalties and the rest are not
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
