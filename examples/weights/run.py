"""What ``make weights`` runs: the weights that come with handgen, made again from fonts that anyone can get.

    python -m examples.weights.run latin         # or zh, article, recognizer

Everything is a ``handgen`` command; run it again and it goes on where it stopped. Fonts of the catalog are
fetched; others, named in fonts.csv, must be installed first, and it says how.
"""

from __future__ import annotations

import argparse
import csv
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from examples.commands import handgen

HERE = Path(__file__).parent
FONTS = HERE / "fonts.csv"


@dataclass(frozen=True)
class Training:
    """How weights are made.

    Attributes:
        source: the source font, which pip brings.
        hands: names of the styles, as in the catalog or in fonts.csv.
        render: options of ``handgen render``.
        train: arguments of ``handgen train``, one run after the other; ``{work}`` is the folder of all.
        export: options of ``handgen models export``; nothing is exported where there are none.
        kept: the hands from the run on that has ``--forget-styles``; empty = all.
    """

    source: str
    hands: tuple[str, ...]
    render: str
    train: tuple[str, ...]
    export: str = ""
    kept: tuple[str, ...] = ()


# fmt: off
CHINESE = (
    "lxgw-wenkai", "ma-shan-zheng", "ar-pl-kaitim-gb", "kiloji", "yomogi", "yusei-magic", "zen-kurenaido",
    "yz-pen-hand", "kouzan-mouhitsu", "kouzan-gyosho", "klee-one", "seto", "hachi-maru-pop", "aoyagi-kouzan-t",
    "yuji-boku", "long-cang", "zhi-mang-xing",
)
ARTICLE = (
    "lxgw-wenkai", "ma-shan-zheng", "ar-pl-kaitim-gb", "kiloji", "yomogi", "yusei-magic", "zen-kurenaido",
    "yz-pen-hand", "kouzan-mouhitsu", "kouzan-gyosho", "reggae-one", "fandol-fang", "oblique-hei", "zen-maru-gothic",
    "zcool-qingke-huangyou",
)
MORE = (
    "aoyagi-soseki", "dela-gothic-one", "fandol-kai", "fandol-song", "kaisei-opti", "kouzan-sousho",
    "liu-jian-mao-cao", "mochiy-pop-one", "noto-serif-sc", "tw-sung", "wqy-microhei", "wqy-zenhei", "zcool-kuaile",
    "zcool-xiaowei",
)
"""Further fonts that the recognizer learns to read."""
TAKE = ("lxgw-wenkai=3500", "ar-pl-kaitim-gb=3500", "klee-one=2500", "seto=4000")
ARTICLE_TAKE = (
    "lxgw-wenkai=4000", "ma-shan-zheng=4000", "ar-pl-kaitim-gb=4000", "kiloji=3300", "yz-pen-hand=4000",
    "kouzan-mouhitsu=4000", "kouzan-gyosho=3300", "fandol-fang=4000", "oblique-hei=4000",
    "zcool-qingke-huangyou=4000",
)
# fmt: on
LATIN = tuple((HERE / "latin.txt").read_text(encoding="utf-8").split())
CLEAN_LATIN = tuple((HERE / "latin_clean.txt").read_text(encoding="utf-8").split())
"""Those that a BicycleGAN draws without scribbles, and of families that are nearly alike (Playwrite, Edu) only some."""
GB2312 = "--charset gb2312 --size 64"
ZH = "--batch 32 --schedule cosine --lambda-ssim 200 --forget-styles --warp 0.6 --holdout 0.05 --eval-every 1000000"
VAE = (
    "bicyclegan --schedule cosine --width 16 --patch 4 --inject bottleneck --latent-dim 24 --lambda-gan2 0"
    " --lambda-latent 0 --holdout 0.02 --eval-every 1000000 --save-every 5000"
)
PIXELS = "--batch 32 --lambda-gan 0 --lambda-l1 30 --lambda-ssim 200"
TRAININGS = {
    "latin": Training(
        "Caveat",
        LATIN,
        "--charset latin --size 64",
        (  # a conditional VAE, first with the latents of glyphs, then of whole hands; a game, against fading; the clean
            # hands alone, at last with a loss of broken lines
            f"{VAE} --images 200000 --shared 0.5 {PIXELS} --lambda-kl 0.02",
            f"{VAE} --images 30000 --shared 1 {PIXELS} --lambda-kl 0.02",
            f"{VAE} --images 40000 --lr 0.0006 --shared 1 --lambda-l1 10 --lambda-ssim 10 --lambda-kl 0.002",
            f"{VAE} --images 24000 --lr 0.0004 --shared 1 --lambda-l1 20 --lambda-ssim 60 --lambda-kl 0.006",
            f"{VAE} --images 20000 --lr 0.0003 --shared 1 {PIXELS} --lambda-kl 0.02 --forget-styles",
            f"{VAE} --images 120000 --lr 0.001 --shared 1 {PIXELS} --lambda-kl 0.006 --lambda-cldice 4",
            f"{VAE} --images 60000 --lr 0.0004 --shared 1 {PIXELS} --lambda-kl 0.006 --lambda-cldice 20",
        ),
        f"--font Caveat --charset {shlex.quote(str(HERE / 'latin_writes.txt'))}",  # others may stay blank
        kept=CLEAN_LATIN,
    ),
    "article": Training(  # the article's experiment (examples/chinese_zi2zi), with which zh begins
        "Heiti",
        ARTICLE,
        f"{GB2312} --per-font 2000 {' '.join(f'--take {each}' for each in ARTICLE_TAKE)}",
        (
            "zi2zi --images 240000 --batch 32 --lr 0.001 --schedule cosine --lambda-gan 0 --lambda-category 0"
            " --lambda-const 0 --lambda-ssim 200 --eval-every 50000 --save-every 10000",
            "zi2zi --images 30000 --batch 32 --lr 0.0003 --schedule cosine --lambda-ssim 200 --eval-every 1000000",
        ),
    ),
    "zh": Training(
        "Heiti",
        CHINESE,
        f"--charset gb2312,ascii,zh-marks --size 64 {' '.join(f'--take {each}' for each in TAKE)}",
        (  # what ships saw 247,000 images, 16,992 of them in a training that was begun anew: the card says how
            "zi2zi --images 247000 --lr 0.001 --lambda-gan 0 --lambda-category 0 --lambda-const 0"
            f" --save-every 10000 --from {{work}}/article/run-2 {ZH}",
            f"zi2zi --images 30000 --lr 0.0003 --save-every 5000 {ZH}",
        ),
        "--font Heiti --charset gb2312 --recognizer {work}/recognizer/run",
    ),
    "recognizer": Training(
        "Heiti",
        ARTICLE + MORE,
        GB2312,
        ("recognizer --images 1400000 --batch 128 --holdout-fonts kiloji,fandol-kai,wqy-microhei --save-every 60000",),
    ),
}


