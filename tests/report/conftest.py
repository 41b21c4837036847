from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import subprocess

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


class Tab:
    """One page in a headless browser, spoken to over the pipe of the DevTools protocol."""

    def __init__(self, asked, answers):
        self._asked, self._answers = asked, answers
        self._numbers = itertools.count(1)
        self._session = {}
        self.complaints = []

    def call(self, method, **params):
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params, **self._session}
        self._asked.write(json.dumps(message).encode() + b"\0")
        self._asked.flush()
        while (answer := self._next()).get("id") != number:
            if answer.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded", "Page.javascriptDialogOpening"):
                self.complaints.append(answer["params"])
        assert "error" not in answer, answer
        return answer["result"]

    def _next(self):
        message = bytearray()
        while (byte := self._answers.read(1)) != b"\0":
            assert byte, "the browser ended"
            message += byte
        return json.loads(message)

    def open(self, path, scheme="light"):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = {"sessionId": self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}
        for domain in ("Runtime", "Log", "Page"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Page.navigate", url=path.resolve().as_uri())
        self.run("new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', done))")

    def run(self, script):
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")


@pytest.fixture
def tab(tmp_path):
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None or os.name == "nt":
        pytest.skip("no Chromium here")
    (to_read, to_write), (from_read, from_write) = os.pipe(), os.pipe()

    def pass_pipes():  # Chromium reads from 3 and writes to 4
        inside = os.dup(to_read), os.dup(from_write)
        os.dup2(inside[0], 3)
        os.dup2(inside[1], 4)

    words = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-quic",
        "--remote-debugging-pipe",
    ]
    process = subprocess.Popen(
        [browser, *words, f"--user-data-dir={tmp_path / 'profile'}"],
        preexec_fn=pass_pipes,
        close_fds=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_read)
    os.close(from_write)
    with os.fdopen(to_write, "wb") as asked, os.fdopen(from_read, "rb", buffering=1 << 16) as answers:
        tab = Tab(asked, answers)
        yield tab
        tab._session = {}
        with contextlib.suppress(OSError, AssertionError):
            tab.call("Browser.close")
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
