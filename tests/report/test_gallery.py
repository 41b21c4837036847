"""The page to choose hands from: what it shows, and that what is copied from it draws what was chosen."""

from __future__ import annotations

import json
import shlex
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import yaml

from handgen.cli import run
from handgen.report.gallery import shared_out
from handgen.synthesis.prepare import prepare
from handgen.synthesis.recipe import read_recipe

BOXES = ".hands > li:not([hidden]) input"


class Parsed(HTMLParser):
    """A page's sources with their hands, its fields, and the text that people see."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.walls, self.fields, self.links, self.tags, self.text = [], {}, [], [], ""
        self.html = page.read_text(encoding="utf-8")
        self.feed(self.html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append((tag, given))
        self.links += [given[name] for name in ("src", "href", "action") if name in given]
        if "data-source" in given:
            self.walls.append((json.loads(given["data-source"]), given, []))
        elif tag == "li" and self.walls:
            self.walls[-1][2].append(given)
        elif tag == "input" and self.walls and self.walls[-1][2]:
            self.walls[-1][2][-1]["value"] = given["value"]
        if tag == "textarea":
            self.fields[given["id"]] = given["data-head"]

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def recipe(trained, kalam, zeyada, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fonts = f"{kalam},{zeyada}"
    sources = [
        {"source": str(trained), "styles": "4"},
        {"source": "fonts", "fonts": fonts, "share": 2.0, "size": 64},
        {"source": "traced", "fonts": fonts, "styles": "5", "size": 64},
    ]
    whole = {"sources": sources, "charset": "ABC", "seed": 3}
    Path("mine.yaml").write_text(yaml.safe_dump(whole), encoding="utf-8")
    return Path("mine.yaml")


def short(name):
    return name.partition("(")[0]


def test_a_recipe_copied_without_a_browser_draws_each_style_that_was_chosen(recipe):
    assert run(["gallery", str(recipe), "--text", "AB CA", "--out", "page.html"]) == 0
    page = Parsed(Path("page.html"))
    everything = [style.name for part in prepare(read_recipe(recipe)).source.parts for style in part.source.styles]
    shown = [hand["value"] for _, _, hands in page.walls for hand in hands]
    assert shown == [short(name) for name in everything]
    assert len(shown) == 4 + 2 + 5
    assert all(link.startswith(("data:image/png;base64,", "#")) for link in page.links)
    wrong = []
    for source, _, hands in page.walls:
        for chosen in ([hands[-1]["value"]], [hand["value"] for hand in hands[::-2]]):
            lines = "  - " + json.dumps({**source, "styles": ",".join(chosen)}, ensure_ascii=False)
            Path("hands.yaml").write_text(f"{page.fields['recipe']}sources:\n{lines}\n", encoding="utf-8")
            drawn = prepare(read_recipe(Path("hands.yaml"))).source
            if [short(style.name) for style in drawn.styles] != chosen:
                wrong.append((chosen, drawn.styles))
    assert not wrong
    again = prepare(read_recipe(Path("hands.yaml"))).request
    assert (again.seed, again.charset) == (3, "ABC")


def test_a_command_copied_without_a_browser_draws_what_is_shown(trained, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    given = ["gallery", str(trained), "--styles", "5", "--seed", "7", "--text", "A", "--json"]
    assert run(given) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["styles"] == told["shown"] == 5
    page = Parsed(Path(told["out"]))
    ((_, wall, hands),) = page.walls
    assert wall["data-styles"] == "5"
    names = [hand["value"] for hand in hands]
    assert names[2:] == ["mix3", "mix4", "mix5"]
    command = shlex.split(page.fields["command"])
    assert command[:2] == ["handgen", "synth"]
    drawn = {}
    for styles in ("5", "mix4,mix3"):
        assert run([*command[1:], "--styles", styles, "--dry-run", "--json"]) == 0
        drawn[styles] = json.loads(capsys.readouterr().out)["styles"]
    assert drawn["mix4,mix3"] == [drawn["5"][3], drawn["5"][2]]


def test_what_is_known_of_hands_can_be_filtered_by_keyboard_and_heard(recipe):
    assert run(["gallery", str(recipe), "--out", "page.html"]) == 0
    page = Parsed(Path("page.html"))
    facts = {key: {hand[f"data-{key}"] for _, _, hands in page.walls for hand in hands} for key in ("kind", "cursive")}
    assert facts["kind"] == {"trained style", "mixture", "font", "writer"}
    assert facts["cursive"] & {"print", "partly joined", "running"}
    assert all(hand["data-license"] for _, _, hands in page.walls for hand in hands)
    labels = {given.get("for") for tag, given in page.tags if tag == "label"}
    for tag, given in page.tags:
        if tag in ("select", "textarea") or (tag == "input" and given.get("type") == "search"):
            assert given["id"] in labels
    assert [given for tag, given in page.tags if given.get("aria-live") == "polite"]
    assert ("html", {"lang": "en"}) in page.tags


def test_hands_are_chosen_in_a_browser(recipe, tab):
    assert run(["gallery", str(recipe), "--text", "ABC", "--out", "page.html"]) == 0
    tab.open(Path("page.html"), "dark")
    count = f"document.querySelectorAll('{BOXES}').length"
    assert tab.run("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
    assert tab.run(count) == 11
    tab.run("document.querySelector('fieldset [value=writer]').click()")
    assert tab.run(count) == 6
    assert "6 of 11" in tab.run("document.getElementById('count').textContent")
    tab.run("document.getElementById('name').value = 'mix'")
    tab.run("document.getElementById('name').dispatchEvent(new Event('input', {bubbles: true}))")
    assert tab.run(count) == 2
    tab.run("document.getElementById('all').click()")
    assert tab.run("document.getElementById('chosen').textContent") == "2 styles selected"
    tab.run("document.querySelector('[type=reset]').click()")
    tab.run("new Promise(done => setTimeout(done))")
    assert tab.run(count) == 11
    tab.run("document.querySelector('[value=zeyada]').focus()")
    for kind in ("keyDown", "keyUp"):
        tab.call("Input.dispatchKeyEvent", type=kind, key=" ", code="Space", text=" ", windowsVirtualKeyCode=32)
    text = tab.run("document.getElementById('recipe').value")
    Path("hands.yaml").write_text(text, encoding="utf-8")
    drawn = prepare(read_recipe(Path("hands.yaml")))
    chosen = [[short(style.name) for style in part.source.styles] for part in drawn.source.parts]
    assert chosen == [["mix3", "mix4"], ["zeyada"]]
    tab.run("document.getElementById('none').click()")
    whole = read_recipe(recipe)
    Path("hands.yaml").write_text(tab.run("document.getElementById('recipe').value"), encoding="utf-8")
    assert read_recipe(Path("hands.yaml")).sources == whole.sources
    for width in (400, 1400):
        tab.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        assert tab.run("document.documentElement.scrollWidth <= innerWidth")
    assert tab.complaints == []


def test_the_command_in_a_browser_names_what_was_clicked(trained, tab, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["gallery", str(trained), "--styles", "3", "--text", "A", "--out", "page.html"]) == 0
    tab.open(Path("page.html"))
    value = "document.getElementById('command').value"
    assert tab.run(value).endswith(" --styles 3")
    tab.run("document.querySelector('.hands [value=mix3]').click()")
    assert shlex.split(tab.run(value))[-2:] == ["--styles", "mix3"]
    assert tab.complaints == []


def test_refusals(trained, recipe, tmp_path, capsys):
    refused = {
        ("--out", "page.png"): ".html",
        ("--text", " "): "--text",
        ("--styles", "nobody"): "unknown style",
        ("--text", "\U00010330"): "nothing draws",
    }
    wrong = [given for given in refused if run(["gallery", str(trained), *given]) not in (1, 2)]
    said = capsys.readouterr().err
    assert not wrong
    assert not [word for word in refused.values() if word not in said]
    assert run(["gallery", "nothing-of-this-name"]) == 2
    assert run(["gallery", "nothing.yaml"]) == 2
    assert not list(Path().glob("*.html"))


def test_room_is_shared_out_evenly():
    random = np.random.default_rng(0)
    for _ in range(200):
        counts, most = random.integers(1, 60, random.integers(1, 6)).tolist(), int(random.integers(6, 120))
        shown = shared_out(counts, most)
        assert all(0 < some <= count for some, count in zip(shown, counts, strict=True))
        assert sum(shown) == min(sum(counts), most) or most < len(counts)
        cut = [some for some, count in zip(shown, counts, strict=True) if some < count]
        assert not cut or max(cut) - min(cut) <= 1
