from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import pytest

from handgen.errors import UsageError
from handgen.models import MODELS
from handgen.settings import Settings, option_name, setting
from handgen.training.settings import TrainSettings

CLASSES = [TrainSettings, *(MODELS.load(entry.name).Config for entry in MODELS)]
FIELDS = [(kind, field) for kind in CLASSES for field in dataclasses.fields(kind)]


@dataclass(frozen=True)
class Example(Settings):
    share: float = setting(0.5, "Share.", minimum=0, maximum=1)
    color: str = setting("red", "Color.", choices=("red", "green"))
    few_words: int | None = setting(None, "Words.", minimum=1)


def test_defaults_are_valid_and_settings_cannot_change():
    for kind in CLASSES:
        settings = kind()
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(settings, dataclasses.fields(kind)[0].name, 1)


def faults(kind, field):
    """What is wrong with a field of settings: no help, no panel, no range, or a range that nobody checks."""
    facts, flag = field.metadata, option_name(field.name)
    if not facts["help"].endswith("."):
        yield f"{flag}: its help is no sentence"
    if not facts["panel"]:
        yield f"{flag}: no panel"
    wrong = ["foo"] if facts["choices"] else []
    wrong += [facts["minimum"] - 1] if facts["minimum"] is not None else []
    wrong += [facts["maximum"] + 1] if facts["maximum"] is not None else []
    if isinstance(field.default, (int, float)) and not isinstance(field.default, bool) and not wrong:
        yield f"{flag}: no range"
    for value in wrong:
        try:
            kind(**{field.name: value})
        except UsageError as error:
            if flag not in str(error):
                yield f"{flag} {value}: the message does not name it"
        else:
            yield f"{flag} {value}: not refused"


def test_every_field_has_help_a_panel_and_refuses_what_it_cannot_be():
    found = [f"{kind.__name__} {fault}" for kind, field in FIELDS for fault in faults(kind, field)]
    assert len(FIELDS) > 50
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"share": -0.1}, "--share -0.1 is too small. The least is 0."),
        ({"share": 1.5}, "--share 1.5 is too large. The most is 1."),
        ({"share": float("nan")}, "--share nan is too small. The least is 0."),
        ({"color": "gren"}, "--color gren is unknown. Did you mean 'green'?"),
        ({"few_words": 0}, "--few-words 0 is too small. The least is 1."),
    ],
)
def test_messages_name_the_flag_and_the_remedy(values, message):
    with pytest.raises(UsageError) as caught:
        Example(**values)
    assert str(caught.value) == message


def test_ends_of_the_range_are_in_it():
    assert Example(share=0).share == 0
    assert Example(share=1, few_words=1).few_words == 1
