"""Text of one's own as a source of lines: a UTF-8 file or a folder of them, of any size.

A corpus is read once from end to end, in blocks. What is kept is how often each character
occurs and where passages begin: every line of a small corpus, about a million positions of a
large one. So memory stays flat, and any text is one short read away.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handgen.characters import line_ends, shown, split_lines
from handgen.errors import HandgenError, UsageError
from handgen.files import from_os_error, regular, walk
from handgen.lines.cut import UNCOMPOSED, Limits, clean, composable, piece, stretches, wordy
from handgen.lines.shuffle import shuffled
from handgen.seeds import uniforms

_BLOCK = 1 << 16
_PASSAGES = 1 << 20
_SUFFIX = ".txt"
_SHOWN = 20
_MOST_PASSAGES = 1000


@dataclass(frozen=True, eq=False)
class Corpus:
    """What is known of a corpus once it was read; see ``open_corpus``.

    Attributes:
        files: in the order in which they were read.
        counts: how often each character occurs in the clean text, spaces left out.
        sha256: of all files' bytes, one after the other.
        passages: int64 ``[n, 5]``: number of the file, first byte, one past the last byte,
            about how many characters there are between, and how many lines that are not blank.
    """

    files: tuple[Path, ...]
    counts: Counter[str]
    sha256: str
    passages: NDArray[np.int64]

    def read(self, number: int) -> str:
        """Return one passage as it is in its file.

        Raises:
            HandgenError: the file has changed or is gone.
        """
        file, start, stop = map(int, self.passages[number, :3])
        path = self.files[file]
        try:
            with path.open("rb") as stream:
                stream.seek(start)
                data = stream.read(stop - start)
            return data.decode()
        except UnicodeDecodeError:
            raise HandgenError(f"{path} was changed while its text was in use", "Run the command again.") from None
        except OSError as error:
            raise from_os_error(error, path) from error

    def texts(self, longest: int) -> NDArray[np.int64]:
        """Return about how many texts of at most ``longest`` characters each passage has."""
        chars, lines = self.passages[:, 3:].T
        found: NDArray[np.int64] = np.maximum(-(-chars // longest), lines)
        return found

    def left_out(self, drawn: Container[str]) -> Counter[str]:
        """Return the characters that are not in ``drawn``, and how often each occurs."""
        return Counter({char: count for char, count in self.counts.items() if char not in drawn})

    def require(self, drawn: Container[str]) -> None:
        """Refuse a corpus with characters that are not in ``drawn`` (``--strict``).

        Raises:
            UsageError: there are some; the most frequent are named.
        """
        if missing := self.left_out(drawn):
            raise UsageError(
                f"the corpus has {len(missing)} characters that cannot be drawn: {describe(missing)}",
                "Leave --strict out to cut the text around them.",
            )


def describe(missing: Counter[str]) -> str:
    """Return characters and how often they occur in one line, the most frequent first."""
    found = (
        f"{shown(char)} U+{ord(char):04X} ({count:,})".removeprefix(f"U+{ord(char):04X} ")
        for char, count in missing.most_common(_SHOWN)
    )
    return ", ".join(found) + (", …" if len(missing) > _SHOWN else "")


def _text_files(folder: Path) -> list[Path]:
    """Return the text files below a folder; a pipe among them is no text of it."""
    found = (path / name for path, _, names in walk(folder) for name in names)
    return sorted(path for path in found if path.name.lower().endswith(_SUFFIX) and path.is_file())


def first_file(path: Path) -> Path | None:
    """Return a corpus' file, or the first one of a folder; None if there is none."""
    if path.is_dir():
        return next(iter(_text_files(path)), None)
    return path if path.is_file() else None


