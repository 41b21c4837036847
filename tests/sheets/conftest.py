"""People and cameras stand-ins: fonts that fill a printed sheet, and what a photograph does to a page."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

cv2 = pytest.importorskip("cv2")
pdfium = pytest.importorskip("pypdfium2")

DPI = 300
MM = DPI / 25.4


def printed(pdf):
    """The pages of a PDF as a printer of 300 dpi prints them: PDFium shares no code with what wrote them."""
    document = pdfium.PdfDocument(pdf)
    return [document[number].render(scale=DPI / 72).to_pil().convert("L") for number in range(len(document))]


def box_place(layout, number):
    """Left, top and side of a box in pixels of the print."""
    x, y = layout.origin(number)
    return x * MM, y * MM, layout.box * MM


def write(picture, layout, number, char, font, *, share=0.72, gray=30, shift=(0.0, 0.0)):
    """Write a character into the middle of a box: ``share`` of its side large, moved by a share of it."""
    x, y, side = box_place(layout, number)
    face = ImageFont.truetype(str(font), 200)
    left, top, right, bottom = face.getbbox(char)
    mask = Image.new("L", (right - left, bottom - top), 0)
    ImageDraw.Draw(mask).text((-left, -top), char, fill=255, font=face)
    factor = share * side / max(mask.size)
    mask = mask.resize((max(3, round(mask.width * factor)), max(3, round(mask.height * factor))))
    at = (round(x + side * (0.5 + shift[0]) - mask.width / 2), round(y + side * (0.5 + shift[1]) - mask.height / 2))
    picture.paste(gray, at, mask)
    return np.asarray(mask)


def fill(picture, page, font, *, seed=0, without=()):
    """Fill all boxes of a page but some, each a little large or small and beside the middle; return the writings."""
    rng = np.random.default_rng(seed)
    return {
        number: write(
            picture, page.layout, number, char, font, share=rng.uniform(0.6, 0.85), shift=rng.uniform(-0.06, 0.06, 2)
        )
        for number, char in enumerate(page.chars)
        if number not in without
    }


def photographed(picture, *, seed=0, angle=7.0, dpi=150, quality=80, slant=0.06, shade=0.35, noise=5.0, bend=0.0):
    """A JPEG of a page: bent (millimeters), turned, seen at a slant, unevenly lit with a hard shadow, noised."""
    rng = np.random.default_rng(seed)
    page = np.asarray(picture)
    height, width = page.shape
    if bend:
        rows, columns = np.indices(page.shape, np.float32)
        curve = np.float32(bend * MM) * np.sin(np.pi * columns / width, dtype=np.float32)
        page = cv2.remap(page, columns, rows + curve * (rows / height), cv2.INTER_LINEAR, borderValue=250)
    corners = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    turn = np.deg2rad(angle)
    spin = np.float32([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    seen = (corners - corners.mean(0)) @ spin + rng.uniform(-slant, slant, (4, 2)).astype(np.float32) * width
    seen = (seen - seen.min(0)) * dpi / DPI + 40
    size = np.ceil(seen.max(0) + 40).astype(int)
    matrix = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
    how = cv2.INTER_AREA if dpi < DPI else cv2.INTER_LINEAR
    page = cv2.GaussianBlur(page, (0, 0), 0.8)
    table = cv2.warpPerspective(page, matrix, tuple(size.tolist()), flags=how, borderValue=90)
    rows, columns = np.indices(table.shape) / max(table.shape)
    light = 1 - shade * (columns + rows) / 2
    light = np.where(columns * 1.3 + rows > 1.35, light * (1 - shade / 2), light)
    light = cv2.GaussianBlur(light.astype(np.float32), (0, 0), 6)
    lit = table * light * 0.95 + rng.normal(0, noise, table.shape)
    file = io.BytesIO()
    Image.fromarray(lit.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=quality, dpi=(dpi, dpi))
    return file.getvalue()


@pytest.fixture(scope="session")
def sheet_of(heiti, tmp_path_factory):
    """Plan, save and print a sheet: ``sheet_of("ABC", ...)`` -> the plan, and a list of blank pages."""
    from handgen.fonts.face import FontRef
    from handgen.sheets.plan import plan_sheet, save_sheet_pdf

    def make(chars, **options):
        planned = plan_sheet(chars, FontRef(heiti), **options)
        out = tmp_path_factory.mktemp("sheets") / "sheet.pdf"
        save_sheet_pdf(planned, out)
        return planned, printed(out)

    return make


def read(*scans, **options):
    """Everything that the reader takes from scans (paths), and what it skipped."""
    from handgen.collect.base import Intake
    from handgen.collect.scans import SheetReader

    intake = Intake()
    return list(SheetReader([*scans], **options).writings(intake)), intake
