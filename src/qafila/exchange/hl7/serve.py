"""The process that takes results of analysers and monitors: `python -m qafila.exchange.hl7.serve`, started by the node
where its `node.toml` has a section `[hl7]`."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable


async def run(settings: object, node: str, work: Callable[..., bytes]) -> None:
    """Listen until told to stop."""
    from qafila.exchange.hl7.listener import Listener
    from qafila.exchange.hl7.peers import Settings

    assert isinstance(settings, Settings)
    listener, stop = Listener(settings, node, work), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await listener.start()
    await stop.wait()
    await listener.stop()


def main() -> int:
    """Serve the node that the environment names."""
    import django

    django.setup()
    from django.conf import settings as of_django
    from django.db import close_old_connections

    from qafila.clinic.lab import acts
    from qafila.exchange.hl7 import listener
    from qafila.exchange.hl7.peers import Peer, Settings, settings_of

    directory = of_django.DIRECTORY
    settings = settings_of(directory.facts) if directory else None
    if directory is None or settings is None:
        return 0

    def work(data: bytes, peer: Peer, settings: Settings, node: str) -> bytes:
        close_old_connections()
        return listener.take(data, peer, settings, node)

    acts.retry(listener.read_again(settings, directory.code))
    asyncio.run(run(settings, directory.code, work))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
