from __future__ import annotations

import json

import numpy as np
import pytest

from handgen.cli import run
from handgen.errors import UsageError
from handgen.formats.base import Sample
from handgen.formats.conversations import INSTRUCTIONS, ConversationsReader, ConversationsWriter, instructions_of
from handgen.formats.find import one_dataset
from handgen.formats.findings import Findings
from handgen.formats.imagefolder import ImageFolderWriter


def image(number):
    made = np.full((32, 80), 255, np.uint8)
    made[8:24, 10 : 40 + number % 40] = 0
    return made


def written(path, texts, plan, kind=ConversationsWriter):
    with kind(path, plan) as writer:
        writer.write([Sample(number, text, image(number), {"style": "a"}) for number, text in enumerate(texts)])
        writer.finish({})
    return path


def rows(path):
    return [json.loads(line) for line in (path / "train.jsonl").read_text(encoding="utf-8").splitlines()]


def test_questions_are_in_turn_and_in_the_languages_asked_for(tmp_path):
    texts = [f"mot {number}" for number in range(60)]
    path = written(tmp_path / "a", texts, {"instructions": instructions_of("fr,hi")})
    asked = {row["messages"][0]["content"].removeprefix("<image>") for row in rows(path)}
    assert asked == {*INSTRUCTIONS["fr"], *INSTRUCTIONS["hi"]}
    assert [row["messages"][1]["content"] for row in rows(path)] == texts
    plain = rows(written(tmp_path / "b", texts, {}))
    assert {row["messages"][0]["content"].removeprefix("<image>") for row in plain} == {*INSTRUCTIONS["en"]}


def test_instructions_of_ones_own(tmp_path):
    file = tmp_path / "ask.txt"
    file.write_text("Que lis-tu ?\n\nEt ici ?\n", encoding="utf-8")
    assert instructions_of(str(file)) == ["Que lis-tu ?", "Et ici ?"]
    file.write_text("<image>What?\n", encoding="utf-8")
    for words, message in {str(file): "of its own", "en,xx": "'xx' is neither a file nor a language"}.items():
        with pytest.raises(UsageError, match=message):
            instructions_of(words)
    file.write_text("\n", encoding="utf-8")
    with pytest.raises(UsageError, match="no instructions"):
        instructions_of(str(file))


def test_converted_and_back(tmp_path, capsys):
    source = written(tmp_path / "source", ["سطر", "ligne", "行"], {}, ImageFolderWriter)
    chats = tmp_path / "chats"
    assert run(["convert", str(source), str(chats), "-f", "conversations", "--instructions", "ar"]) == 0
    assert rows(chats)[0]["messages"][1]["content"] == "سطر"
    assert run(["convert", str(chats), str(tmp_path / "back"), "-f", "imagefolder"]) == 0
    assert (tmp_path / "back/metadata.jsonl").read_text() == (source / "metadata.jsonl").read_text()
    assert run(["convert", str(source), str(tmp_path / "x"), "-f", "conversations", "--instructions", "xx"]) == 2
    for trainer in ("swift", "llamafactory"):
        capsys.readouterr()
        assert run(["check", str(chats), "--for", trainer]) == 0
        assert "train" in capsys.readouterr().out


def test_what_others_write(tmp_path):
    """Rows of LLaMA-Factory's older layout, of several turns, and broken ones."""
    written(tmp_path / "d", ["x"], {})
    name = rows(tmp_path / "d")[0]["images"][0]
    turns = [{"from": "human", "value": "<image>?"}, {"from": "gpt", "value": "永"}, {"from": "human", "value": "!"}]
    lines = [
        json.dumps({"conversations": turns, "image": name}),
        json.dumps({"messages": [{"role": "user", "content": "<image>"}], "images": [name]}),
        "{",
        json.dumps({"messages": [{"role": "assistant", "content": "a"}], "images": [{"path": name}]}),
        json.dumps({"messages": [{"role": "assistant", "content": "a"}], "images": ["none.png"]}),
    ]
    (tmp_path / "d/train.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert one_dataset(tmp_path / "d").kind is ConversationsReader
    with ConversationsReader(tmp_path / "d") as reader:
        found = [(record.label, bool(record.image), record.fault) for record in reader.records(Findings())]
    assert found[0] == ("永".encode(), True, "")
    assert found[1][0] is None
    assert "nobody answers" in found[1][2]
    assert "no messages" in found[2][2]
    assert found[3] == (b"a", True, "")
    assert "no file none.png" in found[4][2]


def test_answers_in_parts_are_joined_and_others_are_no_labels(tmp_path):
    written(tmp_path / "d", ["x"], {})
    name = rows(tmp_path / "d")[0]["images"][0]
    parts = [{"type": "text", "text": "永和"}, {"type": "text", "text": "九年"}]
    answers = [parts, [{"type": "image"}], None, 5]
    lines = [json.dumps({"messages": [{"role": "assistant", "content": a}], "images": [name]}) for a in answers]
    (tmp_path / "d/train.jsonl").write_text("\n".join(lines), encoding="utf-8")
    with ConversationsReader(tmp_path / "d") as reader:
        found = [(record.label, "no text" in record.fault) for record in reader.records(Findings())]
    assert found == [("永和九年".encode(), False)] + 3 * [(None, True)]


def test_tags_in_labels_are_found(tmp_path, capsys):
    path = written(tmp_path / "d", ["a", "<image>", "<bbox>"], {})
    for trainer, dropped in {"swift": 2, "llamafactory": 1}.items():
        assert run(["check", str(path), "--for", trainer, "--json"]) in (0, 1)
        report = json.loads(capsys.readouterr().out)
        text = json.dumps(report)
        assert f'"dropped": {dropped}' in text, trainer
