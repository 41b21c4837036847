"""Read a dataset back the way trainers do: one reader a format, rules that all of them share."""

from __future__ import annotations

from handgen.registry import Registry

READERS = Registry("format")
READERS.register("lmdb", "handgen.check.lmdb:LmdbReader", "image-%09d, label-%09d, num-samples")
READERS.register("imagefolder", "handgen.check.imagefolder:ImageFolderReader", "metadata.jsonl")
READERS.register("parquet", "handgen.check.parquet:ParquetReader", "*.parquet")
READERS.register("webdataset", "handgen.check.webdataset:WebDatasetReader", "*.tar")
READERS.register("paddleocr", "handgen.check.paddleocr:PaddleOcrReader", "rec_gt*.txt")
READERS.register("doctr", "handgen.check.doctr:DoctrReader", "labels.json")
READERS.register("easyocr", "handgen.check.easyocr:EasyOcrReader", "labels.csv")
READERS.register("kraken", "handgen.check.kraken:KrakenReader", "*.gt.txt")
