"""How long a node waits before it calls its hub again."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from bench.ports import free_port
from qafila.journal.here import Here
from qafila.sync import pki
from qafila.sync.agent import CROWDED_WAIT_S, FIRST_WAIT_S, LONGEST_WAIT_S, run_forever
from qafila.sync.enrolment import keys_folder
from qafila.sync.models import Peer

CALLS = 16


class Waits(threading.Event):
    """Nobody waits; it is written down for how long they would have, and after some calls it is enough."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout or 0.0)
        if len(self.asked) == CALLS:
            self.set()
        return self.is_set()


@pytest.fixture
def joined(unit: Here) -> Peer:
    """This unit has a hub at a port where nobody is."""
    keys = keys_folder()
    pki.make_authority(keys, "Qafila test")
    certificate, _ = pki.sign_request(keys, pki.client_request(keys, "U1"), "U1")
    (keys / "client.crt").write_bytes(certificate)
    shutil.copy(keys / "ca.crt", keys / "hub-ca.crt")
    url = f"https://127.0.0.1:{free_port()}/sync"
    return Peer.objects.create(code="H", profile="hub", upward=True, url=url, signing_key=b"k" * 32)


@contextmanager
def hangs_up(port: int) -> Iterator[None]:
    """Whoever calls there is let in, and sent away without a word."""
    with socket.create_server(("127.0.0.1", port)) as server:

        def answer() -> None:
            with suppress(OSError):
                while True:
                    server.accept()[0].close()

        thread = threading.Thread(target=answer)
        thread.start()
        yield
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_link_that_is_down_is_tried_every_few_seconds(joined: Peer) -> None:
    stop = Waits()
    run_forever(stop)
    assert stop.asked[0] <= FIRST_WAIT_S and max(stop.asked) <= LONGEST_WAIT_S
    assert stop.asked[-1] >= LONGEST_WAIT_S / 2, "not more often than that"


def test_a_hub_that_hangs_up_without_a_word_is_left_alone_for_longer(joined: Peer) -> None:
    stop = Waits()
    with hangs_up(int(joined.url.split(":")[2].split("/")[0])):
        run_forever(stop)
    assert stop.asked[0] <= FIRST_WAIT_S
    assert LONGEST_WAIT_S < CROWDED_WAIT_S / 2 <= stop.asked[-1] <= CROWDED_WAIT_S
