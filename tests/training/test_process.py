from __future__ import annotations

import signal
import threading

import pytest
import torch

from handgen.training.process import stop_on_signal, use_deterministic


def test_what_was_set_is_put_back():
    with use_deterministic(True):
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.is_deterministic_algorithms_warn_only_enabled()
    assert not torch.are_deterministic_algorithms_enabled()
    with use_deterministic(False):
        assert not torch.are_deterministic_algorithms_enabled()


@pytest.fixture
def restored_sigint():
    """What a shell's foreground command has; one in the background is started with Ctrl-C ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_the_first_signal_asks_and_the_second_kills(restored_sigint):
    asked = []
    with stop_on_signal(lambda: asked.append(True)):
        signal.raise_signal(signal.SIGTERM)
        assert asked == [True]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_run_in_another_thread_is_not_stopped_by_signals():
    entered = []

    def train():
        with stop_on_signal(lambda: None):
            entered.append(True)

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert entered == [True]
