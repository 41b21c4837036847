from __future__ import annotations

import io
import json
import shutil

import lmdb
import numpy as np
import pytest
from PIL import Image

from handgen.cli import run
from handgen.report.make import make_page
from handgen.report.page import render
from handgen.report.pictures import Album

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    '" onmouseover="alert(3)',
    "a\x00b\x1b[31m",
    "\u202eevil",
    "{{ 7*7 }}",
    "&lt;",
]


def png(seed, size=(32, 32)):
    data = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, size, np.uint8)).save(data, "PNG")
    return data.getvalue()


def save_dataset(folder, rows):
    """Write an image folder of (label, style) by its published layout."""
    folder.mkdir(parents=True)
    lines = []
    for number, (text, style) in enumerate(rows):
        (folder / f"{number}.png").write_bytes(png(number))
        lines.append(json.dumps({"file_name": f"{number}.png", "text": text, "style": style}))
    (folder / "metadata.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def dataset(tmp_path):
    rows = [(char, style) for style in ("kai", "brush") for char in "永和九年岁在癸丑" * 2]
    folder = save_dataset(tmp_path / "ds", rows)
    suspicious = [{"number": 3, "label": "九", "read": "丸", "confidence": 0.9, "style": "kai"}]
    result = {"kind": "dataset", "styles": {"kai": {"reads": 0.9}}, "suspicious": suspicious}
    (folder / ".handgen.eval.json").write_text(json.dumps(result), encoding="utf-8")
    return folder


def test_a_dataset_is_filtered_in_a_browser(dataset, tab, tmp_path):
    page = tmp_path / "page.html"
    assert run(["report", str(dataset), "--out", str(page)]) == 0
    tab.open(page, "dark")
    count = "document.querySelectorAll('.card:not([hidden])').length"
    assert tab.run("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
    assert tab.run("document.images.length") >= 32 + 16 + 1
    assert tab.run(count) == 33
    assert "九" in tab.run("document.querySelector('#worst').innerText")
    assert "丸" in tab.run("document.querySelector('#worst').innerText")
    tab.run("style.value = 'brush'; style.dispatchEvent(new Event('change'))")
    assert tab.run(count) == 16
    tab.run("character.value = '九'; character.dispatchEvent(new Event('input'))")
    assert tab.run(count) == 2
    assert tab.run("document.querySelectorAll('.grid tbody td:not([hidden])').length") == 2
    dark = tab.run("getComputedStyle(document.body).backgroundColor")
    tab.run("document.getElementById('theme').click()")
    assert tab.run("getComputedStyle(document.body).backgroundColor") != dark
    assert tab.complaints == []


def test_hostile_labels_and_names_show_as_text_and_run_nothing(tab, tmp_path):
    folder = save_dataset(tmp_path / "<b onclick=alert(0)>", [(text, text) for text in HOSTILE])
    page = tmp_path / "page.html"
    assert run(["report", str(folder), "--out", str(page)]) == 0
    tab.open(page)
    assert tab.complaints == []
    assert tab.run("document.scripts.length") == 1
    assert tab.run("document.querySelectorAll('main b, [onclick], [onmouseover], [onerror]').length") == 0
    labels = tab.run("[...document.querySelectorAll('.card .label')].map(e => e.textContent.trim())")
    assert sorted(labels) == sorted([*HOSTILE[:3], "a<0>b<1B>[31m", "<202E>evil", *HOSTILE[5:]])
    assert tab.run("document.querySelector('h1').textContent") == folder.name
    assert tab.run("document.querySelectorAll('[data-column]').length") == 0


def test_markup_never_reaches_the_source_unescaped(tmp_path):
    html = render(make_page(save_dataset(tmp_path / "ds", [(text, text) for text in HOSTILE])))
    assert html.count("<script") == html.count("</script") == 1
    assert "<img src=x" not in html
    assert "\x00" not in html
    assert "\x1b" not in html
    assert "\u202e" not in html


def test_a_dataset_that_is_not_finished_does_not_look_whole(dataset):
    assert "not finished" not in render(make_page(dataset))
    (dataset / "manifest.json").write_text('{"format": "imagefolder", "complete": false}', encoding="utf-8")
    assert "not finished" in render(make_page(dataset))


def test_a_page_stays_small_whatever_the_images_are(tmp_path):
    noise = {b"num-samples": b"200"}
    for i in range(1, 201):
        noise[b"image-%09d" % i] = png(i % 5, (96, 900))
        noise[b"label-%09d" % i] = "永和九年岁在癸丑"[i % 8].encode()
        noise[b"meta-%09d" % i] = json.dumps({"style": f"s{i % 40}"}).encode()
    with lmdb.open(str(tmp_path), map_size=1 << 28) as env, env.begin(write=True) as txn:
        for key, value in noise.items():
            txn.put(key, value)
    page = make_page(tmp_path)
    assert len(render(page)) < 5_000_000
    assert len(page.samples) > 20


def test_an_album_takes_no_more_than_its_budget():
    album = Album(5_000)
    uris = [album.add(png(seed)) for seed in range(20)]
    assert uris[0] is not None
    assert uris[-1] is None
    assert album.left >= 0
    assert Album().add(b"no image") is None


def test_a_run_shows_settings_curves_and_measurements(trained, tmp_path, capsys):
    page, folder = tmp_path / "run.html", shutil.copytree(trained.parent, tmp_path / "small")
    with (folder / "stats.jsonl").open("a", encoding="utf-8") as stats:
        for images in (12, 16):
            line = {"images": images, "kind": "losses", "G/l1": 1.5, "G/l1 weighted": 3.0}
            stats.write(json.dumps(line) + "\n")
    assert run(["report", str(folder), "--out", str(page), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "training run"
    html = page.read_text(encoding="utf-8")
    assert "data:image/png" in html
    assert "<svg" in html
    assert "<title>G/l1</title>" in html
    assert "lambda_l1" in html
    assert "ssim" in html


def test_what_is_neither_is_refused(tmp_path, capsys):
    assert run(["report", str(tmp_path / "nowhere")]) == 2
    assert "does not exist" in capsys.readouterr().err
    assert run(["report", str(tmp_path)]) == 2
    assert "holds no dataset" in capsys.readouterr().err


def test_every_style_shows_its_own_samples_where_no_two_have_the_same(tmp_path):
    own = "永和九年岁在癸丑暮春之初会于山阴之兰亭修禊事也群贤毕至少长咸集此地有崇山峻岭茂林修竹又有"
    rows = [(own[number], f"style-{number}") for number in range(26)]
    page = make_page(save_dataset(tmp_path / "few", rows))
    assert page.grid.characters == []
    assert [[label for label, uri in cells if uri] for _, cells in page.grid.rows] == [[char] for char in own[:24]]
    assert "24 of 26 styles" in render(page)
    more = make_page(save_dataset(tmp_path / "more", [*rows, *((char, "style-3") for char in own[:5])]))
    assert [style for style, _ in more.grid.rows] == ["style-3"]
    whole = render(make_page(save_dataset(tmp_path / "same", [(char, s) for s in "ab" for char in own[:8]])))
    assert "Every style" in whole
    assert "font-family: handgen; src: url(data:font/woff2" in whole


def test_a_dataset_says_what_its_gate_took_for_what(dataset):
    lines = [
        {"char": "永", "style": "kai", "outcome": "redrawn", "as": "水", "first": 0.1, "p": 0.9},
        {"char": "永", "style": "brush", "outcome": "dropped", "as": "水", "first": 0.1, "p": 0.1},
        {"char": "年", "style": "kai", "outcome": "kept", "as": "", "first": 0.0, "p": 0.0},
        {"char": "九", "style": "kai", "outcome": "kept", "first": 0.0, "p": 0.0},  # of a version that kept no reading
    ]
    assert "turned away" not in render(make_page(dataset))
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (dataset / "rejects.jsonl").write_text(text + "cut sh", encoding="utf-8")
    table = make_page(dataset).tables[0]
    assert table.rows == [["永", "水", "2", "kai, brush", "1", "1", "0"], ["年", "nothing", "1", "kai", "0", "0", "1"]]
    assert "<td>水</td>" in render(make_page(dataset))


def test_a_page_says_how_many_styles_it_shows(tmp_path):
    rows = [(char, f"style-{number}") for number in range(30) for char in "永和"]
    assert "24 of 30 styles shown" in render(make_page(save_dataset(tmp_path / "many", rows)))
    assert "Every style" in render(make_page(save_dataset(tmp_path / "few", rows[:10])))
