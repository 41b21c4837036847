"""``handgen import`` from the command line, through training, on handwriting that fonts stand in for."""

from __future__ import annotations

import gzip
import json
import struct

import numpy as np
import pytest
from PIL import Image

from handgen.cli import run
from handgen.glyphs.store import GlyphStore
from handgen.training.data import Domains, Pairs, split_store
from tests.collect.conftest import hand, record, written  # noqa: F401 - a fixture

CHARS = "ABCDEFGHKMRSabdegq2345"
WIDTH = ("--width", "4", "--batch", "4", "--images", "8")
SMALL = (*WIDTH, "--code-dim", "8")


@pytest.fixture(scope="module")
def gnt(tmp_path_factory, kalam, zeyada):
    """Two writers with two samples of each character, a damaged record in the first file."""
    folder = tmp_path_factory.mktemp("gnt")
    for name, font in (("001-f", kalam), ("002-f", zeyada)):
        records = [record(char, written(font, char, pixels)) for pixels in (40, 70) for char in CHARS]
        if name == "001-f":
            records.insert(5, record("永", np.zeros((30, 30), np.uint8), size=3))
            records.append(record("永", np.full((30, 30), 255, np.uint8)))
        (folder / f"{name}.gnt").write_bytes(b"".join(records))
    return folder


@pytest.fixture(scope="module")
def imported(gnt, heiti, tmp_path_factory):
    out = tmp_path_factory.mktemp("imported") / "store"
    charset = out.with_suffix(".txt")
    charset.write_text(CHARS)
    assert run(["import", "gnt", str(gnt), "--font", str(heiti), "--charset", str(charset), "--out", str(out)]) == 0
    return GlyphStore(out)


