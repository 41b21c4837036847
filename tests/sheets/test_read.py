"""Pages that stand-ins for people filled and cameras took: what is read, and what is refused."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from handgen.collect.scans import NOT_GIVEN, SheetReader
from handgen.errors import HandgenError, UsageError
from handgen.sheets.find import NoPageError, find_page
from tests.sheets.conftest import MM, box_place, cv2, fill, photographed, read, write

CHARS = "ABCDEFGHKMRSTXYZabdefghmnqrt2345永米又义"


@pytest.fixture(scope="module")
def blank(sheet_of):
    """A page with 32 + 4 boxes, nothing written."""
    planned, (page,) = sheet_of(CHARS, box=20)
    return planned.pages[0], page


@pytest.fixture(scope="module")
def filled(blank, kalam, heiti):
    page, picture = blank[0], blank[1].copy()
    for number, char in enumerate(page.chars):
        write(picture, page.layout, number, char, kalam if char.isascii() else heiti)
    return picture


def saved(path, data):
    path.write_bytes(data)
    return path


def strike(picture, layout, number, start, end, width=0.6):
    """Draw a line between two points given as shares of a box."""
    x, y, side = box_place(layout, number)
    ends = [(x + side * u, y + side * v) for u, v in (start, end)]
    ImageDraw.Draw(picture).line(ends, fill=30, width=round(width * MM))


def test_upside_down_bent_and_shaded_pages_are_read(filled, tmp_path):
    scans = [
        saved(tmp_path / "turned.jpg", photographed(filled, angle=183, seed=1)),
        saved(tmp_path / "bent.jpg", photographed(filled, angle=-88, bend=3, seed=2, noise=3)),
    ]
    writings, intake = read(*scans, style="mine")
    assert not intake.skipped
    assert [writing.char for writing in writings] == list(CHARS) * 2
    assert {writing.style for writing in writings} == {"mine"}
    assert writings[9].where == "turned.jpg: page 1, row 2, box 2"
    once, again = writings[: len(CHARS)], writings[len(CHARS) :]
    for one, other in zip(once, again, strict=True):
        assert (one.image[:4].min(), one.image.min() < 90, one.paper) == (255, True, 255)  # paper is white, ink dark
        assert np.corrcoef(one.image.ravel(), other.image.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("guides", ["above", "inside"])
def test_guides_shadows_and_lines_leave_no_trace(sheet_of, kalam, tmp_path, guides):
    planned, (picture,) = sheet_of("ABCD永米", box=20, inside=guides == "inside")
    page = planned.pages[0]
    fill(picture, page, kalam, without=range(2, 6))
    scan = saved(tmp_path / "a.png", photographed(picture, angle=2))
    writings, intake = read(scan)
    assert [writing.char for writing in writings] == ["A", "B"]
    assert intake.skipped == {("empty box", "hand", char): 1 for char in "CD永米"}
    for writing in writings:
        ink = writing.image < 250
        rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
        assert max(rows[-1] - rows[0], columns[-1] - columns[0]) < 0.92 * 20 * 12


def test_boxes_that_cannot_be_used_are_named(blank, kalam, tmp_path):
    page, picture = blank[0], blank[1].copy()
    layout = page.layout
    skipped = {"D": "empty box"}
    fill(picture, page, kalam, without=[3, 6, *range(32, 36)], seed=3)
    strike(picture, layout, 0, (-0.06, -0.05), (1.05, 1.07))  # A: from corner to corner
    strike(picture, layout, 1, (-0.06, 0.55), (1.06, 0.45))  # B: through
    strike(picture, layout, 2, (0.08, 0.1), (0.9, 0.94))  # C: a cross within the box
    strike(picture, layout, 2, (0.93, 0.09), (0.1, 0.9))
    x, y, side = box_place(layout, 4)  # E: blackened
    ImageDraw.Draw(picture).rectangle((x + side * 0.1, y + side * 0.1, x + side * 0.95, y + side * 0.9), fill=30)
    skipped |= dict.fromkeys("ABCE", "crossed out")
    write(picture, layout, 6, "G", kalam, share=1.5)  # far over its lines
    strike(picture, layout, 8, (0.15, 0.5), (1.5, 0.5))  # K runs into M
    skipped |= dict.fromkeys("GKM", "outside its box") | dict.fromkeys("永米又义", "empty box")
    strike(picture, layout, 11, (0.5, 0.5), (1.05, 0.5))  # S goes a little over its line, and stays whole
    writings, intake = read(saved(tmp_path / "a.jpg", photographed(picture, seed=4)))
    assert {skip.char: skip.reason for skip in intake.skips} == skipped
    assert [writing.char for writing in writings] == [char for char in CHARS if char not in skipped]


def test_letters_that_look_like_crosses_are_letters(blank, kalam, heiti, tmp_path):
    page, picture = blank[0], blank[1].copy()
    crosses = [page.chars.index(char) for char in "XYZ永米又义"]
    for number in crosses:
        write(picture, page.layout, number, page.chars[number], heiti, share=0.85)
    writings, _ = read(saved(tmp_path / "a.jpg", photographed(picture, seed=5)))
    assert [writing.char for writing in writings] == [page.chars[number] for number in crosses]


@pytest.mark.parametrize(
    ("covered", "named"),
    [
        ([0], "the upper left corner marker is not seen"),
        ([2], "the lower right corner marker is not seen"),
        ([1, 3], "the upper right and lower left corner markers are not seen"),
    ],
)
def test_a_missing_corner_is_named(blank, covered, named):
    width, height = blank[1].size
    corners = [(0, 0), (width - 300, 0), (width - 300, height - 300), (0, height - 300)]
    picture = blank[1].copy()
    for number in covered:
        x, y = corners[number]
        picture.paste(128, (x, y, x + 300, y + 300))
    with pytest.raises(NoPageError, match=named):
        find_page(np.rot90(np.asarray(picture.resize((1240, 1754)))).copy())


def test_foreign_pages_are_named(blank, filled, kalam, tmp_path):
    letter = Image.new("L", (1240, 1754), 245)
    for line in range(20):
        words = "Dear reader, this is no sheet"
        ImageDraw.Draw(letter).text((90, 80 * line + 90), words, fill=30, font=ImageFont.truetype(str(kalam), 60))
    letter.save(tmp_path / "letter.png")
    (tmp_path / "note.jpg").write_bytes(b"no picture")
    (tmp_path / "report.pdf").write_bytes(b"%PDF-1.4 and nothing more")
    blotted = filled.copy()
    blotted.paste(20, (800, 90, 1500, 270))
    blotted.resize((1240, 1754)).save(tmp_path / "blotted.png")
    Image.fromarray(np.hstack([np.asarray(filled.resize((827, 1169)))] * 2)).save(tmp_path / "two.png")
    filled.resize((500, 707)).save(tmp_path / "tiny.png")
    writings, intake = read(tmp_path)
    assert not writings
    assert {skip.where: skip.reason for skip in intake.skips} == {
        "letter.png": "no writing sheet: not one corner marker is seen",
        "note.jpg": "no picture that can be read",
        "report.pdf": "no picture that can be read",
        "blotted.png": "the page code cannot be read",
        "two.png": "several sheets are in one picture",
        "tiny.png": "the page is too small in the picture, 60 dpi",
    }


def test_pages_of_a_pdf_and_a_tiff_in_any_order(sheet_of, kalam, tmp_path):
    planned, pictures = sheet_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123", box=40, repeat=2)
    assert len(pictures) == 3
    for page, picture in zip(planned.pages, pictures, strict=True):
        fill(picture, page, kalam, seed=page.number)
    small = [picture.resize((1240, 1754)) for picture in pictures]
    small[2].save(tmp_path / "scan.pdf", save_all=True, append_images=[small[0]], resolution=150)
    small[0].save(tmp_path / "scan.tif", save_all=True, append_images=[small[0]])
    writings, intake = read(tmp_path / "scan.pdf", tmp_path / "scan.tif")
    pages = [page.chars for page in planned.pages]
    assert "".join(writing.char for writing in writings) == pages[2] + pages[0] * 3
    assert [(skip.reason, skip.where) for skip in intake.skips] == [
        (NOT_GIVEN, f"sheet {planned.pages[0].name}, page 2 of 3")
    ]


def test_scans_that_are_not_there(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="no file"):
        SheetReader([tmp_path / "no.jpg"])
    with pytest.raises(UsageError, match="no scan is in the folder"):
        SheetReader([tmp_path])
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    with pytest.raises(HandgenError, match=r"cv2 is not installed. Run: pip install 'handgen\[scan\]'"):
        SheetReader([tmp_path])


def test_printed_gray_is_dots_and_still_no_ink(blank, kalam, tmp_path):
    page, picture = blank
    gray = np.asarray(picture).astype(float)
    rows, columns = np.indices(gray.shape)
    turned = 2 * np.pi / (300 / 85) * np.array([rows + columns, rows - columns]) / 2**0.5
    dots = (np.cos(turned[0]) + np.cos(turned[1]) + 2) / 4 * 255
    screened = Image.fromarray(np.where(gray > dots, 255, 0).astype(np.uint8))
    fill(screened, page, kalam, without=range(5, len(CHARS)))
    scan = saved(tmp_path / "a.jpg", photographed(screened, dpi=200, angle=0.5, slant=0.0, shade=0.05))
    writings, _ = read(scan)
    assert [writing.char for writing in writings] == list("ABCDE")
    assert all((writing.image[:12].min() == 255) for writing in writings)


def scanned(picture, dpi, shadow=None, sharpen=0, contrast=1.0, threshold=None):
    """A flat scan; ``shadow`` is the light left over in half of it, with a hard edge from corner to corner."""
    gray = np.asarray(picture).astype(np.float32)
    size = tuple(round(side * dpi / 300) for side in gray.shape[::-1])
    gray = cv2.resize(gray, size, interpolation=cv2.INTER_AREA if dpi < 300 else cv2.INTER_CUBIC)
    if shadow:
        rows, columns = np.indices(gray.shape)
        gray = np.where(rows / gray.shape[0] + columns / gray.shape[1] > 1, gray * shadow, gray)
    gray = gray * 0.97 + np.random.default_rng(0).normal(0, 3, gray.shape)
    image = Image.fromarray(gray.clip(0, 255).astype(np.uint8))
    image = image.filter(ImageFilter.UnsharpMask(1.5, sharpen, 0)) if sharpen else image
    levels = (np.asarray(image).astype(np.float32) - 128) * contrast + 128
    levels = np.where(levels > threshold, 255, 0) if threshold else levels
    data = io.BytesIO()
    Image.fromarray(levels.clip(0, 255).astype(np.uint8)).save(data, "PNG", compress_level=1)
    return data.getvalue()


def spots(image):
    """How many pieces of ink there are."""
    return cv2.connectedComponents((image < 170).astype(np.uint8))[0] - 1


def test_a_hard_shadow_costs_no_box_and_leaves_no_specks(filled, tmp_path):
    plain, _ = read(saved(tmp_path / "plain.png", scanned(filled, 200)))
    shaded, intake = read(saved(tmp_path / "shaded.png", scanned(filled, 200, shadow=0.55)))
    assert not intake.skipped
    assert [writing.char for writing in shaded] == [writing.char for writing in plain] == list(CHARS)
    more = [spots(one.image) - spots(other.image) for one, other in zip(shaded, plain, strict=True)]
    assert max(more) <= 1  # a thin stroke may break at the edge
    assert sum(each > 0 for each in more) <= 2


@pytest.mark.parametrize(
    "how",
    [
        {"dpi": 150, "sharpen": 200},
        {"dpi": 200, "sharpen": 100, "contrast": 2.0},
        {"dpi": 400, "sharpen": 200},
        {"dpi": 300, "threshold": 120},
    ],
    ids=str,
)
def test_what_scanners_do_to_a_page_makes_no_ink_of_its_lines(blank, kalam, tmp_path, how):
    page, picture = blank
    picture = picture.copy()
    fill(picture, page, kalam, without=range(5, len(CHARS)))
    writings, _ = read(saved(tmp_path / "a.png", scanned(picture, **how)))
    assert [writing.char for writing in writings] == list(CHARS[:5])
    rims = [np.r_[w.image[:12].ravel(), w.image[-12:].ravel(), w.image[:, :12].ravel()] for w in writings]
    assert min(rim.min() for rim in rims) == 255


def test_opencv_is_there():
    assert hasattr(cv2, "aruco")
