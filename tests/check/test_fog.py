"""Fog is told from faint, thin, bold and degraded ink."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageFilter

from handgen.check.fog import is_fog
from handgen.check.report import check_folder
from handgen.cli import run


def smear(seed):
    """Gray noise in the middle of white paper, as an untrained generator draws."""
    rng = np.random.default_rng(seed)
    image = np.full((64, 64), 255, np.uint8)
    image[16:48, 16:48] = rng.integers(215, 250, (32, 32))
    image[28:36, 28:36] = rng.integers(180, 220, (8, 8))
    return Image.fromarray(image)


def encoded(image):
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def test_ink_is_no_fog_however_faint(store):
    assert len(store.labels) > 40
    for row in range(len(store.labels)):
        glyph = np.asarray(store.images[row], np.float64)
        for strength in (1.0, 0.5, 0.25):
            faint = Image.fromarray((255 - strength * (255 - glyph)).astype(np.uint8))
            assert not is_fog(faint)
            assert not is_fog(Image.eval(faint, lambda value: 255 - value))
        assert not is_fog(Image.fromarray(glyph.astype(np.uint8)).filter(ImageFilter.GaussianBlur(1)))
    assert all(is_fog(smear(seed)) for seed in range(20))
    assert all(is_fog(Image.eval(smear(seed), lambda value: 255 - value)) for seed in range(20))


def test_a_set_of_fog_is_warned_of_and_a_few_smears_are_not(lmdbs, tmp_path, capsys):
    def dataset(name, smears):
        records = lmdbs.sound(60)
        for number in range(1, smears + 1):
            records[b"image-%09d" % number] = encoded(smear(number))
        return lmdbs.save(tmp_path / name, records)

    (report,) = check_folder(dataset("few", 4)).datasets
    assert "fog" not in report.findings
    (report,) = check_folder(dataset("many", 30)).datasets
    assert report.findings.number("fog") == 30
    assert report.findings.count("defect") == 0
    assert run(["check", str(tmp_path / "many")]) == 0
    assert "smears" in capsys.readouterr().out
    assert run(["check", str(tmp_path / "many"), "--strict"]) == 1
