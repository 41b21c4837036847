from __future__ import annotations

import json
from pathlib import Path

import pytest

from handgen.cli import run

FRENCH = (
    "Je pense souvent à cette maison au bord de la rivière, où nous avons passé tant de soirées. Le jardin "
    "descendait jusqu'à l'eau, et les arbres, très vieux, se penchaient au-dessus du courant.\n"
    "Nous arriverons jeudi par le train de dix heures, si tout va bien. Ne préparez rien de particulier.\n"
    "Les chemins sont devenus impraticables et le facteur ne passe plus que le mardi. Heureusement, nous avons "
    "du bois pour l'hiver et quelques bons livres.\n"
)
COUNT = 4
SIZE = "700x560"
SMALL = ("--page-size", "420x300", "--count", 3)


def command(corpus, font, out, *more):
    """The command line of a run of small pages, in PNG files."""
    words = ["synth", "--pages", "--model", "fonts", "--fonts", font, "--corpus", corpus, "--out", out]
    words += ["--count", COUNT, "--height", 30, "--page-size", SIZE, "--page-image", "png", "--gate", "off"]
    return [str(word) for word in (*words, *more)]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("texts") / "french.txt"
    path.write_text(FRENCH, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def pages(corpus, kalam, tmp_path_factory):
    """A run: all papers, all formats, all that a writer puts right."""
    out = tmp_path_factory.mktemp("pages") / "run"
    right = ["--insertions", 0.3, "--overwrites", 0.2, "--hyphens", 1, "--boxes", "--page-boxes", "--workers", 2]
    assert run(command(corpus, kalam, out, *right, "--page-format", "alto,page,coco,conversations")) == 0
    return out


def records(out):
    """What is known of each page of a run."""
    return [json.loads(line) for line in (Path(out) / "pages" / "pages.jsonl").open(encoding="utf-8")]


def lines_of(record, *, printed=False):
    """The lines of a page, in order."""
    return [line for block in record["blocks"] if printed or block["kind"] != "printed" for line in block["lines"]]
