from __future__ import annotations

import subprocess
import sys

from handgen.progress import progress_bar


def test_a_bar_goes_on_from_what_was_done_and_can_be_left_out(capsys):
    with progress_bar("drawing", 100, done=40, unit=" glyphs") as show:
        show(55)
        show(100)
    drawn = capsys.readouterr().err
    assert "drawing" in drawn
    assert "100/100" in drawn
    assert "glyphs" in drawn
    with progress_bar("drawing", 100, shown=False) as show:
        show(100)
    assert capsys.readouterr().err == ""


def test_tqdm_waits_until_a_bar_is_shown():
    code = "import sys, handgen.progress\nsys.exit('tqdm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
