from __future__ import annotations

import re
import shlex
import string
import subprocess
import unicodedata

import lmdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handgen.check.labels import Labels
from handgen.check.report import check_folder
from handgen.check.trainers import TRAINERS
from handgen.check.trainers.base import outside, safe_in_class
from handgen.check.trainers.judge import judge
from handgen.errors import UsageError
from handgen.formats import FORMATS
from handgen.formats.base import Sample

TEXTS = [
    *(
        "永",
        "永和九年",
        "永和 九年",
        "Ａ１",
        "１２",
        "，",
        "㍻",
        "é",
        "hello",
        "Hello World",
        "WORLD",
        "2026",
        "a b",
        " lead",
    ),
    *("x-y", "a]b", "back\\slash", "^", "[a", "q,'u'", 'say "so"', "$5", "a" * 25, "a" * 26, "b " * 14, "字" * 30),
    *("𠮷野家", "İstanbul", "ß", "A", "z", "0"),
]


def write(path, texts, name="lmdb"):
    rng = np.random.default_rng(0)
    images = (rng.integers(0, 256, (32, 32 + 8 * (i % 4)), np.uint8) for i in range(len(texts)))
    with FORMATS.load(name).writer(path, {}) as writer:
        writer.write([Sample(i, text, image, {}) for i, (text, image) in enumerate(zip(texts, images, strict=True))])
        writer.finish({})
    return path


def judged(name, path, charset=None):
    labels = Labels()
    return judge(name, check_folder(path, charset, labels=labels), labels, charset)


def counts(verdict):
    return verdict.kept, verdict.altered, verdict.dropped


def stored(path):
    """The labels of an LMDB in order, as a trainer takes them out."""
    env = lmdb.open(str(path), readonly=True, lock=False)
    with env.begin() as txn:
        total = int(txn.get(b"num-samples").decode())
        found = [txn.get(b"label-%09d" % number).decode("utf-8") for number in range(1, total + 1)]
    env.close()
    return found


def parseq(labels, charset, longest=25, strip=True, fold=True):
    """What PARSeq's dataset keeps, told again from what it does: (before, after) of each sample it loads."""
    single = "lower" if charset.lower() == charset else "upper" if charset.upper() == charset else None
    for label in labels:
        text = label
        if strip:
            text = re.sub(r"\s", "", text)
        if fold:
            text = "".join(char for char in unicodedata.normalize("NFKD", text) if ord(char) < 128)
        if len(text) <= longest:
            text = getattr(text, single)() if single else text
            text = "".join(char for char in text if char in charset)
            if text:
                yield label, text


def benchmark(labels, character, longest=25, sensitive=False):
    """What deep-text-recognition-benchmark keeps: its filter first, then what it hands out."""
    other = re.compile("[^" + character + "]")
    for label in labels:
        if len(label) <= longest and other.search(label.lower()) is None:
            yield label, other.sub("", label if sensitive else label.lower())


def tally(labels, loaded):
    loaded = list(loaded)
    same = sum(before == after for before, after in loaded)
    return same, len(loaded) - same, len(labels) - len(loaded)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    return write(tmp_path_factory.mktemp("mixed") / "train" / "mixed", TEXTS * 2)


@pytest.mark.parametrize("charset", [None, "永和九年abcxyz0123 -]", "abc", "ABC永"])
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_parseq_and_the_benchmark_keep_what_was_predicted(charset, mixed):
    labels = stored(mixed)
    full = "".join(sorted(set(charset or "".join(labels))))
    found = judged("parseq", mixed, charset)
    assert counts(found.as_it_comes) == tally(labels, parseq(labels, string.printable[:-6]))
    fitted = parseq(labels, full, max(map(len, labels)), " " not in full, full.isascii())
    assert counts(found.with_flags) == tally(labels, fitted)

    found = judged("dtrb", mixed, charset)
    assert counts(found.as_it_comes) == tally(labels, benchmark(labels, string.digits + string.ascii_lowercase))
    fitted = benchmark(labels, found.trainer.character, max(map(len, labels)), found.trainer.sensitive)
    assert counts(found.with_flags) == tally(labels, fitted)


@pytest.mark.parametrize("name", ["parseq", "paddle", "mmocr", "openocr"])
def test_with_its_flags_a_trainer_keeps_every_sample(name, mixed):
    found = judged(name, mixed)
    assert counts(found.with_flags) == (2 * len(TEXTS), 0, 0)
    assert found.as_it_comes.dropped > 0
    assert found.flags


@pytest.mark.parametrize("name", ["doctr", "easyocr"])
def test_so_do_those_with_formats_of_their_own(name, tmp_path):
    texts = [text for text in TEXTS if text == text.lower() == text.lower().upper().lower()]
    found = judged(name, write(tmp_path, texts, name))
    assert counts(found.with_flags) == (len(texts), 0, 0)
    assert found.as_it_comes.dropped > 0


def test_latin_with_upper_case_goes_through_the_benchmark_whole(tmp_path):
    texts = ["Hello", "WORLD", "a-b", "x]y", "Q?"]
    found = judged("dtrb", write(tmp_path, texts))
    assert list(found.flags) == ["--sensitive"]
    assert counts(found.with_flags) == (5, 0, 0)
    # Its 94 characters hold "\]", which escapes the bracket and loses the backslash.
    found = judged("dtrb", write(tmp_path / "more", [*texts, "a\\b"]))
    assert counts(found.with_flags) == (3, 3, 0)


