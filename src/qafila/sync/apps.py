"""The sync app."""

from django.apps import AppConfig


class SyncConfig(AppConfig):
    """Lanes, frames, sessions."""

    name = "qafila.sync"
    label = "sync"

    def ready(self) -> None:
        """Watch what is written: an urgent case is promoted, the files of incoming records are expected, whom the hub
        says to forget is forgotten."""
        from qafila.sync import erasing, files, forgetting, lanes

        lanes.connect()
        files.connect()
        forgetting.connect()
        erasing.connect()