def elsewhere() -> dict[str, tuple[str, str]]:
    """Return style -> (Debian package, file in it) of the fonts that the catalog does not have."""
    with FONTS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    packages = {row["style"]: re.fullmatch(r"Debian package (\S+): (.+)", row["from"]) for row in rows}
    return {style: (match[1], match[2]) for style, match in packages.items() if match}


def installed(package: str, name: str) -> Path | None:
    """Return a file of an installed Debian package."""
    try:
        done = subprocess.run(["dpkg", "-L", package], capture_output=True, text=True, check=False)
    except FileNotFoundError:  # no Debian
        return None
    return next((Path(line) for line in done.stdout.splitlines() if line.endswith(f"/{name}")), None)


def gather(hands: tuple[str, ...], fonts: Path, given: Path | None) -> list[Path]:
    """Return the font file of each hand, named after it: fetched, or linked into ``fonts``."""
    others = {style: package for style, package in elsewhere().items() if style in hands}
    fetched = [hand for hand in hands if hand not in others]
    lacking: dict[str, list[str]] = {}
    fonts.mkdir(parents=True, exist_ok=True)
    for style, (package, name) in others.items():
        link = fonts / f"{style}{Path(name).suffix}"
        found = given / name if given and (given / name).is_file() else installed(package, name)
        if link.exists():
            continue
        if found:
            link.symlink_to(found.resolve())
        else:
            lacking.setdefault(package, []).append(name)
    if lacking:
        named = "\n".join(f"  {package}: {', '.join(names)}" for package, names in lacking.items())
        sys.exit(
            f"These fonts of Debian are not here:\n{named}\n"
            f"Install them (sudo apt install {' '.join(lacking)}), or name a folder that has the files with --fonts."
        )
    handgen("fonts", "fetch", *(hand.replace("-", " ") for hand in fetched), "--out", str(fonts))
    files = {path.stem: path for path in sorted(fonts.iterdir()) if path.suffix.lower() in (".ttf", ".otf", ".ttc")}
    return [files[hand] for hand in hands]


def make(name: str, work: Path, given: Path | None) -> None:
    """Make one of the weights, in ``work/NAME``."""
    training, folder = TRAININGS[name], work / name
    stores = [(folder / "glyphs", training.hands)] * len(training.train)
    if training.kept:
        first = next(number for number, arguments in enumerate(training.train) if "--forget-styles" in arguments)
        stores[first:] = [(folder / "kept", training.kept)] * (len(stores) - first)
    run = folder / "run"
    for number, (arguments, (glyphs, hands)) in enumerate(zip(training.train, stores, strict=True)):
        if not glyphs.is_dir():
            fonts = gather(hands, work / "fonts", given)
            targets = [part for path in fonts for part in ("--target", str(path))]
            options = shlex.split(training.render)
            handgen("render", "--font", training.source, *targets, *options, "--out", str(glyphs))
        before = ["--from", str(run)] if number else []
        run = folder / ("run" if not number else f"run-{number + 1}")
        handgen("train", *shlex.split(arguments.format(work=work)), "--data", str(glyphs), "--out", str(run), *before)
    if training.export:
        handgen("eval", str(run))
        options = shlex.split(training.export.format(work=work))
        notes = ["--notes", str(HERE / f"{name}.md")] if (HERE / f"{name}.md").is_file() else []
        options += ["--fonts", str(FONTS), "--out", str(work / "weights" / name)]
        handgen("models", "export", str(run), "--name", name, *notes, *options)


def main() -> None:
    """Make what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", choices=TRAININGS, help="what to make; zh needs recognizer and article")
    parser.add_argument("--work", type=Path, default=Path("weights"), help="folder for fonts, glyphs, runs and results")
    parser.add_argument("--fonts", type=Path, help="folder with the files of fonts.csv, where they are not installed")
    given = parser.parse_args()
    for name in given.names:
        make(name, given.work, given.fonts)


if __name__ == "__main__":
    main()