def test_reasons_and_flags(mixed):
    found = judged("parseq", mixed)
    assert set(found.flags) == {
        "charset=handgen",
        "data.normalize_unicode=false",
        "data.remove_whitespace=false",
        "model.max_label_length=30",
    }
    folded = found.as_it_comes.reasons["folded to ASCII"]
    assert (folded.examples[0].sample, folded.examples[0].label) == (1, "永")
    assert found.as_it_comes.reasons["longer than the trainer takes"].dropped == 2  # 26 letters, twice
    assert found.with_flags.reasons == {}


def test_a_trainer_that_counts_after_taking_characters_out(tmp_path):
    path = write(tmp_path, ["a" * 20 + "永" * 10])
    assert counts(judged("openocr", path).as_it_comes) == (0, 1, 0)
    assert counts(judged("paddle", path).as_it_comes) == (0, 0, 1)


def test_easyocr_reads_lines_as_they_stand(tmp_path):
    found = judged("easyocr", write(tmp_path, ["a,b", 'say "so"', "trail ", "plain"], "easyocr"))
    assert counts(found.as_it_comes) == (1, 3, 0)
    assert any("read_csv" in flag for flag in found.flags)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x7F, exclude_categories=("Cc",)), min_size=1), st.data())
def test_the_reordered_charset_means_just_its_characters(charset, data):
    known = set(charset + charset.lower())
    expression = outside(safe_in_class(charset))
    for char in string.printable[:-5]:
        assert (expression.search(char) is None) == (char in known), (char, expression.pattern)


def test_the_commands_say_what_the_rules_assume(mixed, tmp_path):
    found = judged("dtrb", mixed)
    words = subprocess.run(
        ["bash", "-c", f"python3() {{ printf '%s\\n' \"$@\"; }}; {found.command[0]}"], capture_output=True, check=True
    ).stdout.decode("utf-8")
    given_ = dict(zip(words.split("\n"), words.split("\n")[1:], strict=False))
    assert sorted(given_["--character"]) == sorted(found.trainer.character)
    assert outside(given_["--character"]).search("永-]^a\\") is None
    assert given_["--batch_max_length"] == "30"
    assert given_["--train_data"] == str(mixed)
    assert given_["--valid_data"] == str(mixed.parents[1] / "val")

    yaml = pytest.importorskip("yaml", reason="PyYAML reads what PARSeq reads")
    (tmp_path / "configs" / "charset").mkdir(parents=True)
    *_, write_charset, train = judged("parseq", mixed).command
    subprocess.run(["bash", "-c", write_charset], check=True, cwd=tmp_path)
    text = (tmp_path / "configs" / "charset" / "handgen.yaml").read_text(encoding="utf-8")
    assert text.startswith("# @package _global_\n")
    assert set(yaml.safe_load(text)["model"]["charset_train"]) == set("".join(stored(mixed)))
    assert {f"data.root_dir={mixed.parents[1]}", "data.train_dir=mixed"} <= set(shlex.split(train))

    (paddle,) = judged("paddle", mixed).command
    assert f"Train.dataset.data_dir={mixed}" in shlex.split(paddle)


def test_shards_are_judged_together(tmp_path):
    for number, texts in enumerate((["永", "和"], ["九", "Ａ"])):
        write(tmp_path / "train" / f"shard-{number:05d}", texts)
    found = judged("paddle", tmp_path / "train")
    assert counts(found.with_flags) == (4, 0, 0)
    (merge,) = found.prepare
    subprocess.run(["bash", "-c", merge], check=True, cwd=tmp_path)
    assert (tmp_path / "handgen-charset.txt").read_text(encoding="utf-8").split("\n") == ["九", "和", "永", "Ａ", ""]


def test_a_format_that_a_trainer_does_not_read(mixed):
    with pytest.raises(UsageError, match=r"docTR does not read the format lmdb .* handgen convert .* --format doctr"):
        judged("doctr", mixed)


@pytest.mark.parametrize("entry", list(TRAINERS), ids=lambda entry: entry.name)
def test_every_trainer_reads_a_format_that_handgen_writes(entry):
    kind = TRAINERS.load(entry.name)
    assert all(name in FORMATS for name in kind.formats)
    assert kind.title == entry.summary
    assert kind().read("a").label == "a"


def test_the_commands_of_kraken_find_every_line_wherever_it_lies(tmp_path):
    for number, texts in enumerate((["永", "和"], ["九"])):
        write(tmp_path / "train" / f"shard-{number:05d}", texts, "kraken")
    (tmp_path / "train/shard-00000/preview.png").write_bytes(b"x")
    find, train = judged("kraken", tmp_path / "train").command
    subprocess.run(["bash", "-c", find], check=True, cwd=tmp_path)
    lines = (tmp_path / "kraken-lines.txt").read_text(encoding="utf-8").splitlines()
    assert sorted(lines) == sorted(map(str, (tmp_path / "train").rglob("0*.png")))
    assert len(lines) == 3
    assert shlex.split(train) == ["ketos", "train", "-f", "path", "-u", "NFC", "-t", "kraken-lines.txt"]


def test_the_command_of_swift_has_no_option_that_a_version_lacks(tmp_path):
    """--train_type of version 3 is called --tuner_type in version 4; both train a LoRA by default."""
    command = " ".join(judged("swift", write(tmp_path, ["a"], "conversations")).command)
    assert set(re.findall(r"--\w+", command)) == {"--model", "--dataset", "--val_dataset"}


def test_easyocr_keeps_na_as_text(tmp_path):
    found = judged("easyocr", write(tmp_path, ["1", "NA"], "easyocr"))
    assert not found.as_it_comes.stops
