"""The process in which one row is measured; see ``row.in_process``."""

from __future__ import annotations

import importlib
import json
import sys

from benchmarks.row import as_json
from handgen.models import MODELS

# Here and not in a package, so that who starts no child has no such model; the processes that a child
# starts run this file again.
MODELS.register("free", "benchmarks.models:Free", "costs nothing")


def main() -> None:
    """Call the function that the command line names, and print its row."""
    module, function = sys.argv[1].split(":")
    print(as_json(getattr(importlib.import_module(module), function)(*json.loads(sys.argv[2]))))


if __name__ == "__main__":
    main()
