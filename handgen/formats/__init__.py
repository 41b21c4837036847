"""The dataset formats. Each has one file, with its writer and its reader, and one line here."""

from __future__ import annotations

from handgen.registry import Registry

FORMATS = Registry("format", "handgen.formats")
FORMATS.register("lmdb", "handgen.formats.lmdb:LMDB", "what deep-text-recognition-benchmark, PARSeq, ... read")
FORMATS.register("imagefolder", "handgen.formats.imagefolder:IMAGEFOLDER", "images, metadata.jsonl: Hugging Face")
FORMATS.register("parquet", "handgen.formats.parquet:PARQUET", "Parquet shards: Hugging Face")
FORMATS.register("webdataset", "handgen.formats.webdataset:WEBDATASET", "tar shards: WebDataset")
FORMATS.register("paddleocr", "handgen.formats.paddleocr:PADDLEOCR", "images, rec_gt.txt, dict.txt: PaddleOCR")
FORMATS.register("doctr", "handgen.formats.doctr:DOCTR", "images, labels.json: docTR")
FORMATS.register("easyocr", "handgen.formats.easyocr:EASYOCR", "images, labels.csv: EasyOCR's trainer")
FORMATS.register("kraken", "handgen.formats.kraken:KRAKEN", "x.png and x.gt.txt: Kraken")
FORMATS.register(
    "conversations", "handgen.formats.conversations:CONVERSATIONS", "messages and images: ms-swift, LLaMA-Factory"
)
