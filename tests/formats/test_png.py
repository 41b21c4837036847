from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image

from handgen.formats.png import encode_png

sides = st.integers(1, 70)
shapes = st.tuples(sides, sides) | st.tuples(sides, sides, st.just(3))


@settings(deadline=None)
@given(npst.arrays(np.uint8, shapes))
def test_pillow_reads_the_same_pixels(image):
    data = encode_png(image)
    Image.open(io.BytesIO(data)).verify()
    read = Image.open(io.BytesIO(data))
    assert read.mode == ("L" if image.ndim == 2 else "RGB")
    assert np.array_equal(np.asarray(read), image)


@settings(deadline=None)
@given(npst.arrays(np.uint8, shapes))
def test_opencv_reads_the_same_pixels(image):
    cv2 = pytest.importorskip("cv2")
    read = cv2.imdecode(np.frombuffer(encode_png(image), np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(read if image.ndim == 2 else read[..., ::-1], image)


def test_views_that_are_not_contiguous():
    image = np.arange(60 * 80, dtype=np.uint32).astype(np.uint8).reshape(60, 80)[::2, ::-3]
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(encode_png(image)))), image)


@pytest.mark.parametrize("image", [np.zeros((4, 4)), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4), np.uint8)])
def test_refuses_what_is_no_image(image):
    with pytest.raises(ValueError, match="the image must be uint8"):
        encode_png(image)
