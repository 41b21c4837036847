"""Parts of other packages: entry points, as an installed package has them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.check.conftest import png, save

EFFECT = '''
    from dataclasses import dataclass
    from typing import ClassVar

    from handgen.degrade.base import Effect, column
    from handgen.settings import setting

    @dataclass(frozen=True)
    class Veil(Effect):
        """A gray veil over everything."""

        name: ClassVar[str] = "veil"
        gray: float = setting(0.5, "How gray.", minimum=0, maximum=1)

        def params(self, u):
            return {"gray": u[:, 0] * 0 + self.gray}

        def apply(self, images, params):
            return images.clamp(max=1) * 0 + column(params["gray"], images)
'''
FORMAT = '''
    from handgen.formats.base import Format
    from handgen.formats.listed import Entry, ListReader, ListWriter, lines_of

    class SemicolonWriter(ListWriter):
        """Writes images and a list of path;label."""

        format = "semicolon"
        whole = "list.semicolon"

        def _entry(self, name, label, sample):
            return f"{name};{label}"

    class SemicolonReader(ListReader):
        """Reads them."""

        format = "semicolon"
        marks = ("*.semicolon",)

        def _rows(self, file, findings):
            for _, line in lines_of(file, findings):
                name, _, label = line.partition(b";")
                yield Entry(name.decode(), label)

    SEMICOLON = Format(SemicolonWriter, SemicolonReader)
'''
POINTS = """
    [handgen.formats]
    semicolon = plugged.semicolon:SEMICOLON

    [handgen.effects]
    veil = plugged.veil:Veil
    elastic = plugged.veil:Veil
    torn = plugged.nowhere:Torn

    [handgen.metrics]
    broken = plugged.broken:Broken
"""


@pytest.fixture
def installed(tmp_path) -> Path:
    """A folder that holds a package as pip leaves it: its modules, and a .dist-info with entry points."""
    package, about = tmp_path / "plugged", tmp_path / "handgen_plugged-1.0.dist-info"
    package.mkdir()
    about.mkdir()
    (package / "__init__.py").touch()
    (package / "veil.py").write_text(textwrap.dedent(EFFECT))
    (package / "semicolon.py").write_text(textwrap.dedent(FORMAT))
    (package / "broken.py").write_text("raise RuntimeError('out of order')\n")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: handgen-plugged\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(textwrap.dedent(POINTS))
    return tmp_path


def ran(installed, *command):
    """Run a command in a process that finds the package."""
    path = os.pathsep.join([str(installed), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [sys.executable, *command], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )


COMMANDS = """
import json, sys
from handgen.cli import run
for words in json.loads(sys.argv[1]):
    print("exit", run(words), flush=True)
"""


def handgen(installed, *commands):
    """Run commands of handgen one after another; return what they print and say, and their exit codes."""
    done = ran(installed, "-c", COMMANDS, json.dumps([list(map(str, words)) for words in commands]))
    lines = done.stdout.splitlines()
    codes = [int(line.split()[1]) for line in lines if line.startswith("exit ")]
    return "\n".join(line for line in lines if not line.startswith("exit ")), done.stderr, codes


def test_an_effect_of_another_package_degrades(installed, caveat):
    recipe, torn, picture = (installed / name for name in ("veil.yaml", "torn.yaml", "out.png"))
    recipe.write_text("veil: {gray: 0.25}\n")
    torn.write_text("torn: {}\n")
    command = ("--font", caveat, "--text", "ab", "--out", picture)
    _, said, codes = handgen(installed, *(("preview", "--degrade", each, *command) for each in (recipe, torn)))
    assert codes == [0, 1], said
    assert picture.is_file()
    assert "the effect 'elastic' of the package handgen-plugged is left out: the name is taken" in said
    assert "the effect 'torn' of the package handgen-plugged cannot be imported" in said
    assert said.count("error:") == 1


def test_a_format_of_another_package_is_written_and_read(installed):
    texts = ["永", "和", "九"]
    records = {b"num-samples": b"3"}
    for number, text in enumerate(texts, 1):
        records |= {b"image-%09d" % number: png(number), b"label-%09d" % number: text.encode()}
    save(installed / "in", records)
    there, back = installed / "there", installed / "back"
    printed, said, codes = handgen(
        installed,
        ("convert", installed / "in", there, "--format", "semicolon"),
        ("convert", there, back, "--format", "doctr"),
        ("check", there, "--json"),
    )
    assert codes == [0, 0, 0], said
    assert [line.partition(";")[2] for line in (there / "list.semicolon").read_text("utf-8").splitlines()] == texts
    assert json.loads(printed[printed.index("{") :])["datasets"][0]["format"] == "semicolon"
    assert list(json.loads((back / "labels.json").read_text("utf-8")).values()) == texts


def test_what_cannot_be_imported_is_named_and_the_rest_goes_on(installed):
    code = """
    import warnings
    from handgen.metrics import METRICS
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        print(*METRICS.loaded(), *METRICS.loaded())
    print(*(each.message for each in told), sep="; ")
    """
    done = ran(installed, "-c", textwrap.dedent(code))
    names, told = done.stdout.splitlines()
    assert names.split()[:2] == ["l1", "rmse"]
    assert "broken" not in names.split()
    assert told.count("left out") == 1
    assert "the metric 'broken' of the package handgen-plugged" in told
    assert "RuntimeError: out of order" in told


def test_listing_imports_no_package(installed):
    code = (
        "import sys; from handgen.degrade import EFFECTS; print([*EFFECTS][-1], 'plugged' in sys.modules, sep=chr(10))"
    )
    entry, imported = ran(installed, "-W", "ignore", "-c", code).stdout.splitlines()
    assert "torn" in entry
    assert "handgen-plugged" in entry
    assert imported == "False"
