"""The sync app."""

from django.apps import AppConfig


class SyncConfig(AppConfig):
    """Lanes, frames, sessions."""

    name = "qafila.sync"
    label = "sync"

    def ready(self) -> None:
        """Watch what is written: an urgent case is promoted, the files of incoming records are expected."""
        from qafila.sync import files, lanes

        lanes.connect()
        files.connect()
