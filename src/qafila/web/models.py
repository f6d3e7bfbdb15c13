"""What the screens keep on this node: sessions, forms already sent, failed log-ins. Never synced."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models

from qafila.kernel import clock


class Once(models.Model):
    """A form that was sent: sent again (a double tap, a reload) it leads to the same page and writes nothing."""

    token = models.CharField(max_length=64, primary_key=True)
    location = models.CharField(max_length=300, default="")
    at = models.DateTimeField(default=clock.now)


class LoginSession(AbstractBaseSession):
    """A session, with whose it is. `began` and `seen` are seconds since 1970."""

    staff = models.UUIDField(null=True, db_index=True)
    """None: nobody is in yet."""
    began = models.FloatField(null=True)
    seen = models.FloatField(null=True)
    how = models.CharField(max_length=10, default="")
    device = models.CharField(max_length=40, default="")

    @classmethod
    def get_session_store_class(cls) -> Any:
        """The engine that keeps them here."""
        from qafila.web.sessions import SessionStore

        return SessionStore


class Failure(models.Model):
    """Failed tries of one kind by one key (a name from an address, an address, a device): see `web.throttle`."""

    key = models.CharField(max_length=64, primary_key=True)
    """Digest: neither a name nor an address can be read from it."""
    count = models.SmallIntegerField(default=0)
    at = models.DateTimeField(default=clock.now)
    """The last one."""
    until = models.DateTimeField(null=True)
