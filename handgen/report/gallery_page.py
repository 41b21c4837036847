"""A gallery as HTML: what its script is told, and what is to be copied before anything is selected."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import yaml

from handgen.errors import quoted
from handgen.files import write_text
from handgen.report.gallery import Gallery, Wall
from handgen.report.hands import PARTLY, PRINT, RUNNING, UNKNOWN, Hand
from handgen.report.page import fill
from handgen.synthesis.recipe import described

FILE = "hands.yaml"
"""What the recipe of a selection is saved as."""
_READ = (0.99, 0.95, 0.9, 0.75)
"""Shares of legible characters that can be asked for."""


def save_gallery(gallery: Gallery, path: Path) -> None:
    """Write the page, whole or not at all.

    Raises:
        HandgenError: the disk is full or may not be written.
    """
    write_text(path, render_gallery(gallery))


def render_gallery(gallery: Gallery) -> str:
    """Return the page as HTML."""
    hands = [hand for wall in gallery.walls for hand in wall.hands]
    kinds = Counter(hand.kind for hand in hands)
    licenses = Counter(license for hand in hands for license in hand.licenses)
    found = Counter(hand.cursiveness for hand in hands)
    cursive = {name: found[name] for name in (PRINT, PARTLY, RUNNING, UNKNOWN) if found[name]}
    groups = [("Kind", "kind", kinds), ("Licenses you accept", "license", licenses), ("Writing", "cursive", cursive)]
    return fill(
        "gallery.html",
        ["page.css", "gallery.css"],
        "gallery.js",
        gallery=gallery,
        groups=[group for group in groups if len(group[2]) > 1],
        read=_READ if any(hand.legible is not None for hand in hands) else (),
        shown=len(hands),
        total=sum(wall.count for wall in gallery.walls),
        head=command(gallery),
        recipe=recipe_head(gallery) if gallery.recipe else "",
        settings=_settings,
        facts=_facts,
        file=FILE,
    )


def command(gallery: Gallery) -> str:
    """Return the command that draws in every style; ``--styles`` and names go after it."""
    if gallery.recipe:
        return f"handgen synth --recipe {FILE}"
    request = gallery.request
    seed = f" --seed {request.seed}" if request.seed else ""
    charset = f" --charset {quoted(request.charset)}" if request.charset else ""
    return f"handgen synth --model {quoted(request.sources[0].source)}{charset}{seed}"


def recipe_head(gallery: Gallery) -> str:
    """Return the recipe but for its sources, as YAML."""
    settings = {key: value for key, value in described(gallery.request).items() if key != "sources"}
    return yaml.safe_dump(settings, allow_unicode=True, sort_keys=False) if settings else ""


def _settings(wall: Wall) -> str:
    return json.dumps(wall.settings, ensure_ascii=False, default=str)


def _facts(hand: Hand) -> str:
    """Return what is known of a style in a line."""
    told = [hand.kind, *([hand.cursiveness] if hand.cursiveness != UNKNOWN else [])]
    told += [f"{hand.legible:.0%} read"] if hand.legible is not None else []
    return " · ".join([*told, *hand.notes])
