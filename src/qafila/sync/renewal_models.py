"""Certificates that are renewed over sync: the request goes up, the certificate comes down, as records."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from qafila.journal.models import Lane, Recorded


class CertificateRequest(Recorded):
    """A node asks for a new client certificate, with a new key."""

    lane: ClassVar[int] = Lane.ANSWER

    node = models.CharField(max_length=16)
    csr = models.TextField()
    """PEM."""

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["node"], name="csr_node")]


class Certificate(Recorded):
    """The hub's answer."""

    lane: ClassVar[int] = Lane.ANSWER

    node = models.CharField(max_length=16)
    request = models.UUIDField()
    pem = models.TextField()
    serial = models.CharField(max_length=64)
    """Hexadecimal."""

    class Meta:
        base_manager_name = "objects"
        indexes = [models.Index(fields=["request"], name="certificate_request")]
