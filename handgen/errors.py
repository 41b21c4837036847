"""The errors that users can see. Only the CLI turns them into messages and exit codes."""

from __future__ import annotations

import shlex
from pathlib import Path


class HandgenError(Exception):
    """Base of all errors. ``message`` says what failed; ``remedy`` says what to do about it.

    The CLI prints ``message. remedy`` on one line and exits with ``exit_code``.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        text = self.message.rstrip(".")
        return f"{text}. {self.remedy}" if self.remedy else text


class HandgenWarning(UserWarning):
    """Something was left out or is not as it should be, but the work continues. The CLI prints it as one line."""


class UsageError(HandgenError):
    """The request is wrong: a wrong option, an unknown name, a bad value."""

    exit_code = 2


class FontError(HandgenError):
    """A font is missing or unreadable, or has none of the requested characters."""


class StoreError(HandgenError):
    """A glyph store is missing, damaged, or of another version."""


class CheckpointError(HandgenError):
    """A checkpoint is missing or damaged, or does not fit its use."""


class TrainingError(HandgenError):
    """A training run cannot continue."""


class DatasetError(HandgenError):
    """A dataset cannot be written, continued or read."""


def quoted(path: Path | str) -> str:
    """Return a path or a name in shell quotes, for a command that a message suggests."""
    return shlex.quote(str(path))
