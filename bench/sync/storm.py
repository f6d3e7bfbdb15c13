"""Very many units at once: held open, then all of them cut off and calling again in the same moment.

    python -m bench.sync.storm COUNT SEED FOLDER HUB_KEY PORT     the driver, a process in the hub's namespace

Each unit has a connection of its own with TLS 1.3 and a client's certificate, and a signing key of its own. It waits
as the agent does: at first up to half a second, then twice as long after each failure, up to eight.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import ssl
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import django

from bench.sync.fleet import RECORDS, code, key
from bench.sync.link import HUB_ADDRESS, Link
from bench.sync.nodes import ROOT, Nodes, serve, told, within
from bench.unit.run import pss_mb

RAMP = 100
"""Units that connect at once while the fleet is brought up gently."""
HELD_S = 5.0
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 8.0
PATIENCE_S = 60.0
GIVE_UP_S = 600.0
SAMPLE_S = 1.0


@dataclass
class Fleet:
    """All units of the driver and what became of them."""

    count: int
    seed: int
    hub_key: bytes
    port: int
    tls: ssl.SSLContext
    told_to_wait: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    """Attempts that ended without an answer."""
    wrong: list[str] = field(default_factory=list)
    """Answers that were no answer to what was asked: these are errors."""
    open: dict[int, asyncio.StreamWriter] = field(default_factory=dict)

    async def greet(self, number: int, parcels: bytes) -> bool:
        """One attempt: connect, say hello, hear the answer; the connection stays open then."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                reader, writer = await asyncio.open_connection(HUB_ADDRESS, self.port, ssl=self.tls)
                try:
                    status, body = await self._post(number, parcels, reader, writer)
                except BaseException:
                    writer.transport.abort()
                    raise
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            self.lost[type(error).__name__] += 1
            return False
        if status == 200 and self._answered(number, body, bool(parcels)):
            self.open[number] = writer
            return True
        writer.transport.abort()
        if status in (429, 503):
            self.told_to_wait += 1
        else:
            self.wrong.append(f"{status} {body[:30]!r}")
        return False

    async def _post(
        self, number: int, parcels: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[int, bytes]:
        from qafila.kernel import clock
        from qafila.sync.frames import PATH, seal
        from qafila.sync.messages import Hello

        total = RECORDS if parcels else 0
        frame = seal(Hello(0, 0, total, parcels), code(number), "H", number + 1, clock.now_ms(), key(number, self.seed))
        head = f"POST {PATH} HTTP/1.1\r\nHost: {HUB_ADDRESS}\r\nContent-Type: application/octet-stream\r\n"
        writer.write(f"{head}Content-Length: {len(frame)}\r\n\r\n".encode() + frame)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = next(int(x.split(":")[1]) for x in answer.split("\r\n") if x.startswith("content-length:"))
        return int(answer.split(" ")[1]), await reader.readexactly(length)

    def _answered(self, number: int, body: bytes, with_records: bool) -> bool:
        from qafila.sync.frames import FrameError, open_frame
        from qafila.sync.messages import Welcome

        try:
            frame = open_frame(body, code(number), lambda sender: self.hub_key)
        except FrameError as error:
            self.wrong.append(error.reason)
            return False
        said = frame.message
        if not isinstance(said, Welcome) or frame.number != number + 1 or said.taken.aside or said.taken.alarms:
            self.wrong.append("not what was asked")
            return False
        if with_records and said.held < RECORDS:
            self.wrong.append(f"{said.held} records held")
            return False
        return True

    async def until_served(self, number: int, parcels: bytes, end: float) -> float | None:
        """When the unit was served; None where it never was."""
        dice = random.Random(f"{self.seed} {number}")
        wait = FIRST_WAIT_S
        await asyncio.sleep(wait * dice.uniform(0, 1))
        while time.monotonic() < end:
            if await self.greet(number, parcels):
                return time.monotonic()
            await asyncio.sleep(wait * dice.uniform(0.5, 1.0))
            wait = min(wait * 2, LONGEST_WAIT_S)
        return None

    def cut(self) -> None:
        """Every connection breaks at once."""
        for writer in self.open.values():
            writer.transport.abort()
        self.open.clear()


async def drive(fleet: Fleet) -> dict[str, Any]:
    """Bring the fleet up, hold it, cut it off, and see how long it takes until all are served again."""
    from bench.sync.fleet import waiting
    from qafila.sync import codec

    packed = [codec.ROWS.pack(waiting(n, fleet.seed)) for n in range(fleet.count)]
    gate = asyncio.Semaphore(RAMP)

    async def gently(number: int) -> float | None:
        async with gate:
            return await fleet.until_served(number, b"", time.monotonic() + GIVE_UP_S)

    begun = time.monotonic()
    up = await asyncio.gather(*(gently(n) for n in range(fleet.count)))
    ramp = time.monotonic() - begun
    await asyncio.sleep(HELD_S)
    held = sum(not w.transport.is_closing() for w in fleet.open.values())
    fleet.cut()
    fleet.lost.clear()
    fleet.told_to_wait = 0
    begun = time.monotonic()
    served = await asyncio.gather(*(fleet.until_served(n, packed[n], begun + GIVE_UP_S) for n in range(fleet.count)))
    took = sorted(at - begun for at in served if at is not None)
    fleet.cut()
    return {
        "seconds": round(took[-1], 1) if len(took) == fleet.count else None, "units": fleet.count,
        "served": len(took), "median_s": round(took[len(took) // 2], 1) if took else None,
        "errors": len(fleet.wrong) + fleet.count - len(took) + sum(at is None for at in up),
        "first_errors": fleet.wrong[:5], "told_to_wait": fleet.told_to_wait, "attempts_lost": dict(fleet.lost),
        "held_open": held, "ramp_s": round(ramp, 1),
    }  # fmt: skip


class Memory(threading.Thread):
    """Looks at the hub's memory once a second: its own processes and those of its database."""

    def __init__(self, pids: dict[str, int]) -> None:
        super().__init__(daemon=True)
        self.pids, self.most, self.ending = pids, dict.fromkeys(pids, 0.0), threading.Event()

    def run(self) -> None:
        """Sample until told to end."""
        while not self.ending.wait(SAMPLE_S):
            for name, pid in self.pids.items():
                try:
                    self.most[name] = max(self.most[name], pss_mb(pid))
                except OSError:
                    # A process of the family ended between two looks.
                    continue


def storm(nodes: Nodes, units: int, seed: int) -> dict[str, Any]:
    """The line: time until all are served again, errors, memory of the hub at its worst."""
    _more_files()
    pair = nodes.pair()
    folder = pair.hub.path.parent / "fleet"
    hub_key = told(pair.hub, str(units), str(seed), str(folder), module="bench.sync.fleet")["hub_key"]
    with Link() as link:
        server = serve(link, pair.hub)
        database = int((nodes.cluster.data / "postmaster.pid").read_text().split()[0])
        memory = Memory({"hub": server.pid, "postgresql": database})
        memory.start()
        words = [sys.executable, "-m", "bench.sync.storm", str(units), str(seed), str(folder), hub_key]
        # It takes nothing of the node but its packages: a driver is no node.
        process = link.hub([*words, str(pair.hub.sync_port)], env=within(pair.hub), stdout=-1, cwd=ROOT, text=True)
        out, _ = process.communicate()
        memory.ending.set()
        memory.join()
    if process.returncode:
        raise RuntimeError("the storm's driver failed")
    with pair.connect() as hub:
        row = hub.execute("SELECT count(*) FROM journal_record WHERE node LIKE 'S%'").fetchone()
    found: dict[str, Any] = json.loads(out)
    return {
        **found,
        "records": row[0] if row else 0,
        "hub_mb": round(sum(memory.most.values()), 1),
        "memory": memory.most,
    }


def _more_files() -> None:
    """A connection is an open file, here and in the hub's processes, which inherit the limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main(count: str, seed: str, folder: str, hub_key: str, port: str) -> None:
    """The driver; prints what it found as JSON."""
    django.setup()
    keys = Path(folder)
    tls = ssl.create_default_context(cafile=str(keys / "hub-ca.crt"))
    tls.minimum_version = ssl.TLSVersion.TLSv1_3
    tls.load_cert_chain(str(keys / "client.crt"), str(keys / "client.pem"))
    fleet = Fleet(int(count), int(seed), bytes.fromhex(hub_key), int(port), tls)
    json.dump(asyncio.run(drive(fleet)), sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
