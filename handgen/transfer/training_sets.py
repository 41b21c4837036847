"""The training sets that handgen can make of a glyph store, a model and a pen: one function each."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from handgen.deform.people import PersonKeys
from handgen.degrade.pipeline import Pipeline
from handgen.errors import UsageError
from handgen.fonts.face import FontRef
from handgen.glyphs.store import GlyphStore, to_bytes, to_unit
from handgen.glyphs.together import open_stores
from handgen.registry import nearest
from handgen.sources import MODEL
from handgen.sources.deform import deform
from handgen.sources.find import find_model, kind_of
from handgen.sources.fonts import find_named
from handgen.sources.model import open_drawer, store_of
from handgen.sources.spec import CONTINUOUS, FONT, PEN
from handgen.synthesis.options import make_request
from handgen.synthesis.prepare import Prepared, prepare
from handgen.synthesis.request import OFF, REDRAW
from handgen.synthesis.usual import with_usual_sources
from handgen.transfer import TRAINING_SETS
from handgen.transfer.pools import Pool, pool_of
from handgen.transfer.sources import Degraded, Few, Mixed, Pooled, Source, Synthesized

FEW = re.compile(r"real([1-9]\d*)")
"""Names sets of a few real images of each character."""
_DEFAULT, _EACH = "default", "each"
_NO_FILE = Path("nowhere")
"""Nothing is written there."""
_SIDE, _WRITERS = 128, "400"
"""Pixels that fonts and the pen along them draw, and writers of that pen: as in the recipe for Latin letters."""


@dataclass(frozen=True)
class Materials:
    """What training sets are made of.

    Attributes:
        chars: the characters that are wanted.
        data: glyph stores of fonts; none where fonts are named, or all at hand are taken.
        model: what draws ``gan``: a run folder or a model file.
        recognizer: what reads for ``gated``; the newest in ``runs/`` by default.
        styles: of the model's drawings, as ``synth`` has it; every sample another, if the model can, by default.
        strokes: of the pen, as ``synth`` has them.
        left: the part of the real set that is not tested on.
        real: the folder of the real set, if it is one.
        device: where a model draws.
        fonts: names of fonts, as ``synth`` has them.
    """

    chars: str
    data: tuple[Path, ...]
    model: Path | None
    recognizer: Path | None
    styles: str
    strokes: str
    left: Pool
    real: Path | None
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    fonts: str = ""

    @functools.cached_property
    def store(self) -> GlyphStore:
        """The glyph stores, opened as one."""
        return open_stores(self.data)

    @functools.cached_property
    def default(self) -> Synthesized:
        """What ``synth`` writes of the characters unless told otherwise."""
        return self.synthesis()

    def synthesis(self, *models: Path | str, **more: Any) -> Synthesized:
        """Make a run of ``synth`` ready."""
        return Synthesized(*self._ready(*models, **more))

    def of_fonts(self, source: str, **more: Any) -> Synthesized:
        """Make a run of ``synth`` ready that draws with a source of fonts: those named, or all at hand."""
        prepared, _ = self._ready(source, gate=OFF, size=_SIDE, fonts=self.fonts, **more)
        count = len(find_named(prepared.request.sources[0], self.chars))
        return Synthesized(prepared, f"{count} fonts" if count > 1 else "1 font: 'handgen fonts fetch' gets more")

    def _ready(self, *models: Path | str, **more: Any) -> tuple[Prepared, str]:
        charset = " ".join(self.chars)  # with spaces no characters look like a charset's name
        options: dict[str, Any] = {"out": _NO_FILE, "count": 1, "charset": charset, "device": str(self.device)} | more
        request, why = with_usual_sources(make_request(*models, **options))
        return prepare(request), why


def fonts(given: Materials) -> Source:
    """Return the glyphs of the store's hands, or of the fonts at hand."""
    if not given.data:
        return given.of_fonts("fonts", vary=0.0)
    store = given.store
    return _Glyphs(store, pool_of(store).of(given.chars))


def warped(given: Materials) -> Source:
    """Return the glyphs of the store's hands as another hand with another pen would write them."""
    return Degraded(fonts(given), Pipeline.load("pen"))


def scanned(given: Materials) -> Source:
    """Return the glyphs of the store's hands as an office scanner would see them."""
    return Degraded(fonts(given), Pipeline.load("scan"))


def gan(given: Materials) -> Source:
    """Return drawings of the model."""
    return _of_model(given)


def gated(given: Materials) -> Source:
    """Return drawings of the model that a recognizer reads as their labels."""
    return _of_model(given, gate=REDRAW, recognizer=given.recognizer)


def pen_gan(given: Materials) -> Source:
    """Return what the model makes of its source's glyphs, written anew by the pen each time."""
    return _of_model(given, content=PEN)


def pen(given: Materials) -> Source:
    """Return what a pen writes, another writer for each sample."""
    return given.synthesis(PEN, gate=OFF, styles=CONTINUOUS, strokes=given.strokes)


def default(given: Materials) -> Source:
    """Return what ``synth`` writes of the characters unless told otherwise."""
    return given.default


def traced(given: Materials) -> Source:
    """Return what 400 writers write along the centerlines of the store's fonts, or of the fonts at hand."""
    if not given.data:
        return given.of_fonts("traced", styles=_WRITERS)
    named = {"data": given.data[0]} if len(given.data) == 1 else {"fonts": ",".join(_fonts_of(given.store))}
    return given.synthesis("traced", gate=OFF, size=_SIDE, styles=_WRITERS, **named)


