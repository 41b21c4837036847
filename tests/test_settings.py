from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import pytest

from handgen.errors import UsageError
from handgen.models import MODELS
from handgen.settings import Settings, option_name, setting
from handgen.training.settings import TrainSettings

CLASSES = [TrainSettings, *(MODELS.load(entry.name).Config for entry in MODELS)]
FIELDS = [
    pytest.param(kind, field, id=f"{kind.__name__}.{field.name}")
    for kind in CLASSES
    for field in dataclasses.fields(kind)
]


@dataclass(frozen=True)
class Example(Settings):
    share: float = setting(0.5, "Share.", minimum=0, maximum=1)
    color: str = setting("red", "Color.", choices=("red", "green"))
    few_words: int | None = setting(None, "Words.", minimum=1)


@pytest.mark.parametrize("kind", CLASSES)
def test_defaults_are_valid_and_settings_cannot_change(kind):
    settings = kind()
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(settings, dataclasses.fields(kind)[0].name, 1)


@pytest.mark.parametrize(("kind", "field"), FIELDS)
def test_every_field_has_help_a_panel_and_refuses_what_it_cannot_be(kind, field):
    facts, flag = field.metadata, option_name(field.name)
    assert facts["help"].endswith(".")
    assert facts["panel"]
    wrong = ["foo"] if facts["choices"] else []
    wrong += [facts["minimum"] - 1] if facts["minimum"] is not None else []
    wrong += [facts["maximum"] + 1] if facts["maximum"] is not None else []
    if isinstance(field.default, (int, float)) and not isinstance(field.default, bool):
        assert wrong, f"{flag} has no range"
    for value in wrong:
        with pytest.raises(UsageError, match=flag):
            kind(**{field.name: value})


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
