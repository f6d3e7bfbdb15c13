"""Processes of a node, quickly: one that has loaded the program waits, and forks for each.

What is done is done in a process of its own, with a node's own settings, environment and connections, and may be killed
like any other; only the loading is shared, by all nodes of a test process.

python -m tests.shell       started by `_waiting`: asked on the socket that is its standard input
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Self

from qafila.kernel.roomy import roomy
from qafila.node.directory import NodeDirectory, NodeError

ROOT = Path(__file__).parents[1]
_hand = threading.Lock()
_asked: list[tuple[socket.socket, subprocess.Popen[bytes]]] = []


def environment(node: NodeDirectory) -> dict[str, str]:
    """The environment of a process of that node."""
    kept = {k: v for k, v in os.environ.items() if k != "QAFILA_TEST_DATABASES"}
    return {**kept, "QAFILA_DIR": str(node.path), "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
            "DJANGO_SETTINGS_MODULE": "qafila.node.settings"}  # fmt: skip


def run(node: NodeDirectory, code: str) -> str:
    """Lines of Python in a process of that node; what they print."""
    done = _done(environment(node), code="from qafila.journal.here import here\n" + code)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def qafila(node: NodeDirectory, *words: object) -> subprocess.CompletedProcess[str]:
    """The command `qafila` in a process of that node."""
    return _done(environment(node), words=list(map(str, words)))


def command(*words: object, said: str = "") -> subprocess.CompletedProcess[str]:
    """The command `qafila` as anybody gives it, with `said` on its standard input."""
    return _done({k: v for k, v in os.environ.items() if not k.startswith("DJANGO")}, said, words=list(map(str, words)))


def run_django(node: NodeDirectory, code: str) -> None:
    """What `qafila.node.create.run_django` does. Raises `NodeError` with the last line where it fails."""
    from qafila.node.create import environment as environment_of

    done = _done(environment_of(node), code=code)
    if done.returncode:
        raise NodeError((done.stderr.strip() or "failed without a word").splitlines()[-1])


def _done(environment: Mapping[str, str], said: str = "", **work: Any) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryFile() as from_us, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        from_us.write(said.encode())
        from_us.seek(0)
        status = Started(environment, (from_us, out, err), **work).wait()
        return subprocess.CompletedProcess(work.get("words", []), status, _read(out), _read(err))


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


class Started:
    """A process under way, to be used as one of `subprocess`. `work` is `words` of `qafila`, `code`, or `module` with
    its `arguments`. Without `streams` text is spoken over `stdin` and `stdout`; what goes wrong is told `errors`."""

    def __init__(
        self,
        environment: Mapping[str, str],
        streams: tuple[IO[Any], ...] | None = None,
        errors: IO[Any] | None = None,
        **work: Any,
    ) -> None:
        self.returncode: int | None = None
        self.stdin: IO[str] | None = None
        self.stdout: IO[str] | None = None
        self._socket, theirs = socket.socketpair()
        if streams is None:
            hear, tell = os.pipe(), os.pipe()
            with open(os.devnull, "wb") as nowhere:
                _give(theirs, [hear[0], tell[1], (errors or nowhere).fileno()])
            self.stdin, self.stdout = os.fdopen(hear[1], "w"), os.fdopen(tell[0])
            for end in (hear[0], tell[1]):
                os.close(end)
        else:
            _give(theirs, [one.fileno() for one in streams])
        self._socket.sendall(json.dumps({"environment": dict(environment), **work}).encode() + b"\n")
        self._said = self._socket.makefile("r")
        self.pid = int(self._said.readline())

    def poll(self) -> int | None:
        """How it ended; None: it has not."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """How it ended. Raises `subprocess.TimeoutExpired`."""
        if self.returncode is None:
            said = select.poll()
            said.register(self._socket, select.POLLIN)
            if not said.poll(None if timeout is None else timeout * 1000):
                raise subprocess.TimeoutExpired(["shell"], timeout or 0)
            self.returncode = int(self._said.readline())
            self._said.close()
            self._socket.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Nothing where it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """As `kill -9`."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for stream in (self.stdin, self.stdout):
            if stream is not None:
                stream.close()
        self.wait()


