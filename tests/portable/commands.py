"""Runs commands one after another in one process, and what Python offers; ``python commands.py FONT HAND``."""

import sys

COMMANDS = (
    "render --font {font} -t {hand} --charset abcdefgh --workers 2 --out glyphs",
    "render --font {font} -t {hand} --charset abcdefgh --workers 1 --out glyphs",  # replaces it
    "train pix2pix --data glyphs --images 8 --batch 4 --width 8 --device cpu --out run",
    "train pix2pix --data glyphs --images 16 --batch 4 --width 8 --device cpu --out run",  # goes on
    "synth --model run --count 64 --gate off --shards 2 --processes 2 --out sharded",
    "check sharded",
    "synth --model pen --font {font} --charset ab --count 40 --gate off --degrade scan --format paddleocr --out files",
    "check files",
    "synth --lines --model pen --font {hand} --gate off --corpus {text} --count 8 --out lines",
    "report lines --out lines.html",
    "sheet --charset 一二三 --out sheet",
    "convert files columns --format parquet",
    "convert files folder --format imagefolder",
    "convert files records --format lmdb",
    "check records",
)


def run(font, hand):
    """Run all commands; the first that fails ends it."""
    from handgen.cli import run as handgen

    for command in COMMANDS:
        print("$", command, flush=True)
        code = handgen([word.format(font=font, hand=hand, text=__file__) for word in command.split()])
        if code:
            sys.exit(f"'{command}' ended with {code}")


def load(font):
    """Draw and read in worker processes of PyTorch; they give what this process gives."""
    from pathlib import Path

    from torch.utils.data import DataLoader

    from handgen import Stream, open_dataset

    stream = Stream("fonts", fonts=font, charset="abc", size=32, gate="off", epoch=100)
    for data, workers in ((stream, 1), (open_dataset(Path("files")), 1)):
        alone, shared = (
            sorted((label, image.numpy().tobytes()) for image, label in DataLoader(data, None, num_workers=n, **how))
            for n, how in ((0, {}), (workers, {"multiprocessing_context": "spawn"}))
        )
        if alone != shared or len(alone) != len(data):
            sys.exit(f"{data} differs in its workers")


def shown():
    """Look whether handgen sees what it is to see, in this process."""
    from handgen import files, workers

    if files.sys.platform != "win32" or hasattr(workers.os, "fork") or hasattr(workers.signal, "SIGKILL"):
        sys.exit("handgen sees POSIX")


if __name__ == "__main__":
    shown()
    run(*sys.argv[1:])
    load(sys.argv[2])
    print("portable")