def _fonts_of(store: GlyphStore) -> list[str]:
    """Return the fonts that a store was rendered from, as options name them."""
    origins = [store.styles[number].origin for number in store.targets or store.sources]
    return [FontRef(Path(each.path), each.face, each.instance).spec for each in origins if each.path]


def real(given: Materials) -> Source:
    """Return the part of the real set that is not tested on."""
    return Pooled(_left(given), {"left of": "the real set"})


def _left(given: Materials) -> Pool:
    if not len(given.left):
        raise UsageError(
            "--test-share 1 leaves nothing of the real set to learn from", "Lower it, or leave out 'real'."
        )
    return given.left.of(given.chars)


class _Glyphs(Pooled):
    """Glyphs of a store as their fonts draw them, not as they were moved onto the source."""

    def __init__(self, store: GlyphStore, pool: Pool) -> None:
        super().__init__(pool, {"store": store.fingerprint()})
        self._about = f"of a glyph store: {len(np.unique(pool.writers))}"
        self._alignments = [style.alignment for style in store.styles]

    def about(self) -> str:
        """Return how many fonts there are."""
        return self._about

    def image(self, number: int) -> NDArray[np.uint8]:
        """Return a glyph, less its alignment."""
        glyph = to_unit(super().image(number)[None])[:, None]
        alignment = self._alignments[int(self.pool.writers[number])]
        return to_bytes(deform(glyph, [alignment], PersonKeys.strangers(np.zeros(1, np.uint64)), 0.0))[0, 0].numpy()


def _of_model(given: Materials, content: str = FONT, gate: str = OFF, recognizer: Path | None = None) -> Synthesized:
    if given.model is None or kind_of(str(given.model)) != MODEL:
        raise UsageError("no model is given to draw with", "Name a run folder with --model, or leave that set out.")
    file = find_model(given.model, ())
    _refuse_taught(file, given.real)
    styles = given.styles
    if not styles:
        with contextlib.suppress(UsageError):
            open_drawer(file, given.device)[1].style_spec.continuous()
            styles = CONTINUOUS
    return given.synthesis(file, styles=styles, content=content, gate=gate, recognizer=recognizer)


def _refuse_taught(model: Path, real: Path | None) -> None:
    """Refuse a model that learned from the very set that it is tested on."""
    store = store_of(model)
    if real and store and any(folder.resolve() == real.resolve() for folder in store.folders):
        raise UsageError(
            f"the model {model} learned from {real}, on which it would be tested",
            "Test on other writers: import them into a store of their own.",
        )


def find_source(name: str, known: Mapping[str, Source], given: Materials) -> Source:
    """Return what draws a training set, by its name.

    Args:
        name: of a recipe here or of ``known``; several with ``+`` between are mixed in equal parts; ``real5`` is five
            images of each character of the real set, a quarter of a mixture; ``default-zh`` is the default without its
            source ``zh``, and ``default.zh`` that alone, as of every set that a recipe of ``synth`` makes.
        known: sets that were given.
        given: what sets are made of.

    Raises:
        UsageError: there is none of that name, or it cannot be made of what is given.
    """
    if name in known:
        return known[name]
    if "+" in name:
        return Mixed({part: find_source(part, known, given) for part in name.split("+")})
    if found := FEW.fullmatch(name):
        return Few(_left(given), int(found[1]), {"left of": "the real set"})
    if name not in TRAINING_SETS:
        for base in (_DEFAULT, *known):
            if name.startswith((f"{base}-", f"{base}.")):
                return _part(find_source(base, known, given), base, name)
        names = [*known, *(entry.name for entry in TRAINING_SETS)]
        raise UsageError(f"unknown training set '{name}'", nearest(name, names))
    source: Source = TRAINING_SETS.load(name)(given)
    return source


def _part(whole: Source, base: str, name: str) -> Source:
    """Return a set without one of its sources, or that source alone."""
    source, names = name[len(base) + 1 :], whole.names if isinstance(whole, Synthesized) else ()
    if source not in names or not isinstance(whole, Synthesized):
        has = f"'{base}' draws from {', '.join(names)}" if names else f"'{base}' is not drawn by a recipe"
        raise UsageError(f"the set '{base}' has no source '{source}'", f"{has}.")
    left = [each for each in names if each != source] if name[len(base)] == "-" else [source]
    if not left:
        raise UsageError(f"without {source} nothing is left of '{base}'", "Leave that set out.")
    return whole.of(left)


def parts_of(name: str, known: Mapping[str, Source], given: Materials) -> list[str]:
    """Return the sets that ``default-each`` and ``default.each`` stand for; of other names the name itself."""
    base, mark = name[: -len(_EACH) - 1], name[-len(_EACH) - 1 : -len(_EACH)]
    if not name.endswith(_EACH) or mark not in ("-", ".") or name in known:
        return [name]
    whole = find_source(base, known, given)
    names = whole.names if isinstance(whole, Synthesized) else ()
    if len(names) < 2:
        raise UsageError(f"the set '{base}' has fewer than two sources", "Leave that set out.")
    return [f"{base}{mark}{source}" for source in names]
