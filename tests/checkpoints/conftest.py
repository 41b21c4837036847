"""The trained runs of tests/training serve here, too."""

from tests.training.conftest import start, trained  # noqa: F401
