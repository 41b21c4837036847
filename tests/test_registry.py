from __future__ import annotations

import subprocess
import sys

import pytest

from handgen.errors import UsageError
from handgen.formats import FORMATS
from handgen.metrics import METRICS
from handgen.models import MODELS
from handgen.registry import Registry, nearest


@pytest.fixture
def registry():
    made = Registry("pen")
    made.register("brush", "pathlib:Path", "soft")
    made.register("nib", "no.such.module:Nib")
    return made


def test_it_lists_in_order_and_imports_on_demand(registry):
    from pathlib import Path

    assert [(entry.name, entry.summary) for entry in registry] == [("brush", "soft"), ("nib", "")]
    assert "nib" in registry
    assert "quill" not in registry
    assert len(registry) == 2
    assert registry.load("brush") is Path
    with pytest.raises(ModuleNotFoundError):
        registry.load("nib")


def test_an_unknown_name_suggests_the_nearest(registry):
    with pytest.raises(UsageError, match=r"^unknown pen 'brsh'. Did you mean 'brush'\?$"):
        registry.load("brsh")
    with pytest.raises(UsageError, match="Known: brush, nib"):
        registry.entry("xyzzy")
    assert nearest("x", []) == "None is known."


def test_a_name_is_taken_once(registry):
    with pytest.raises(ValueError, match="twice"):
        registry.register("nib", "a:b")
    registry.unregister("nib")
    registry.register("nib", "pathlib:PurePath")
    assert registry.load("nib").__name__ == "PurePath"


@pytest.mark.parametrize("target", ["pathlib", "a:b:c", "pathlib.Path"])
def test_a_target_reads_module_and_object(registry, target):
    with pytest.raises(ValueError, match="module:Object"):
        registry.register("quill", target)


@pytest.mark.parametrize("registered", [MODELS, METRICS, FORMATS], ids=lambda registered: registered.kind)
def test_everything_registered_exists_and_says_what_it_is(registered):
    assert len(registered)
    for entry in registered:
        assert entry.summary
        assert registered.load(entry.name).__doc__


def test_listing_imports_nothing_heavy():
    code = (
        "import sys, handgen.models, handgen.metrics, handgen.formats\n"
        "list(handgen.models.MODELS), list(handgen.metrics.METRICS), list(handgen.formats.FORMATS)\n"
        "sys.exit(bool({'torch', 'numpy', 'PIL', 'lmdb'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