def _give(theirs: socket.socket, streams: list[int]) -> None:
    with _hand, theirs:
        if not _asked:
            asked, other = socket.socketpair()
            with other:
                words = [sys.executable, "-m", "tests.shell"]
                kept = {k: v for k, v in os.environ.items() if k not in ("QAFILA_DIR", "QAFILA_TEST_DATABASES")}
                kept |= {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "DJANGO_SETTINGS_MODULE": "qafila.node.settings"}
                _asked.append((asked, subprocess.Popen(words, stdin=other.fileno(), env=kept)))
        socket.send_fds(_asked[0][0], [b"\0"], [theirs.fileno(), *streams])


@atexit.register
def _end() -> None:
    while _asked:
        asked, process = _asked.pop()
        asked.close()
        process.wait()


# --- the process that waits -----------------------------------------------------------------------


def main() -> None:
    """Load what a node's processes load; then fork for each that is asked for."""
    import django

    django.setup()
    import httpx  # noqa: F401 - so that each fork has them
    import psycopg  # noqa: F401
    import sqlcipher3  # noqa: F401

    import qafila.cli
    import qafila.sync.agent  # noqa: F401

    gc.collect()
    gc.freeze()
    asking = socket.socket(fileno=os.dup(0))
    while True:
        data, given, _, _ = socket.recv_fds(asking, 1, 4)
        if not data:
            return
        if os.fork() == 0:
            asking.close()
            _attend(given)
        for one in given:
            os.close(one)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _attend(given: list[int]) -> None:
    """Start one, say its number, wait for its end, say how it ended."""
    with socket.socket(fileno=given[0]) as whoever, whoever.makefile("r") as said:
        work = json.loads(said.readline())
        pid = os.fork()
        if pid == 0:
            for place, one in enumerate(given[1:]):
                os.dup2(one, place)
            for one in given:
                os.close(one)
            _work(work)
        for one in given[1:]:
            os.close(one)
        try:
            whoever.sendall(b"%d\n" % pid)
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            whoever.sendall(b"%d\n" % status)
        except BrokenPipeError:
            pass  # whoever asked is gone
    os._exit(0)


def _as_new() -> None:
    """Nothing is known of settings yet: what sets up Django in this process does so by its environment."""
    from asgiref.local import Local
    from django.apps import apps
    from django.conf import settings
    from django.db import connections
    from django.utils import timezone
    from django.utils.functional import empty

    settings._wrapped = empty
    sys.modules.pop("qafila.node.settings", None)
    for name in ("settings", "databases"):
        connections.__dict__.pop(name, None)
    connections._settings, connections._connections = None, Local(connections.thread_critical)
    timezone.get_default_timezone.cache_clear()

    def become(*_: object) -> None:
        # The models are the same for every node; which node it is and what its profile wires is not.
        apps.populate = lambda *_: None  # type: ignore[method-assign]
        apps.get_app_config("node").ready()

    apps.populate = become  # type: ignore[method-assign]


def _work(work: dict[str, Any]) -> None:
    status = 1
    try:
        os.environ.clear()
        os.environ.update(work["environment"])
        tempfile.tempdir = None
        sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", closefd=False)
        _as_new()
        status = roomy(_worked)(work)
        _close()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        _close()
    except BaseException:  # noqa: BLE001 - whatever it is, the test is told
        traceback.print_exc()
    finally:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _close() -> None:
    from django.conf import settings
    from django.db import connections

    if settings.configured:
        connections.close_all()


def _worked(work: dict[str, Any]) -> int:
    if "words" in work:
        from qafila.cli import main as told

        return told(work["words"])
    import django

    django.setup()
    if "module" in work:
        sys.argv = [work["module"], *work["arguments"]]
        runpy.run_module(work["module"], run_name="__main__", alter_sys=True)
    else:
        exec(compile(work["code"], "<test>", "exec"), {"__name__": "__main__"})
    return 0


if __name__ == "__main__":
    main()
