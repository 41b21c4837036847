from __future__ import annotations

import io
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import torch

import handgen
from handgen import weights
from handgen.errors import HandgenError, UsageError
from tests.check.conftest import png, save, sound

PAGE = Path(__file__).parents[1] / "docs" / "python.md"


def test_the_three_commands_as_functions(heiti, caveat, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rendered = handgen.render(str(heiti), targets=[str(caveat)], charset="abcdefghij", size=64, progress=False)
    assert rendered.glyphs == 20
    trained = handgen.train("pix2pix", images=8, batch=4, width=4, progress=False, device="cpu")
    assert (trained.run, trained.images, trained.finished) == (Path("runs/pix2pix"), 8, True)
    report = handgen.synth("runs/pix2pix", count=30, gate="off", out="datasets/x", progress=False, workers=1)
    assert (report.count, report.written) == (30, True)
    dataset = handgen.open_dataset("datasets/x")
    image, label = dataset[29]
    assert (len(dataset), image.shape, image.dtype) == (30, (1, 64, 64), torch.uint8)
    assert label in "abcdefghij"
    assert dataset.labels[29] == label


def test_a_dataset_of_any_format_is_the_same(tmp_path):
    common = {"fonts": "Caveat", "charset": "abc", "count": 12, "gate": "off", "size": 32, "progress": False}
    found = []
    for form in ("lmdb", "imagefolder", "webdataset", "doctr"):
        handgen.synth("fonts", **common, format=form, out=str(tmp_path / form))
        found.append([(label, image.sum().item()) for image, label in handgen.open_dataset(tmp_path / form)])
    assert len(found[0]) == 12
    assert all(each == found[0] for each in found)


def test_a_damaged_dataset_is_no_shorter_one(tmp_path):
    path = save(tmp_path / "set", sound(40))
    assert len(handgen.open_dataset(path)) == 40
    file = path / "data.mdb"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(HandgenError, match="damaged"):
        handgen.open_dataset(path)
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        for name, data in (("1.png", png(1)), ("1.txt", b"a"), ("2.png", png(2)), ("2.txt", b"b")):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    (tmp_path / "shards").mkdir()
    whole = (tmp_path / "x.tar").read_bytes()
    end = len(whole.rstrip(b"\0"))
    for length in (*range(607, end, 512), -(-end // 512) * 512):  # the last lacks nothing but the mark of its end
        (tmp_path / "shards" / "x.tar").write_bytes(whole[:length])
        with pytest.raises(HandgenError, match=r"damaged|has no label|has no image"):
            handgen.open_dataset(tmp_path / "shards")


def test_what_cannot_be_is_refused_by_name(tmp_path):
    with pytest.raises(UsageError, match=r"unknown setting 'chars'"):
        handgen.render("Caveat", chars="abc")
    with pytest.raises(UsageError, match=r"unknown option 'cout'. Did you mean 'count'"):
        handgen.synth("fonts", cout=3)
    with pytest.raises(UsageError, match=r"unknown setting 'imags'"):
        handgen.train("zi2zi", imags=3)
    with pytest.raises(HandgenError, match="does not exist"):
        handgen.open_dataset(tmp_path / "nothing")
    with pytest.raises(AttributeError, match="no attribute 'draw'"):
        handgen.draw  # noqa: B018


def test_nothing_heavy_is_imported_before_it_is_needed():
    code = "import sys, handgen; assert not {'torch', 'numpy', 'PIL'} & set(sys.modules); handgen.Stream; print('ok')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "ok\n"


def test_the_loop_of_the_page_trains(monkeypatch, capsys):
    """The page's training loop as printed, but for counts: a few steps of a few samples."""
    monkeypatch.setattr("handgen.weights.ROOT", Path(weights.__file__).parent)  # the page uses those that come with it
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    (loop,) = (block for block in blocks if "Stream" in block)
    loop = loop.replace("10, 10_000\n", "2, 128\n").replace("num_workers=1", "num_workers=0")
    exec(compile(loop, str(PAGE), "exec"), {})
    assert len(re.findall(r"^epoch \d: loss \d+\.\d{3}$", capsys.readouterr().out, re.M)) == 2