def open_corpus(path: Path) -> Corpus:
    """Read a text file, or every ``.txt`` file in a folder and below, once.

    Raises:
        UsageError: there is none, it holds no text, or it is not UTF-8; the message names file,
            line and byte.
    """
    try:
        files = tuple(_text_files(path)) if path.is_dir() else (regular(path),)
        if not files or not files[0].is_file():
            what = f"{_SUFFIX} file in" if path.is_dir() else "text file at"
            raise UsageError(f"there is no {what} {path}", "Check --corpus.")
        survey = _Survey(sum(file.stat().st_size for file in files))
        for number, file in enumerate(files):
            survey.read(number, file, file if path.is_dir() else path)
    except OSError as error:
        raise from_os_error(error, path) from error
    passages = np.concatenate([np.empty((0, 5), np.int64), *survey.passages])
    counts = Counter({chr(code): int(survey.counts[code]) for code in np.flatnonzero(survey.counts)})
    del counts[" "]
    if not counts:
        raise UsageError(f"the corpus {path} holds no text", "Give another --corpus.")
    return Corpus(files, counts, survey.digest.hexdigest(), passages)


class _Survey:
    """One reading of all files.

    Args:
        total: bytes of all files.
    """

    def __init__(self, total: int) -> None:
        self.cell = max(1, total // _PASSAGES)
        self.counts = np.zeros(0x110000, np.int64)
        self.digest = hashlib.sha256()
        self.passages: list[NDArray[np.int64]] = []

    def read(self, number: int, path: Path, name: Path) -> None:
        """Read the file at ``path``, which messages call ``name``."""
        offset, line, column = 0, 1, 0
        for block in _blocks(path):
            try:
                text = block.decode()
            except UnicodeDecodeError as error:
                before = block[: error.start]
                ends = line_ends(before)
                breaks = len(ends)
                byte = error.start - int(ends[-1]) + 1 if breaks else column + error.start + 1
                raise UsageError(
                    f"{name} is not UTF-8 (line {line + breaks}, byte {byte})", "Save it as UTF-8."
                ) from None
            self.digest.update(block)
            codes = np.frombuffer(clean(text).encode("utf-32-le"), np.uint32)
            found = np.bincount(codes)
            self.counts[: len(found)] += found
            self.passages.append(self._cut(number, offset, block))
            offset += len(block)
            ends = line_ends(block)
            line += len(ends)
            column = len(block) - int(ends[-1]) if len(ends) else column + len(block)

    def _cut(self, number: int, offset: int, block: bytes) -> NDArray[np.int64]:
        """Return the passages of one block: whole lines of it, or a part of a long line."""
        data = np.frombuffer(block, np.uint8)
        ends = line_ends(block)
        lines = np.concatenate([[0], ends[ends < len(block)]])
        per_line = np.add.reduceat((data & 0xC0 != 0x80) & (data > ord(" ")), lines, dtype=np.int64)
        cells = (offset + lines) // self.cell
        first = np.flatnonzero(np.concatenate([[True], cells[1:] != cells[:-1]]))
        starts = lines[first]
        stops = np.append(starts[1:], len(block))
        chars = np.add.reduceat(per_line, first)
        filled = np.add.reduceat(per_line > 0, first, dtype=np.int64)
        found = np.stack([np.full(len(starts), number), starts + offset, stops + offset, chars, filled], axis=1)
        return found[chars > 0].astype(np.int64)


def _blocks(path: Path) -> Iterator[bytes]:
    """Yield a file in blocks that end with a line, or within one that is longer than a block."""
    with path.open("rb") as stream:
        kept = b""
        while len(kept := kept + stream.read(_BLOCK)) >= _BLOCK:
            stop = _end_of_block(kept)
            yield kept[:stop]
            kept = kept[stop:]
        if kept:
            yield kept


def _end_of_block(data: bytes) -> int:
    """Return where to cut: after the last line break, else after a full stop or space, else after a character."""
    ends = line_ends(data.removesuffix(b"\r"))  # half of a CR LF, perhaps
    line = int(ends[-1]) if len(ends) else 0
    stop = max(data.rfind("。".encode()) + len("。".encode()), data.rfind(b" ") + 1)
    if line or stop > len(data) // 2:
        return line or stop
    starts = (position for position in range(len(data) - 1, len(data) - 4, -1) if data[position] & 0xC0 != 0x80)
    return next(starts, len(data))


class CorpusTexts:
    """Texts out of a corpus; text i is a function of (seed, i) alone.

    A short line is one text as it is. A long one counts as so many as it would fill, and each of
    these is cut near its position in the line, with any length between the limits. All are taken
    once, in random order, before any is taken again.

    Args:
        corpus: where they come from.
        drawn: the characters that can be drawn; texts are cut around all others.
        limits: of the length.
        seed: of the run.

    Raises:
        UsageError: not one text is left.
    """

    def __init__(self, corpus: Corpus, drawn: str, limits: Limits, seed: int) -> None:
        self.corpus, self.drawn, self.limits, self.seed = corpus, frozenset(drawn), limits, seed
        self.text(0)

    @cached_property
    def _ends(self) -> NDArray[np.int64]:
        """How many texts each passage and those before it stand for."""
        return np.cumsum(self.corpus.texts(self.limits.longest))

    def text(self, index: int) -> str:
        """Return text number ``index``."""
        turn, position = divmod(index, int(self._ends[-1]))
        slot = shuffled(position, int(self._ends[-1]), self.seed, "corpus", turn)
        passage = int(np.searchsorted(self._ends, slot, side="right"))
        # Where a passage has more texts than it counts for, another turn takes others.
        slot -= int(self._ends[passage - 1]) if passage else 0
        slot += turn * int(self._ends[passage] - (self._ends[passage - 1] if passage else 0))
        shift, length = uniforms(self.seed, "cut", np.array([index]), 2)[0]
        for number in range(len(self._ends)):
            text = self._take((passage + number) % len(self._ends), slot, shift, length)
            if text:
                return text
        missing = self.corpus.left_out(self.drawn)
        apart = sum(not composable(char) for char in missing) if all(map(composable, self.drawn)) else 0
        raise UsageError(
            f"the corpus has no text of {self.limits.shortest} to {self.limits.longest} characters that can be drawn"
            + (f"; these cannot: {describe(missing)}" if missing else "")
            + (f"; {apart:,} of them are {UNCOMPOSED}" if apart else ""),
            "Let fonts draw whole lines with --model fonts, or give a --corpus of another script."
            if apart and apart == len(missing)
            else "Change --min-chars and --max-chars, or give another --corpus, or a --font that has its characters.",
        )

    def running(self, index: int, least: int) -> str:
        """Return running text, lines after each other from a random one on, as far as it can be drawn.

        Args:
            index: number of the text.
            least: characters it has, if the corpus has that many.
        """
        start = int(uniforms(self.seed, "running", np.array([index]), 1)[0, 0] * len(self._ends))
        found: list[str] = []
        for number in range(min(len(self._ends), _MOST_PASSAGES)):
            for line in split_lines(self.corpus.read((start + number) % len(self._ends))):
                found += [part for part in stretches(clean(line), self.drawn) if wordy(part)]
                if sum(map(len, found)) >= least:
                    return " ".join(found)
        return " ".join(found) or self.text(index)

    def _take(self, passage: int, slot: int, shift: float, length: float) -> str:
        """Cut one text out of a passage; empty when it has none."""
        limits, longest = self.limits, self.limits.longest
        lines = (clean(line) for line in split_lines(self.corpus.read(passage)))
        parts = [part for line in lines for part in stretches(line, self.drawn) if len(part) >= limits.shortest]
        parts = [part for part in parts if wordy(part)]
        slots = [-(-len(part) // longest) for part in parts]
        slot %= sum(slots) or 1
        for part, count in zip(parts, slots, strict=True):
            if slot < count:
                target = limits.shortest + round(length * (longest - limits.shortest))
                near = min(int((slot + shift) * longest), len(part) - target)
                found = part if count == 1 else piece(part, near, target, limits)
                return found if limits.allow(found) else ""
            slot -= count
        return ""
