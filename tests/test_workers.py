"""The pool of processes: order, replacement, preparation."""

from __future__ import annotations

import functools
import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from handgen import workers
from handgen.errors import HandgenError, UsageError
from handgen.workers import Failed, Finished, Pool


def count_to(number):
    yield from range(number)


def test_the_pool_keeps_order_with_far_more_messages_than_it_holds():
    with Pool(2, stall=30) as pool:
        heard = list(pool.stream(count_to, [100, 3, 100]))
        assert heard == [
            *((0, i) for i in range(100)),
            (0, Finished()),
            *((1, i) for i in range(3)),
            (1, Finished()),
            *((2, i) for i in range(100)),
            (2, Finished()),
        ]
        assert list(pool.stream(count_to, ["not a number"]))[-1][1] == Failed(
            "TypeError: 'str' object cannot be interpreted as an integer"
        )


def test_there_are_no_more_workers_than_windows_can_wait_for(monkeypatch):
    monkeypatch.setattr(workers, "sys", SimpleNamespace(platform="win32"))
    assert (Pool(2).workers, Pool(200).workers) == (2, 60)


def add(prepared, job, send):
    send((os.getpid(), prepared + job))


def test_a_worker_prepares_once_for_all_its_jobs(tmp_path):
    with Pool(1, prepare=functools.partial(prepare, tmp_path / "log")) as pool:
        heard = list(pool.run(add, [1, 2, 3]))
        assert [message[1] for _, message in heard if not isinstance(message, Finished)] == [41, 42, 43]
        assert (tmp_path / "log").read_text() == "x"


def prepare(log):
    with log.open("a") as file:
        file.write("x")
    return 40


def die_at_first(job, send):
    """Leave a mark; who finds none of its job dies half-way, as often as the job says."""
    folder, deaths = job
    marks = len(list(folder.iterdir()))
    send(marks)
    if marks < deaths:
        (folder / str(marks)).touch()
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(("deaths", "whole"), [(2, True), (3, False)])
def test_the_job_of_a_lost_worker_is_begun_again(tmp_path, deaths, whole):
    calm, mortal = tmp_path / "calm", tmp_path / "mortal"
    for folder in (calm, mortal):
        folder.mkdir()
    with Pool(2) as pool:
        heard = list(pool.run(die_at_first, [(calm, 0), (mortal, deaths), (calm, 0)], attempts=3))
    assert [message for job, message in heard if job == 0] == [message for job, message in heard if job == 2]
    assert [message for job, message in heard if job == 1][:-1] == list(range(deaths + whole))
    last = Finished() if whole else Failed("its process was ended by SIGKILL")
    assert [message for job, message in heard if job == 1][-1] == last


def refuse(job, send):
    if job:
        raise UsageError("no", "Say yes.")
    Path("nowhere").read_text()


def test_an_error_comes_as_it_was_raised():
    with Pool(1) as pool:
        (_, refused), (_, broken) = pool.run(refuse, [True, False])
    assert isinstance(refused.error, UsageError)
    assert str(refused.error) == "no. Say yes."
    assert not isinstance(broken.error, HandgenError)
    assert "FileNotFoundError" in str(broken.error)


def work_or_sleep(job, send):
    """Be busy for so many seconds of CPU time without a word, or sleep."""
    send("begun")
    while job == "busy" and time.process_time() < 60:
        pass
    time.sleep(600)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system does not tell what a process does")
def test_a_worker_that_others_keep_from_working_is_not_given_up(monkeypatch):
    with Pool(1, stall=0.2) as pool:
        heard = [message for _, message in pool.run(work_or_sleep, ["asleep"])]
        assert heard == ["begun", Failed("it hung: nothing happened for 0.2 seconds")]
    waited = []
    monkeypatch.setattr(workers, "_life", lambda pid: waited.append(pid) or (0.0, "R" if len(waited) < 9 else "S"))
    with Pool(1, stall=0.2) as pool:  # a process that would run, and gets no processor
        assert [message for _, message in pool.run(work_or_sleep, ["busy"])] == heard
    assert len(waited) >= 9
