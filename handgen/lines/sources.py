"""From what a user names to the texts of a run."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from handgen.errors import UsageError
from handgen.fonts.charsets import unique_chars
from handgen.lines.corpus import Corpus, CorpusTexts, open_corpus
from handgen.lines.cut import Limits, composable, writable
from handgen.lines.fields import check_locale, fields_of
from handgen.lines.generators import GENERATORS, WORDS, GeneratedTexts, alphabet, find_generator
from handgen.lines.languages import check_language
from handgen.lines.patterns import PREFIX
from handgen.lines.texts import Boosted, Texts
from handgen.registry import nearest

_LOCALE = re.compile(r"[a-z]{2,3}[_-][A-Za-z]{2,4}")
_PATTERN = re.compile(rf"(?:^|,)\s*{PREFIX}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True)
class Source:
    """A corpus that was read, or generators that were named.

    Attributes:
        corpus: the corpus; None where texts are generated.
        generators: names, as ``find_generator`` has them; all that need nothing but a name when empty.
    """

    corpus: Corpus | None = None
    generators: tuple[str, ...] = field(default=())

    @property
    def chars(self) -> str:
        """The characters of these texts that single glyphs can be set side by side for."""
        return "".join(filter(composable, self.all_chars))

    @property
    def all_chars(self) -> str:
        """All characters of these texts, marks and those of scripts that join or run from right to left among them."""
        found = sorted(self.corpus.counts) if self.corpus else alphabet(self.generators)
        return "".join(filter(writable, found))

    def texts(
        self,
        drawn: str,
        *,
        limits: Limits,
        seed: int,
        boost: float = 0.0,
        charset: str = "",
        strict: bool = False,
        shaped: bool = False,
    ) -> Texts:
        """Return the texts of a run.

        Args:
            drawn: the characters that the source font draws.
            limits: of a line's length.
            seed: of the run.
            boost: share of the lines that get a rare character, 0 to 1.
            charset: what to choose these from, as far as it can be drawn; ``drawn`` when empty.
            strict: refuse a corpus with characters that cannot be drawn.
            shaped: whole lines are drawn, and not glyph after glyph, so that every script can be written.

        Raises:
            UsageError: nothing can be drawn, or ``strict`` and not all of it can.
        """
        drawn = "".join(filter(writable if shaped else composable, drawn))
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
    """Find the source that ``--corpus`` means.

    It is a file; a folder; or words with commas between: generators (``ids``, ``ids@de_DE``), locales (``de_DE``: all
    of its fields), languages (``de``: its words), and last of all a regular expression (``re:\\d{4}``). Nothing means
    all generators.

    Raises:
        UsageError: there is no such thing, or the corpus is empty or not UTF-8.
        HandgenError: words of a language are asked for, and wordfreq is not installed.
    """
    spec = spec.strip()
    if not spec:
        return Source()
    if not spec.startswith(PREFIX) and Path(spec).exists():
        return Source(corpus=open_corpus(Path(spec)))
    before, *pattern = _PATTERN.split(spec, maxsplit=1)
    words = [word.strip() for word in before.split(",") if word.strip()]
    names = [name for word in words for name in _names(word, spec, alone=len(words) == 1)]
    names += [PREFIX + text for text in pattern]
    for name in names:
        find_generator(name)
    return Source(generators=tuple(dict.fromkeys(names)))


def _names(word: str, spec: str, *, alone: bool) -> list[str]:
    """Return the generators that one word of ``--corpus`` means."""
    if word in GENERATORS or "@" in word or word.startswith(WORDS):
        return [word]
    if _LOCALE.fullmatch(word):
        locale = check_locale(word)
        return [f"{name}@{locale}" for name in fields_of(locale)]
    if _LANGUAGE.fullmatch(word):
        return [WORDS + check_language(word)]
    if alone:
        raise UsageError(
            f"--corpus {spec} is no file, no folder, no generator, no language and no locale",
            f"Check the path. {nearest(word, GENERATORS)}",
        )
    raise UsageError(f"no generator of texts is called '{word}'", nearest(word, GENERATORS))
