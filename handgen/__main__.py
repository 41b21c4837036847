"""``python -m handgen``."""

import sys

from handgen.cli import run


def main() -> None:
    """The console script."""
    sys.exit(run())


if __name__ == "__main__":
    main()
