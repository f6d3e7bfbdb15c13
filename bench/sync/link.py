"""A poor link between two network namespaces, packet by packet, in this process: it needs no kernel module but TUN.

    with Link(Conditions(up=23_000, down=23_000)) as link:
        server = link.hub(["python3", "-m", "http.server", "--bind", HUB_ADDRESS])
        client = link.unit([...])
        link.begin(Conditions(), Cuts(every=60_000))
        ...
        link.tally()

Processes of the unit live at `UNIT_ADDRESS`, processes of the hub at `HUB_ADDRESS`; there is no other way out of
either namespace. Needs the right to make namespaces and TUN devices (root, or CAP_SYS_ADMIN and CAP_NET_ADMIN).
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import itertools
import os
import re
import select
import shutil
import struct
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.sync.channel import Carrier, Channel, Conditions, Cuts, channels

UNIT_ADDRESS, HUB_ADDRESS = "10.203.0.1", "10.203.0.2"
MTU = 1400
FAST = Conditions(up=1e9, down=1e9, rtt=0.0, loss=0.0, queue=50_000_000)
"""Hardly a link at all: for what has to be set up before anything is measured."""
_CLONE_NEWNET = 0x40000000
_TUNSETIFF = 0x400454CA
_IFF_TUN_NO_PI = 0x1001
_AT_ONCE = 64
_numbers = itertools.count(1)
_LONGEST_WAIT_S = 0.05


class NotPermitted(Exception):
    """This process may not make namespaces or TUN devices; the message says what it lacks."""


@dataclass
class _State:
    """What is measured between two calls of `begin`."""

    like: Conditions
    ways: tuple[Channel, Channel]
    cuts: Cuts | None
    begun: float
    cut_at: list[float] = field(default_factory=list)
    dead_until: float = 0.0


class Link:
    """Two namespaces and what lies between them, until the block ends."""

    def __init__(self, like: Conditions = FAST) -> None:
        self._tag = f"{os.getpid()}-{next(_numbers)}"
        self.names = (f"qfu{self._tag}", f"qfh{self._tag}")
        self.held = False
        """While true nothing passes."""
        self._state = _fresh(like, None)
        self._carrier = Carrier()
        self._devices: list[int] = []
        self._made: list[str] = []
        self._processes: list[subprocess.Popen[Any]] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._carry, name="link", daemon=True)

    def __enter__(self) -> Self:
        _sweep()
        try:
            for name, address in zip(self.names, (UNIT_ADDRESS, HUB_ADDRESS), strict=True):
                _ip("netns", "add", name)
                self._made.append(name)
                self._devices.append(_device(name))
                for words in (f"addr add {address}/24 dev qafila0", f"link set qafila0 mtu {MTU} up", "link set lo up"):
                    _ip("-n", name, *words.split())
        except BaseException:
            self._clear()
            raise
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end(self._processes)
        self._ending.set()
        self._thread.join()
        self._clear()

    def _clear(self) -> None:
        for device in self._devices:
            os.close(device)
        for name in self._made:
            subprocess.run(["ip", "netns", "del", name], check=False)

    # --- what runs at its ends ------------------------------------------------------------

    def unit(self, command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a process in the unit's namespace; it is ended with the link."""
        return self._start(self.names[0], command, options)

    def hub(self, command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a process in the hub's namespace; it is ended with the link."""
        return self._start(self.names[1], command, options)

    def _start(self, name: str, command: Sequence[str], options: dict[str, Any]) -> subprocess.Popen[Any]:
        process = subprocess.Popen(["ip", "netns", "exec", name, *command], **options)
        self._processes.append(process)
        return process

    # --- what it is like ------------------------------------------------------------------

    def begin(self, like: Conditions, cuts: Cuts | None = None) -> None:
        """From now on the link is like that, and counting begins at nothing."""
        self._state = _fresh(like, cuts)

    def tally(self) -> dict[str, Any]:
        """What has passed since `begin`: IP bytes and packets each way, what went missing, when it was cut (s)."""
        state = self._state
        up, down = state.ways
        return {
            "up_bytes": up.bytes, "down_bytes": down.bytes, "up_packets": up.packets, "down_packets": down.packets,
            "lost": up.lost + down.lost, "dropped": up.dropped + down.dropped,
            "cuts_at_s": [round(at - state.begun, 1) for at in state.cut_at],
        }  # fmt: skip

    @property
    def first_packet(self) -> float | None:
        """`time.monotonic()` of the first packet that went up since `begin`."""
        return self._state.ways[0].first

    # --- carrying -------------------------------------------------------------------------

    def _carry(self) -> None:
        flying: list[tuple[float, int, int, bytes]] = []
        count = 0
        while not self._ending.is_set():
            now = time.monotonic()
            while flying and flying[0][0] <= now:
                _, _, way, packet = heapq.heappop(flying)
                self._deliver(1 - way, packet)
            wait = min(_LONGEST_WAIT_S, max(0.0, flying[0][0] - now)) if flying else _LONGEST_WAIT_S
            for device in select.select(self._devices, [], [], wait)[0]:
                way = self._devices.index(device)
                for packet in _packets(device):
                    arrives = self._pass(way, packet, flying)
                    if arrives is not None:
                        count += 1
                        heapq.heappush(flying, (arrives, count, way, packet))

    def _pass(self, way: int, packet: bytes, flying: list[Any]) -> float | None:
        """When a packet arrives at the other end; None where it does not."""
        state, now = self._state, time.monotonic()
        if packet[0] >> 4 != 4 or self.held or now < state.dead_until:
            return None
        if self._carrier.stale(packet):
            back, on = self._carrier.refuse(packet)
            for end_, answer in ((way, back), (1 - way, on)):
                if answer:
                    self._deliver(end_, answer)
            return None
        arrives = state.ways[way].offer(now, len(packet))
        cuts = state.cuts
        if cuts and len(state.cut_at) < cuts.count and state.ways[0].bytes >= cuts.every * (len(state.cut_at) + 1):
            state.cut_at.append(now)
            state.dead_until = now + cuts.dead
            self._carrier.cut()
            flying.clear()
            for channel in state.ways:
                channel.drain()
            return None
        return arrives

    def _deliver(self, end_: int, packet: bytes) -> None:
        try:
            os.write(self._devices[end_], packet)
        except OSError:
            # The device's own queue is full, or the namespace is going: a packet is lost, as packets are.
            pass


def end(processes: Sequence[subprocess.Popen[Any]], patience: float = 10.0) -> None:
    """End processes, gently first."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
    for process in processes:
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _sweep() -> None:
    """Remove the namespaces of runs that were killed."""
    for file in Path("/run/netns").glob("qf[uh]*"):
        owner = re.fullmatch(r"qf[uh](\d+)-\d+", file.name)
        if owner and not Path("/proc", owner.group(1)).exists():
            subprocess.run(["ip", "netns", "del", file.name], check=False)


def _fresh(like: Conditions, cuts: Cuts | None) -> _State:
    return _State(like, channels(like), cuts, time.monotonic())


def _packets(device: int) -> list[bytes]:
    found = []
    try:
        while len(found) < _AT_ONCE:
            found.append(os.read(device, 4096))
    except BlockingIOError:
        pass
    return found


def _ip(*words: str) -> None:
    program = shutil.which("ip")
    if program is None:
        raise NotPermitted("the link needs the program 'ip' (Debian: iproute2)")
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotPermitted(f"the link could not be made ('ip {' '.join(words)}': {done.stderr.strip()}): "
                           "run as root, or with CAP_SYS_ADMIN and CAP_NET_ADMIN")  # fmt: skip


def _device(namespace: str) -> int:
    """A TUN device in a namespace. A thread of its own enters it, so that this process stays where it is."""
    libc = ctypes.CDLL(None, use_errno=True)
    found: list[int] = []
    errors: list[OSError] = []

    def enter() -> None:
        try:
            inside = os.open(Path("/run/netns") / namespace, os.O_RDONLY)
            try:
                if libc.setns(inside, _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            finally:
                os.close(inside)
            device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            found.append(device)
            fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", b"qafila0", _IFF_TUN_NO_PI))
        except OSError as error:
            errors.append(error)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if errors:
        for device in found:
            os.close(device)
        raise NotPermitted(f"a TUN device could not be made ({errors[0]}): run as root, or with CAP_NET_ADMIN")
    return found[0]
