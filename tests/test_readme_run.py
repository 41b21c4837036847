"""README.md as a stranger meets it: every command block, in order, in an empty folder with an empty home, offline.

Commands run as printed but for counts and budgets, with the package as pip installs it. What would come from the
network comes from stand-ins of npm and pip: ``fonts fetch zh`` gets the real Heiti and two hands of rectangles.
``make readme`` runs it; the rest of the tests leave it out.
"""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import lmdb
import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image

from handgen.fonts.catalog import fetchable
from handgen.fonts.charsets import load_charset
from tests.conftest import build_font, rectangle

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
HANDS = ("Ma Shan Zheng", "LXGW WenKai")
"""Families whose stand-ins have enough characters to be drawn."""
WRITTEN = "的一是不了人我在有中大上个国"
"""Characters of the handwriting that a stranger has photographed."""

pytestmark = pytest.mark.readme

CLIENT = """
import os, pathlib, shutil, sys
option = "--pack-destination" if "pack" in sys.argv else "--dest"
folder = sys.argv[sys.argv.index(option) + 1]
for word in sys.argv:
    name = word.replace("==", "@")
    package = pathlib.Path(os.environ["STAND_INS"], name.strip("@").replace("/", "-").rpartition("@")[0] or "none")
    if package.is_dir():
        (archive,) = package.iterdir()
        shutil.copy(archive, folder)
        sys.exit()
sys.exit(f"nothing stands in for {sys.argv[1:]}")
"""


