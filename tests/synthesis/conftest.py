from __future__ import annotations

import json
import zlib
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pytest

from handgen.synthesis import gate as gates
from tests.sources.conftest import handwriting

__all__ = ["handwriting"]


class Fickle:
    """Knows Latin letters, and turns away every sixth image by its bytes."""

    charset = "ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghmnqrt2"
    floors = MappingProxyType({})

    def number(self, char):
        return self.charset.find(char)

    def confidence(self, images, labels):
        bad = np.array([zlib.crc32(image.tobytes()) % 6 == 0 for image in images])
        return np.where(bad, 0.1, 0.9).astype(np.float32), np.where(bad, -5.0, 5.0).astype(np.float32)

    def read(self, images, *, top=5):
        return SimpleNamespace(chars=np.full((len(images), top), self.charset.index("Q")))


@pytest.fixture
def fickle(monkeypatch, reading):
    monkeypatch.setattr(gates, "load_reader", lambda file, device: Fickle())
    return ["--recognizer", str(reading)]


def listed(out):
    return [json.loads(line) for line in (out / "rejects.jsonl").read_text(encoding="utf-8").splitlines()]
