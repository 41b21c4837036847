"""Trace free handwriting fonts for the pen, and write the hands that come with handgen: ``make hands``.

    handgen fonts fetch zh && handgen fonts fetch en     # what is not at hand cannot be traced
    python -m examples.hands.run latin
    python -m examples.hands.run han

A font is taken if the catalog knows it as handwriting and its license is a free one, and if enough of its glyphs can
be traced. No stroke data is looked at, so the forms are under the fonts' licenses alone.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from fontTools.ttLib import TTFont
from rich.console import Console
from rich.progress import track

from handgen.files import sha256
from handgen.fonts.catalog import find_entry
from handgen.fonts.charsets import load_charset, unique_chars
from handgen.fonts.find import FoundFont, find_fonts
from handgen.hands import MOST, ROOT, SUFFIX
from handgen.strokes.hands import TracedHand, open_hands, write_hands
from handgen.strokes.tracing import TRACED, FontForms, trace_font

CHARSETS = {
    "latin": load_charset("latin"),
    "han": unique_chars(load_charset("gb2312") + load_charset("ascii") + "，。、；：？！“”‘’（）《》〈〉【】…—·￥"),
}
KINDS = {"latin": {"pen", "running", "brush", "caps"}, "han": {"pen", "running", "kai", "brush"}}
MORE = {"ZCOOL KuaiLe"}
"""Display faces that are drawn as by a hand."""
FREE = {"OFL-1.1", "Apache-2.0", "BSD-3-Clause", "public domain"}
TRACED_SHARE = 0.5
"""Of the characters of a script that a hand has at least."""

CARD_HEAD = """# Traced hands

The centerlines of free handwriting fonts, along which the source `traced` writes, so that it needs no font. Strokes are
cosine series of 12 terms; nothing of the fonts' outlines is left. The hands are derived from the fonts, and under the
fonts' licenses: [OFL-1.1](OFL-1.1.txt) for most; Apache-2.0 is the license of handgen itself, BSD-3-Clause asks to keep
the notice in the table, and some are in the public domain. What is written with them may be used as writing with the
fonts themselves may be. examples/worth says what they are worth on real handwriting.

`make hands` makes the files again, from the fonts that `handgen fonts fetch zh` and `handgen fonts fetch en` bring, and
Debian's `fonts-kouzan-mouhitsu`, `fonts-aoyagi-soseki` and `fonts-kiloji` if they are installed.

Beside them are [allographs](allographs.txt): forms of letters, digits and simple Chinese characters that people
write and fonts hardly have, such as looped l, barred 7, and 四 with two short strokes inside, drawn for handgen and
under its license. [legible.csv](legible.csv) says how much of a neat Chinese hand PP-OCR reads, in %, where writers of
a cursiveness under .3 write 130 to 630 characters with ink and grain: such writers have the hands from 92.5 on."""

console = Console(highlight=False)


def suitable(script: str) -> list[FoundFont]:
    """Return one face of each family at hand that may be a hand."""
    families: dict[str, FoundFont] = {}
    for font in find_fonts():
        entry = find_entry(font.family)
        fits = entry and entry.script == script and (entry.kind in KINDS[script] or entry.family in MORE)
        if fits and not font.broken and font.license in FREE and font.subfamily in ("Regular", "Book", "Normal", ""):
            families.setdefault(font.family, font)
    return list(families.values())


def copyright_of(path: Path) -> str:
    """Return what a font says of its copyright, on one line."""
    with TTFont(path, fontNumber=0, lazy=True) as font:
        return " ".join((font["name"].getDebugName(0) or "").split())[:300]


def traced(script: str) -> dict[TracedHand, FontForms]:
    """Trace the fonts of a script."""
    chars, made = CHARSETS[script], {}
    for font in track(suitable(script), f"tracing for {script}", console=console):
        forms = trace_font(font.ref, chars, {})
        share = float((forms.way == TRACED).mean())
        console.print(
            f"{font.family}: {share:.0%} of {len(chars):,} characters" + (", left out" * (share < TRACED_SHARE))
        )
        if share >= TRACED_SHARE:
            about = (font.family, font.kind, font.license, copyright_of(font.ref.path), sha256(font.ref.path))
            made[TracedHand(font.ref.style_name, *about)] = forms
    return made


def card(folder: Path) -> str:
    """Return what README.md of the files says: whose fonts they are."""
    lines = [CARD_HEAD]
    for script in CHARSETS:
        file = folder / f"{script}{SUFFIX}"
        if file.is_file():
            opened = open_hands(file)
            lines += [
                f"\n## {script}: {len(opened.hands)} hands, {len(opened.chars):,} characters\n",
                "| family | kind | license | copyright |",
                "|---|---|---|---|",
            ]
            lines += [
                f"| {hand.family} | {hand.kind} | {hand.license} | {hand.copyright.replace('|', '/')} |"
                for hand in opened.hands
            ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Trace, write, and say how large it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("script", choices=CHARSETS)
    parser.add_argument("--out", type=Path, default=ROOT, help="folder of the file (default: inside handgen)")
    given = parser.parse_args()
    torch.set_num_threads(1)
    file = given.out / f"{given.script}{SUFFIX}"
    write_hands(file, traced(given.script))
    (given.out / "README.md").write_text(card(given.out), encoding="utf-8")
    size = file.stat().st_size
    console.print(f"{file}: {len(open_hands(file).hands)} hands, {size / 1e6:.1f} MB of at most {MOST / 1e6:.0f}")


if __name__ == "__main__":
    main()
