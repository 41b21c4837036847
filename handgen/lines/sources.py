"""From what a user names to the texts of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from handgen.errors import UsageError
from handgen.fonts.charsets import unique_chars
from handgen.lines.corpus import Corpus, CorpusTexts, open_corpus
from handgen.lines.cut import Limits, composable
from handgen.lines.generators import ALPHABET, GENERATORS, GeneratedTexts
from handgen.lines.texts import Boosted, Texts
from handgen.registry import nearest


@dataclass(frozen=True)
class Source:
    """A corpus that was read, or generators that were named.

    Attributes:
        corpus: the corpus; None where texts are generated.
        generators: names; all of them when empty.
    """

    corpus: Corpus | None = None
    generators: tuple[str, ...] = field(default=())

    @property
    def chars(self) -> str:
        """The characters to ask of the source font, so that these texts can be drawn."""
        return "".join(sorted(filter(composable, self.corpus.counts))) if self.corpus else ALPHABET

    def texts(
        self, drawn: str, *, limits: Limits, seed: int, boost: float = 0.0, charset: str = "", strict: bool = False
    ) -> Texts:
        """Return the texts of a run.

        Args:
            drawn: the characters that the source font draws.
            limits: of a line's length.
            seed: of the run.
            boost: share of the lines that get a rare character, 0 to 1.
            charset: what to choose these from, as far as it can be drawn; ``drawn`` when empty.
            strict: refuse a corpus with characters that cannot be drawn.

        Raises:
            UsageError: nothing can be drawn, or ``strict`` and not all of it can.
        """
        drawn = "".join(filter(composable, drawn))
        if self.corpus and strict:
            self.corpus.require(frozenset(drawn))
        texts: Texts
        if self.corpus:
            texts = CorpusTexts(self.corpus, drawn, limits, seed)
        else:
            texts = GeneratedTexts(self.generators, drawn, limits, seed)
        rare = "".join(char for char in unique_chars(charset) if char in frozenset(drawn)) or drawn
        return Boosted(texts, rare, boost, seed) if boost else texts


def find_source(spec: str = "") -> Source:
    """Find the source that ``--corpus`` means: a file, a folder, generators with commas between, or all of them.

    Raises:
        UsageError: there is no such file and no such generator, or the corpus is empty or not UTF-8.
    """
    spec = spec.strip()
    if not spec:
        return Source()
    if Path(spec).exists():
        return Source(corpus=open_corpus(Path(spec)))
    names = tuple(name.strip() for name in spec.split(",") if name.strip())
    if any(name in GENERATORS for name in names):
        return Source(generators=names)
    raise UsageError(
        f"--corpus {spec} is no file, no folder and no generator",
        f"Check the path. {nearest(spec, GENERATORS)}",
    )
