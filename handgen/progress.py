"""Progress bars of the Python API, by tqdm: text on a terminal, a widget in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(
    what: str, total: int | None = None, *, done: int = 0, unit: str = "it", shown: bool = True
) -> Iterator[Callable[[int], None]]:
    """Show a bar while the context lasts; yield a function to call with the amount that is done so far.

    Args:
        what: the text before the bar.
        total: the whole amount; None if it is not known.
        done: the amount that is done at the start.
        unit: what is counted, such as "images".
        shown: whether to show the bar.
    """
    from tqdm.auto import tqdm

    with tqdm(desc=what, total=total, initial=done, unit=unit, disable=not shown) as bar:
        counted = done

        def show(now: int) -> None:
            nonlocal counted
            bar.update(now - counted)
            counted = now

        yield show
