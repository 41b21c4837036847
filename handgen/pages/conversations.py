"""Conversations about pages for vision-language models: ``train.jsonl``, as in ``formats.conversations``.

With boxes, the answer has ``<bbox>`` after each line, and ``objects`` has the boxes: ms-swift's format for grounding,
with corners in pixels.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from handgen.formats.conversations import IMAGE, PLAN_KEY, dataset_info
from handgen.formats.files import json_line
from handgen.pages.formats import PageFormat
from handgen.pages.record import PRINTED, Page
from handgen.seeds import derive

BOX = "<bbox>"
BOXES_KEY = "page_boxes"
"""Key of a run's plan that says whether answers have boxes."""
_LIST, _INFO = "train.jsonl", "dataset_info.json"
_QUESTIONS = (
    "Transcribe the handwriting on this page, line by line.",
    "Write down what is written by hand here. Keep the lines.",
    "Read this page.",
)
_WHERE = "Transcribe the handwriting on this page, line by line, and say where each line is."


class Conversations(PageFormat):
    """Writes ``train.jsonl`` and ``dataset_info.json``."""

    def page(self, page: Page, image: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return the conversation about a page."""
        lines = [line for block in page.blocks if block.kind != PRINTED for line in block.lines]
        boxes = bool(self.plan.get(BOXES_KEY))
        questions = self.plan.get(PLAN_KEY) or ([_WHERE] if boxes else _QUESTIONS)
        question = questions[derive(0, "instruction", page.index) % len(questions)]
        answer = "\n".join(line.text + (BOX if boxes else "") for line in lines)
        messages = [
            {"role": "user", "content": IMAGE + question},
            {"role": "assistant", "content": answer},
        ]
        row: dict[str, Any] = {"messages": messages, "images": [image]}
        if boxes:
            found = [[x0, y0, x1 - 1, y1 - 1] for x0, y0, x1, y1 in (line.box for line in lines)]
            row["objects"] = {"ref": [], "bbox": found, "bbox_type": "real", "image_id": [0] * len(found)}
        return {}, {f"{_LIST}.part": json_line(row) + "\n"}

    def final(self) -> Mapping[str, tuple[str, ...]]:
        """Give the list its name, and tell LLaMA-Factory of it."""
        return {_LIST: (f"{_LIST}.part",), _INFO: ("=" + json.dumps(dataset_info(_LIST), indent=2) + "\n",)}
