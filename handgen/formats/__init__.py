"""Dataset formats: each is one file with a ``Writer``, and one line here."""

from __future__ import annotations

from handgen.registry import Registry

WRITERS = Registry("format", "handgen.formats")
WRITERS.register("lmdb", "handgen.formats.lmdb:LmdbWriter", "what deep-text-recognition-benchmark, PARSeq, ... read")
WRITERS.register("imagefolder", "handgen.formats.imagefolder:ImageFolderWriter", "images, metadata.jsonl: Hugging Face")
WRITERS.register("parquet", "handgen.formats.parquet:ParquetWriter", "Parquet shards: Hugging Face")
WRITERS.register("webdataset", "handgen.formats.webdataset:WebDatasetWriter", "tar shards: WebDataset")
WRITERS.register("paddleocr", "handgen.formats.paddleocr:PaddleOcrWriter", "images, rec_gt.txt, dict.txt: PaddleOCR")
WRITERS.register("doctr", "handgen.formats.doctr:DoctrWriter", "images, labels.json: docTR")
WRITERS.register("easyocr", "handgen.formats.easyocr:EasyOcrWriter", "images, labels.csv: EasyOCR's trainer")
WRITERS.register("kraken", "handgen.formats.kraken:KrakenWriter", "x.png and x.gt.txt: Kraken")
