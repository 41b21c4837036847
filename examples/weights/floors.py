"""Measure how legible the writers are that ``handgen synth`` draws where nothing is asked for, and ship that.

    python -m examples.weights.floors

The gate asks of each writer what all but 2 % of his glyphs have. Measuring 400 writers takes ten seconds of a core,
which a fresh installation is spared. To be run again when hands, the pen or the recognizer have changed; a test says
so. Fonts and strokes that are fetched make other forms: the floors of those are measured where they are.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from handgen.synthesis import floors


def fresh_floors() -> dict[str, list[float]]:
    """Return the floors of an installation that has fetched nothing, by what decides them."""
    from handgen.checkpoints import files as checkpoint
    from handgen.devices import resolve_device
    from handgen.ocr.reader import find_recognizer, load_reader
    from handgen.synthesis.options import make_request
    from handgen.synthesis.prepare import prepare
    from handgen.synthesis.recipe import find_recipe, read_recipe

    recipe = Path("zh")
    source = prepare(make_request(recipe=recipe, gate="off", device="cpu", out=Path("unused"))).source
    file = find_recognizer(read_recipe(find_recipe(recipe)).recognizer)
    reader, digest = load_reader(file, resolve_device("cpu")), checkpoint.load(file).digest()
    made = {}
    for part in source.parts:
        if not part.source.gate_facts().floors:
            styles = range(len(part.source.styles))
            values = floors.measured(reader, part.source, styles)
            made[floors.key_of(digest, part.source, styles)] = [round(value, 2) for value in values]
    return made


def main() -> None:
    """Measure in an empty data folder, and write the file."""
    from handgen.files import user_data, write_json

    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_DATA_HOME"] = folder
        if user_data() != Path(folder):
            sys.exit("error: this system has its data folder elsewhere. Run it on Linux.")
        os.chdir(folder)
        made = fresh_floors()
    write_json(floors.SHIPPED, made)
    print(f"{floors.SHIPPED}: {', '.join(f'{len(values)} styles' for values in made.values())}")


if __name__ == "__main__":
    main()