def call(capsys, *arguments):
    code = run([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return code, captured.out, captured.err


def test_the_store_holds_every_sample_and_the_source(imported):
    assert [(style.name, style.role) for style in imported.styles] == [
        ("noto-sans-sc", "source"),
        ("001-f", "target"),
        ("002-f", "target"),
    ]
    assert [len(imported.rows(style)) for style in range(3)] == [len(CHARS), 2 * len(CHARS), 2 * len(CHARS)]
    assert sorted(set(imported.labels["sample"][imported.rows(1)].tolist())) == [0, 1]
    origin = imported.styles[1].origin
    assert (origin.kind, origin.file) == ("gnt", "001-f.gnt")
    assert (imported.images.min((1, 2)) < 60).all()
    assert (imported.path / "preview.png").is_file()


def test_what_was_skipped_is_said_and_kept(capsys, gnt, heiti, tmp_path):
    out = tmp_path / "store"
    code, said, _ = call(capsys, "import", "gnt", gnt, "--font", heiti, "--out", out)
    assert code == 0
    assert f"{4 * len(CHARS)} glyphs of {len(CHARS)} characters by 2 writers" in said
    assert "skipped 1: damaged" in said
    assert "skipped 1: no ink" in said
    assert "001-f.gnt at byte" in said
    style = GlyphStore(out).styles[1]
    assert style.skipped == {"damaged": "\ufffd", "no ink": "永"}
    assert len(style.origin.skipped) == 2


def test_json_tells_all(capsys, gnt, heiti, tmp_path):
    code, said, _ = call(capsys, "import", "gnt", gnt, "-f", heiti, "-o", tmp_path / "s", "--json", "--per-char", "1")
    facts = json.loads(said)
    assert code == 0
    assert facts["styles"] == {"001-f": len(CHARS), "002-f": len(CHARS)}
    assert [left["reason"] for left in facts["left_out"]] == ["damaged", "no ink"]


def test_a_dry_run_reads_the_plan_and_writes_nothing(capsys, gnt, heiti, tmp_path):
    out = tmp_path / "s"
    code, said, _ = call(capsys, "import", "gnt", gnt, "-f", heiti, "-o", out, "--dry-run", "--limit-writers", "1")
    assert (code, out.exists()) == (0, False)
    assert "001-f.gnt" in said
    assert "the first 1" in said


def test_a_store_that_is_there_is_kept(capsys, gnt, imported, heiti):
    code, _, err = call(capsys, "import", "gnt", gnt, "-f", heiti, "-o", imported.path)
    assert code == 2
    assert "holds a glyph store already. Choose another --out, or replace it with --replace." in " ".join(err.split())


@pytest.mark.parametrize("options", [("--charset", "永银"), ("--charset", "ABC", "--no-font", "--match", "x")])
def test_nothing_to_take_is_one_line_and_leaves_nothing(capsys, gnt, tmp_path, options):
    out = tmp_path / "s"
    code, _, err = call(capsys, "import", "gnt", gnt, "-o", out, *options)
    assert code in (1, 2)
    assert len([line for line in err.splitlines() if line.startswith("error: ")]) == 1
    assert not out.exists() or not list(out.iterdir())


@pytest.mark.parametrize("model", ["zi2zi", "bicyclegan", "cyclegan", "cgan", "pix2pix"])
def test_models_train_on_real_samples(capsys, imported, tmp_path, model):
    one = ("--finetune-styles", "001-f") if model == "pix2pix" else ()
    small = SMALL if model == "zi2zi" else WIDTH
    code, said, err = call(capsys, "train", model, "--data", imported.path, "--out", tmp_path / "run", *small, *one)
    assert code == 0, err
    assert "starting to 8 images" in said


def test_every_sample_is_paired_with_the_source_of_its_character(imported):
    split = split_store(imported, "pairs", 0.1, 0)
    names = [imported.styles[number].name for number in imported.targets]
    pairs = Pairs(imported, split, names)
    assert len(pairs) == 4 * len(split.train)
    source, target = pairs._rows(np.arange(len(pairs)))
    assert imported.labels["char"][source].tolist() == imported.labels["char"][target].tolist()
    seen = {(*imported.labels[row][["char", "style", "sample"]].tolist(),) for row in target}
    assert len(seen) == len(pairs)
    assert len(Domains(imported, split, names)) == len(pairs)


def test_no_sample_of_a_held_out_pair_is_learned_from(imported):
    split = split_store(imported, "pairs", 0.2, 0, by="pairs")
    names = [imported.styles[number].name for number in imported.targets]
    learned, held = (Pairs(imported, split, names, held_out=held) for held in (False, True))
    assert len(held) == 2 * len(split.pairs)

    def glyphs(data):
        return {tuple(imported.labels[row][["char", "style"]].tolist()) for row in data.target}

    assert glyphs(learned).isdisjoint(glyphs(held))


def test_fonts_and_real_writers_in_one_run(capsys, store, gnt, heiti, tmp_path):
    mine, out = tmp_path / "mine", tmp_path / "run"
    assert call(capsys, "import", "gnt", gnt, "-o", mine, "--match", store.path, "--limit-writers", "1")[0] == 0
    both = ("--data", store.path, "--data", mine)
    code, said, err = call(capsys, "train", "zi2zi", *both, "--out", out, *SMALL, "--holdout", "0.1")
    assert code == 0, err
    assert "3 styles" in said
    assert json.loads((out / "config.json").read_text())["data"] == [str(store.path), str(mine)]
    assert call(capsys, "eval", out)[0] == 0
    styles = ("--styles", "001-f", "--count", "6", "--gate", "off")
    code, _, err = call(capsys, "synth", "--model", out, *styles, "--out", tmp_path / "set")
    assert code == 0, err
    code, said, _ = call(capsys, "import", "lmdb", tmp_path / "set", "--no-font", "-o", tmp_path / "back", "--json")
    assert code == 0
    assert json.loads(said)["glyphs"] <= 6


def test_stores_that_do_not_fit_say_how_to_make_them_fit(capsys, store, imported, tmp_path):
    both = ("--data", store.path, "--data", imported.path)
    code, _, err = call(capsys, "train", "zi2zi", *both, "--out", tmp_path / "run", *SMALL)
    assert code == 1
    assert f"--match {store.path}" in " ".join(err.split())


def test_white_digits_on_black_become_ink_on_paper(capsys, heiti, indie_flower, tmp_path):
    digits = []
    for number in range(10):
        crop = Image.fromarray(255 - written(indie_flower, str(number), 60)).resize((20, 20))
        digits.append(np.pad(np.asarray(crop), 4))
    images = np.stack(digits * 3)
    head = struct.pack(">BBBB3I", 0, 0, 8, 3, *images.shape)
    (tmp_path / "images.gz").write_bytes(gzip.compress(head + images.tobytes()))
    (tmp_path / "labels.gz").write_bytes(gzip.compress(struct.pack(">BBBBI", 0, 0, 8, 1, 30) + bytes(range(10)) * 3))
    files = (tmp_path / "images.gz", tmp_path / "labels.gz")
    code, _, err = call(capsys, "import", "idx", *files, "-f", heiti, "-o", tmp_path / "s", "--style", "mnist")
    assert code == 0, err
    store = GlyphStore(tmp_path / "s")
    digits = store.images[store.rows(1)]
    assert len(digits) == 30
    assert (digits[:, :2].min((1, 2)) > 200).all()
    assert (digits.mean((1, 2)) > 160).all()
    assert (digits.min((1, 2)) < 20).all()


def test_images_by_folder(capsys, heiti, kalam, tmp_path):
    for char in "ABC":
        (tmp_path / "in" / char).mkdir(parents=True)
        Image.fromarray(written(kalam, char, 50)).save(tmp_path / "in" / char / "1.png")
    (tmp_path / "in" / "B" / "2.png").write_bytes(b"no image")
    code, said, _ = call(capsys, "import", "images", tmp_path / "in", "-f", heiti, "-o", tmp_path / "s")
    assert code == 0
    assert "B/2.png: damaged (B)" in said
    store = GlyphStore(tmp_path / "s")
    assert store.styles[1].name == "in"
    assert store.charset == "ABC"