def blocks():
    """The README's command blocks, in order: lists of lists of words."""
    found = re.findall(r"^```sh\n(.*?)^```", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [[shlex.split(line, comments=True) for line in block.splitlines() if line.strip()] for block in found]


def font_bytes(path, chars, flavor):
    """A font of rectangles, another for each character."""
    shapes = {}
    for char in chars:
        bits = ord(char)
        sides = [60 + 97 * ((bits >> 3 * number) & 7) for number in range(4)]
        shapes[char] = [rectangle(sides[0], sides[1], sides[0] + 160, sides[1] + 90 + sides[2] // 3)]
        shapes[char] += [rectangle(sides[3], 10, sides[3] + 70, 740)]
    font = TTFont(build_font(path, shapes, family=path.stem))
    font.flavor = flavor
    buffer = io.BytesIO()
    font.save(buffer)
    return buffer.getvalue()


def npm_package(folder, take, data):
    """Write a package as npm packs it."""
    folder.mkdir(parents=True)
    with tarfile.open(folder / "package.tgz", "w:gz", compresslevel=1) as tar:
        for name, content in ((f"package/{take.replace('*', 'x')}", data), ("package/LICENSE", b"OFL-1.1")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def stand_ins(folder, heiti, scratch):
    """Write the packages of the group zh; pip's are real."""
    scratch.mkdir()
    han = load_charset("gb2312-1")
    wide = {name: font_bytes(scratch / f"{number}.ttf", han[:2100], "woff2") for number, name in enumerate(HANDS)}
    small = font_bytes(scratch / "small.ttf", han[:3], "woff2")
    for entry in fetchable("han"):
        source = entry.source
        package = folder / source.package.strip("@").replace("/", "-")
        if source.type == "npm":
            if not package.exists():
                npm_package(package, source.take, wide.get(entry.family, small))
        elif not package.exists():
            package.mkdir(parents=True)
            with zipfile.ZipFile(package / "package-0-py3-none-any.whl", "w") as wheel:
                for font in heiti.parent.glob("*.otf"):
                    wheel.write(font, f"fonts/{font.name}")
                wheel.writestr("fonts/LICENSE", "OFL-1.1")


def program(path, text):
    path.write_text(f"#!{sys.executable}\n{text}", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path, heiti):
    """Return the environment of a stranger: nothing in it but programs; the folders ``home`` and ``here`` are empty."""
    bin, site, fakes = tmp_path / "bin", tmp_path / "site", tmp_path / "fakes"
    for folder in (bin, fakes / "pip", tmp_path / "home", tmp_path / "here"):
        folder.mkdir(parents=True)
    stand_ins(tmp_path / "packages", heiti, tmp_path / "scratch")
    (fakes / "pip" / "__init__.py").touch()
    (fakes / "pip" / "__main__.py").write_text(CLIENT, encoding="utf-8")
    program(bin / "npm", CLIENT)
    program(bin / "handgen", 'from handgen.__main__ import main\nif __name__ == "__main__":\n    main()')
    return {
        "PATH": os.pathsep.join([str(bin), os.defpath]),
        "PYTHONPATH": os.pathsep.join([str(fakes), str(site)]),
        "HOME": str(tmp_path / "home"),
        "XDG_DATA_DIRS": str(tmp_path / "none"),
        "STAND_INS": str(tmp_path / "packages"),
        "PIP_NO_INDEX": "1",
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "200",
        "LANG": "C.UTF-8",
    }


class Stranger:
    """Runs the README's commands, and remembers what they printed."""

    def __init__(self, environment, folder):
        self.environment, self.folder = environment, folder
        self.here, self.home = folder / "here", folder / "home"

    def run(self, *words, **options):
        """Run a command; it has to succeed. Returns what it printed, with single blanks."""
        done = subprocess.run(
            list(map(str, words)),
            **({"cwd": self.here, "env": self.environment} | options),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{shlex.join(map(str, words))}\n{done.stdout}{done.stderr}"
        return " ".join((done.stdout + done.stderr).split())

    def with_budget(self, words):
        """Run a command of the README with a smaller count or budget."""
        smaller = next((change for start, change in BUDGETS.items() if " ".join(words).startswith(start)), [])
        return self.run(*words, *smaller)

    def manifest(self, folder):
        return json.loads((self.here / folder / "manifest.json").read_text(encoding="utf-8"))


BUDGETS = {
    "handgen render": ["--per-font", "40", "--workers", "1"],
    "handgen train zi2zi --from": ["--code-images", "16", "--adapter-images", "16", "--batch", "8"],
    "handgen train zi2zi": ["--images", "32", "--batch", "8"],
    "handgen synth": ["--count", "60"],
}
"""The first that a command begins with is added to it: counts and budgets alone."""


def make(stranger, words):
    """Let make say what it would do; ``make`` alone lists what there is."""
    if words == ["make"]:
        assert "make demo" in stranger.run("make", cwd=ROOT)
    else:
        assert stranger.run("make", "-n", *words[1:], cwd=ROOT)


def pip_install(stranger, words):
    """Install the package, without what it needs, which is there; nobody may write into it."""
    assert words == ["pip", "install", "-c", "constraints.txt", "."]
    site = stranger.folder / "site"
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--target", site]
    own = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    stranger.run(sys.executable, "-m", *words, *offline, cwd=ROOT, env=own)
    for path in site.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)


def fetch(stranger, words):
    said = stranger.run(*words)
    assert "fetched" in said
    assert "failed" not in said
    fonts = {path.name for path in (stranger.home / ".local/share/handgen/fonts").iterdir()}
    assert {"noto-sans-sc.otf", "ma-shan-zheng.ttf", "lxgw-wenkai.ttf", "LICENSE-noto-sans-sc.txt"} <= fonts


def render(stranger, words):
    said = stranger.with_budget(words)
    assert "looks written by hand" not in said
    assert "next: handgen train zi2zi" in said
    styles = [style["name"] for style in stranger.manifest("data/glyphs")["styles"]]
    assert styles == ["noto-sans-sc", "lxgw-wenkai", "ma-shan-zheng"]
    assert (stranger.here / "data/glyphs/preview.png").is_file()


def train(stranger, words):
    said = stranger.with_budget(words)
    run = stranger.here / "runs/zi2zi"
    assert "next:" in said
    assert {"model.safetensors", "state.safetensors"} <= {path.name for path in run.iterdir()}
    assert list(run.glob("*.png"))
    plan = stranger.run("handgen", "synth", "--dry-run")
    assert "the recipe zh" in plan  # what a training of seconds has made is not taken, and this is said
    assert "not runs/zi2zi" in plan
    (run / "stats.jsonl").unlink()  # as if it had had its time: a run that says nothing of it counts as good


def synth(stranger, words):
    said = stranger.with_budget(words)
    assert "runs/zi2zi" in said
    assert "licenses zi2zi: OFL-1.1" in said
    manifest = stranger.manifest("datasets/zi2zi")
    rows = manifest["info"]["style_table"]
    assert len(rows) == 15
    assert [row["name"] for row in rows[:2]] == ["lxgw-wenkai", "ma-shan-zheng"]
    assert all("mix" in row["name"] for row in rows[2:])  # fewer than asked are filled up by mixtures
    assert {"source font Noto Sans SC", *(row["name"] for row in rows[:2])} == set(
        manifest["info"]["licenses"][0]["licenses"]
    )
    with lmdb.open(str(stranger.here / "datasets/zi2zi"), readonly=True, lock=False) as env, env.begin() as data:
        assert int(data.get(b"num-samples")) == 60
        assert data.get(b"label-000000001").decode() in load_charset("gb2312-1")  # where the README says it is
        assert Image.open(io.BytesIO(data.get(b"image-000000001"))).size == (64, 64)


def check(stranger, words):
    assert "no defect," in stranger.run(*words)


def import_images(stranger, words):
    """Photographs of one's own characters, in the folder that the README names."""
    folder = stranger.here / words[3]
    folder.mkdir()
    font = stranger.here / "data/glyphs"
    images, labels = np.load(font / "images.npy"), np.load(font / "labels.npy")
    for char in WRITTEN:
        row = next(row for row in np.flatnonzero(labels["char"] == char) if labels["style"][row] == 0)
        Image.fromarray(np.roll(images[row], 2, axis=0)).save(folder / f"{char}_1.png")
    assert f"{len(WRITTEN)} glyphs of {len(WRITTEN)} characters" in stranger.run(*words)
    assert stranger.manifest("data/mine")["raster"]["source"].endswith(".otf")


def add_style(stranger, words):
    site = stranger.folder / "site"
    before = sorted(site.rglob("*"))
    said = stranger.with_budget(words)
    assert sorted(site.rglob("*")) == before  # the installation stays as it is
    assert (stranger.home / ".local/share/handgen/styles/zh/mine.safetensors").is_file()
    assert "handgen synth --model zh --styles mine" in said


def synth_mine(stranger, words):
    said = stranger.with_budget(words)
    assert "zh" in said
    assert "weights Apache-2.0" in said
    (row,) = stranger.manifest("datasets/mine")["info"]["style_table"]
    assert row["name"] == "mine"


STEPS = {
    "make": make,
    "pip install": pip_install,
    "handgen fonts fetch zh": fetch,
    "handgen render": render,
    "handgen train zi2zi --from zh": add_style,
    "handgen train zi2zi": train,
    "handgen synth --model zh --styles mine": synth_mine,
    "handgen synth --styles 15": synth,
    "handgen check": check,
    "handgen import images": import_images,
}
"""What a command begins with -> who runs it and looks at what the text promises; the first that fits."""


def test_the_readme_as_printed(machine, tmp_path):
    stranger = Stranger(machine, tmp_path)
    done = []
    for words in [words for block in blocks() for words in block if words]:
        line = " ".join(words)
        step = next((step for start, step in STEPS.items() if line.startswith(start)), None)
        assert step, f"README.md shows '{line}', and no test looks at what it promises"
        step(stranger, words)
        done.append(step)
    assert set(done) == set(STEPS.values())  # what it once showed, it shows still
    for path in (tmp_path / "site").rglob("*"):
        path.chmod(0o755)
    shutil.rmtree(tmp_path / "site")
