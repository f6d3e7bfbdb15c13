"""The node's app: the place where things are put together."""

import os

from django.apps import AppConfig


class NodeConfig(AppConfig):
    """Wiring and jobs."""

    name = "qafila.node"
    label = "node"

    def ready(self) -> None:
        """Say which node this process is, and connect what the profile wires."""
        from qafila.node import logs
        from qafila.node.wiring import connect

        connect()
        if "QAFILA_PART" in os.environ:
            logs.watch_endings()
