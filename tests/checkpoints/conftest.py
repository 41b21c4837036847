"""Uses the trained runs of tests/training."""

from tests.training.conftest import start, trained  # noqa: F401
