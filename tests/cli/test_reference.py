from __future__ import annotations

import re

from docs import reference, trainer_pages
from handgen.check.trainers import TRAINERS
from handgen.models import MODELS


def test_the_page_is_what_the_command_line_says():
    told = reference.PAGE.read_text(encoding="utf-8")
    assert told == reference.page(), "run 'make reference'"


def test_there_is_a_page_for_each_trainer_and_it_says_what_the_rules_say():
    told = {path.stem: path.read_text(encoding="utf-8") for path in trainer_pages.FOLDER.glob("*.md")}
    assert told == {entry.name: trainer_pages.page(entry.name) for entry in TRAINERS}, "run 'make reference'"


def test_every_command_and_option_is_on_it():
    page = reference.page()
    for words, command in reference.commands():
        heading = f"{'#' * (1 + len(words))} handgen {' '.join(words)}"
        assert re.search(rf"^{re.escape(heading)}( |$)", page, re.MULTILINE), heading
        section = page.partition(heading)[2].partition("\n#")[0]
        for option in reference.options(command):
            name = option.name.replace("|", r"\|")
            assert f"`{option.flag}`" in section or f"| {name} |" in (page if words[-1] in MODELS else section)


def test_what_a_table_holds_cannot_break_it():
    rows = [line for line in reference.page().splitlines() if line.startswith("|")]
    assert rows
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {4}


def test_brackets_are_no_markup():
    assert "'handgen[judge]'" in reference.page()
