"""What ``--styles`` asks for."""

from __future__ import annotations

import pytest

from handgen.errors import UsageError
from handgen.sources.spec import some_names

KNOWN = ["x", "1", "10", "张三", "it's"]


def test_a_number_that_is_a_name_is_the_name():
    for text, names in (
        ("1", ["1"]),
        (" 10 ", ["10"]),
        ("2", ["x", "1"]),
        ("张三,1", ["张三", "1"]),
        ("it's", ["it's"]),
        ("", KNOWN),
    ):
        assert some_names(text, KNOWN) == names, text
    for text, message in (
        ("6", "there are 5"),
        ("0", "at least one"),
        ("张四", "Known: x, 1, 10, 张三"),
        ("x,x", "twice"),
    ):
        with pytest.raises(UsageError, match=message):
            some_names(text, KNOWN)
