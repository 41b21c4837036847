"""Write the catalog of Latin handwriting fonts, handgen/fonts/latin.json, from npm's packages and latin.csv.

    python -m examples.fonts.run

latin.csv says what a look at the sheets told: the kind of each family, and which ones `handgen fonts fetch en` brings.
npm brings the newest packages; the rest is read from them or measured: names, versions, licenses, and how many
characters of the charset `latin` have ink of their own. Sheets to look at come into the work folder.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from handgen.fonts import catalog
from handgen.fonts.charsets import load_charset
from handgen.fonts.coverage import survey
from handgen.fonts.face import FontRef
from handgen.fonts.merge import merge_slices

KINDS = Path(__file__).with_name("latin.csv")
OUT = Path(catalog.__file__).with_name("latin.json")
SCOPE = "@fontsource"
LICENSES = ("OFL-1.1", "Apache-2.0")
TEXT = "Handgloves AQRf bjkwz 1247 ßéÅ?&@"
ROW, WIDTH, COLUMNS, ROWS = 46, 760, 2, 32


def looked_at() -> dict[str, tuple[str, bool]]:
    """Return package -> its kind, and whether the group ``en`` holds it."""
    with KINDS.open(encoding="utf-8", newline="") as file:
        return {row["package"]: (row["kind"], row["first"] == "yes") for row in csv.DictReader(file)}


def install(names: list[str], work: Path) -> Path:
    """Have npm bring the packages that are not in ``work`` yet, all at once; return the folder that holds them."""
    folder = work / "node_modules" / SCOPE
    if not all((folder / name).is_dir() for name in names):
        wanted = {f"{SCOPE}/{name}": "latest" for name in names}
        plan = {"name": "fonts", "private": True, "optionalDependencies": wanted}
        (work / "package.json").write_text(json.dumps(plan), encoding="utf-8")
        subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=work, check=True)
    return folder


def describe(package: Path, work: Path) -> tuple[dict[str, Any], Path]:
    """Return what the catalog says of a package, less the kind, and its font.

    Raises:
        ValueError: it holds no license file, or its license is none of LICENSES.
    """
    about = json.loads((package / "metadata.json").read_text(encoding="utf-8"))
    terms = about.get("license")
    if not isinstance(terms, dict) or terms["type"] not in LICENSES or not (package / "LICENSE").is_file():
        raise ValueError("no license")
    weight = min(about["weights"], key=lambda each: abs(each - 400))
    style = "normal" if "normal" in about["styles"] else about["styles"][0]
    take = f"files/*-latin*-{weight}-{style}.woff2"
    fonts = work / "fonts"
    fonts.mkdir(exist_ok=True)
    font = next(fonts.glob(f"{package.name}.?tf"), None) or merge_slices(
        sorted(package.glob(take)), fonts, package.name
    )
    version = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
    row = {
        "family": about["family"],
        "script": "latin",
        "license": terms["type"],
        "draws": len(survey(FontRef(font), load_charset("latin")).drawn),
        "source": {"type": "npm", "package": f"{SCOPE}/{package.name}", "version": version, "take": take},
    }
    return row, font


def sheets(fonts: list[Path], work: Path) -> Iterator[Path]:
    """Write a line in each font, in the order of ``fonts``, on pages."""
    page = COLUMNS * ROWS
    for number, first in enumerate(range(0, len(fonts), page)):
        shown = fonts[first : first + page]
        image = Image.new("L", (WIDTH * COLUMNS, ROW * -(-len(shown) // COLUMNS)), 255)
        draw = ImageDraw.Draw(image)
        for position, path in enumerate(shown):
            x, y = position % COLUMNS * WIDTH, position // COLUMNS * ROW
            top, bottom = (ImageFont.truetype(path, 60).getbbox("Hagx")[side] for side in (1, 3))
            font = ImageFont.truetype(path, max(14, min(60, 1800 // max(1, round(bottom - top)))))
            draw.text((x + 150, y + 36), TEXT, font=font, fill=0, anchor="ls")
            draw.rectangle((x, y, x + 148, y + ROW), fill=255)
            draw.text((x + 2, y + 16), path.stem, fill=0)
        file = work / f"sheet-{number}.png"
        image.save(file)
        yield file


def main() -> None:
    """Write the catalog."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("fonts-work"), help="folder for packages, fonts and sheets")
    work = parser.parse_args().work
    work.mkdir(parents=True, exist_ok=True)
    kinds = looked_at()
    folder = install(list(kinds), work)
    rows, fonts = [], []
    for name, (kind, first) in kinds.items():
        if not (folder / name).is_dir():
            print(f"{name}: npm does not have it", file=sys.stderr)
            continue
        try:
            row, font = describe(folder / name, work)
        except ValueError as error:
            print(f"{name}: {error}", file=sys.stderr)
            continue
        rows.append(row | {"kind": kind} | ({} if first else {"more": True}))
        fonts.append(font)
    lines = ",\n".join(f"    {json.dumps(row, ensure_ascii=False)}" for row in rows)
    OUT.write_text(f'{{\n  "fonts": [\n{lines}\n  ]\n}}\n', encoding="utf-8")
    print(f"{len(rows)} families in {OUT}", *sheets(fonts, work), sep="\n")


if __name__ == "__main__":
    main()
