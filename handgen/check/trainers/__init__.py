"""What each OCR trainer makes of a label, by the rules of its published code. Each trainer has one file."""

from __future__ import annotations

from handgen.registry import Registry

TRAINERS = Registry("trainer")
TRAINERS.register("parseq", "handgen.check.trainers.parseq:Parseq", "PARSeq")
TRAINERS.register("dtrb", "handgen.check.trainers.dtrb:Dtrb", "deep-text-recognition-benchmark")
TRAINERS.register("paddle", "handgen.check.trainers.paddle:Paddle", "PaddleOCR")
TRAINERS.register("mmocr", "handgen.check.trainers.mmocr:Mmocr", "MMOCR 1.x")
TRAINERS.register("openocr", "handgen.check.trainers.openocr:OpenOcr", "OpenOCR")
TRAINERS.register("doctr", "handgen.check.trainers.doctr:Doctr", "docTR")
TRAINERS.register("easyocr", "handgen.check.trainers.easyocr:EasyOcr", "EasyOCR's trainer")
TRAINERS.register("kraken", "handgen.check.trainers.kraken:Kraken", "Kraken")
TRAINERS.register("swift", "handgen.check.trainers.swift:Swift", "ms-swift")
TRAINERS.register("llamafactory", "handgen.check.trainers.llamafactory:LlamaFactory", "LLaMA-Factory")
