"""Dataset formats: each is one file with a ``Writer``, and one line here."""

from __future__ import annotations

from handgen.registry import Registry

WRITERS = Registry("format")
WRITERS.register("lmdb", "handgen.writers.lmdb:LmdbWriter", "what deep-text-recognition-benchmark, PARSeq, ... read")
WRITERS.register("imagefolder", "handgen.writers.imagefolder:ImageFolderWriter", "images, metadata.jsonl: Hugging Face")
WRITERS.register("parquet", "handgen.writers.parquet:ParquetWriter", "Parquet shards: Hugging Face")
WRITERS.register("webdataset", "handgen.writers.webdataset:WebDatasetWriter", "tar shards: WebDataset")
WRITERS.register("paddleocr", "handgen.writers.paddleocr:PaddleOcrWriter", "images, rec_gt.txt, dict.txt: PaddleOCR")
WRITERS.register("doctr", "handgen.writers.doctr:DoctrWriter", "images, labels.json: docTR")
WRITERS.register("easyocr", "handgen.writers.easyocr:EasyOcrWriter", "images, labels.csv: EasyOCR's trainer")
WRITERS.register("kraken", "handgen.writers.kraken:KrakenWriter", "x.png and x.gt.txt: Kraken")
