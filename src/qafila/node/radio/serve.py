"""The process that reads Bluetooth instruments: `python -m qafila.node.radio.serve`, started by a node that sees
patients where the machine has a radio."""

from __future__ import annotations

import asyncio
import signal
from concurrent.futures import ThreadPoolExecutor


async def run() -> None:
    """Read until told to stop."""
    from qafila.node.radio.collector import Collector
    from qafila.node.radio.inbox import Inbox
    from qafila.node.radio.machine import MachineRadio

    stop = asyncio.Event()
    # One thread, so one connection to the database.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1, thread_name_prefix="radio"))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await Collector(MachineRadio(), Inbox()).run(stop)


def main() -> int:
    """Serve the node that the environment names."""
    import django

    django.setup()
    asyncio.run(run())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
