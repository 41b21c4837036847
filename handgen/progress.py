"""Bars of the Python API, drawn by tqdm: as text on a terminal, as a widget in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(
    what: str, total: int | None = None, *, done: int = 0, unit: str = "it", shown: bool = True
) -> Iterator[Callable[[int], None]]:
    """Show a bar while the context lasts; yield a function that is told how much is done by now.

    Args:
        what: what is being done.
        total: when it is done; None if nobody knows.
        done: how much of it was done before.
        unit: what is counted.
        shown: false for no bar.
    """
    from tqdm.auto import tqdm

    with tqdm(desc=what, total=total, initial=done, unit=unit, disable=not shown) as bar:
        counted = done

        def show(now: int) -> None:
            nonlocal counted
            bar.update(now - counted)
            counted = now

        yield show
