"""The sync app."""

from django.apps import AppConfig


class SyncConfig(AppConfig):
    """Lanes, frames, sessions."""

    name = "qafila.sync"
    label = "sync"
