"""Conversations for fine-tuning vision-language models, as ms-swift and LLaMA-Factory read them.

``train.jsonl`` has one JSON object per line: ``messages``, a question with ``<image>`` and the label as the answer, and
``images``, the path of the image relative to the dataset's folder. ``dataset_info.json`` describes this to
LLaMA-Factory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from handgen.errors import UsageError
from handgen.files import write_json
from handgen.formats.base import Format, Sample
from handgen.formats.files import json_line, utf8
from handgen.formats.findings import Findings
from handgen.formats.listed import Entry, ListReader, ListWriter, lines_of
from handgen.registry import nearest
from handgen.seeds import derive

IMAGE = "<image>"
INSTRUCTIONS = {
    "en": ("Read the handwriting in this image.", "What is written here?", "Transcribe this line exactly."),
    "zh": ("识别图中的手写文字。", "图片里写的是什么？", "请逐字抄录这一行。"),
    "fr": ("Lis l'écriture manuscrite de cette image.", "Qu'est-il écrit ici ?", "Transcris cette ligne exactement."),
    "de": ("Lies die Handschrift in diesem Bild.", "Was steht hier?", "Schreibe diese Zeile genau ab."),
    "es": ("Lee la escritura a mano de esta imagen.", "¿Qué está escrito aquí?", "Transcribe esta línea exactamente."),
    "pt": ("Leia a escrita à mão desta imagem.", "O que está escrito aqui?", "Transcreva esta linha exatamente."),
    "it": ("Leggi la scrittura a mano in questa immagine.", "Che cosa c'è scritto?", "Trascrivi esattamente la riga."),
    "ru": ("Прочитай рукописный текст на изображении.", "Что здесь написано?", "Перепиши эту строку точно."),
    "ja": (
        "画像の手書き文字を読んでください。",
        "ここには何と書いてありますか。",
        "この行をそのまま写してください。",
    ),
    "ar": ("اقرأ الكتابة اليدوية في هذه الصورة.", "ماذا كُتب هنا؟", "انسخ هذا السطر كما هو."),
    "hi": ("इस चित्र की हस्तलिपि पढ़िए।", "यहाँ क्या लिखा है?", "इस पंक्ति को ज्यों का त्यों लिखिए।"),
}
"""Language -> questions about an image."""
PLAN_KEY = "instructions"
"""Key of a dataset's plan with its questions; without it they are the English ones."""
_ANSWERED = ("assistant", "gpt")
"""Roles whose messages are answers."""


def instructions_of(words: str) -> list[str]:
    """Return the questions that ``--instructions`` stands for.

    Args:
        words: languages separated by commas, or a UTF-8 file with one question per line.

    Raises:
        UsageError: there is no such language or file, or the file has no question, or one with ``<image>`` in it.
    """
    path = Path(words)
    if path.is_file():
        found = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
        if not found:
            raise UsageError(f"{path} has no instructions", "Write one on each line.")
        if wrong := next((line for line in found if IMAGE in line), ""):
            raise UsageError(
                f"'{wrong}' of {path} has an {IMAGE} of its own", "Leave it out: it is added to every question."
            )
        return found
    languages = [word.strip() for word in words.split(",") if word.strip()]
    for language in languages:
        if language not in INSTRUCTIONS:
            hint = nearest(language, INSTRUCTIONS)
            raise UsageError(f"'{language}' is neither a file nor a language with instructions", hint)
    return [line for language in languages for line in INSTRUCTIONS[language]]


def dataset_info(name: str) -> dict[str, Any]:
    """Return the content of ``dataset_info.json``, which describes the list ``name`` to LLaMA-Factory."""
    tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
    columns = {"messages": "messages", "images": "images"}
    return {"handgen": {"file_name": name, "formatting": "sharegpt", "columns": columns, "tags": tags}}


class ConversationsWriter(ListWriter):
    """Writes ``images/``, ``train.jsonl`` and ``dataset_info.json``; see ``Writer``."""

    format = "conversations"
    whole = "train.jsonl"

    def _entry(self, name: str, label: str, sample: Sample) -> str:
        questions = self.plan.get(PLAN_KEY) or INSTRUCTIONS["en"]
        question = questions[derive(0, "instruction", sample.index) % len(questions)]
        messages = [
            {"role": "user", "content": IMAGE + question},
            {"role": "assistant", "content": label},
        ]
        return json_line({"messages": messages, "images": [name]})

    def _end(self) -> None:
        write_json(self.path / "dataset_info.json", dataset_info(self.whole))
        super()._end()


class ConversationsReader(ListReader):
    """Reads the conversations of ``train*.jsonl``, ``val*.jsonl``, ...: keys ``messages`` or ``conversations``.

    A sample is the first image of a conversation and the first answer in it. An answer is a string, or a list of parts
    with texts, as in OpenAI's format.
    """

    format = "conversations"
    marks = ("train*.jsonl", "val*.jsonl", "test*.jsonl", "conversations*.jsonl")
    above = True
    alone = False  # a conversation may have further pictures, which are not read

    @classmethod
    def holds(cls, folder: Path) -> bool:
        """Look at the first lines: the names alone are too common."""
        for path in sorted(folder.iterdir()):
            if cls._marking([path.name]) and path.is_file():
                with path.open(encoding="utf-8-sig", errors="replace") as lines:
                    if _turns(_object(next(lines, ""))):
                        return True
        return False

    def _rows(self, file: Path, findings: Findings) -> Iterator[Entry]:
        for number, line in lines_of(file, findings):
            where = f"{file.name}, line {number}"
            row = _object(line)
            turns = _turns(row)
            if not turns:
                yield Entry("", None, fault=f"{where}: no messages")
                continue
            answers = [content for role, content in turns if role in _ANSWERED]
            answer = _text_of(answers[0]) if answers else None
            fault = f"{where}: " + ("the answer is no text" if answers else "nobody answers")
            if answer is None:
                yield Entry(_image_of(row), None, fault=fault)
            else:
                yield Entry(_image_of(row), utf8(answer))


def _object(line: str | bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return row if isinstance(row, dict) else {}


def _turns(row: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return (role, content) of each message; [] if the row is no conversation."""
    turns = row.get("messages") or row.get("conversations")
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        return []
    return [(str(turn.get("role", turn.get("from", ""))), turn.get("content", turn.get("value"))) for turn in turns]


def _text_of(content: Any) -> str | None:
    """Return the text of a message: a string, or the joined text parts of a list; None if it has no text."""
    if isinstance(content, list):
        texts = [part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str)]
        return "".join(texts) if texts else None
    return content if isinstance(content, str) else None


def _image_of(row: dict[str, Any]) -> str:
    images = row.get("images", row.get("image"))
    first = images[0] if isinstance(images, list) and images else images
    first = first.get("path") if isinstance(first, dict) else first
    return first if isinstance(first, str) else ""


CONVERSATIONS = Format(ConversationsWriter, ConversationsReader)
