"""Carries a session's frames to the hub over HTTPS with the node's own certificate."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx

from qafila.kernel import clock
from qafila.sync.frames import MAX_FRAME, PATH

SHORTEST_S, LONGEST_S = 8.0, 90.0
FIRST_GUESS_S_PER_BYTE = 1 / 4000
"""A thin link: 32 kbit/s."""
_REFUSALS = {"unknown_sender", "revoked", "altered", "other_receiver", "version", "dictionary", "too_large",
             "truncated", "not_a_frame", "unreadable", "unexpected"}  # fmt: skip


class LinkDown(Exception):
    """The hub was not reached, or it refused. `reason` is a key of `state.REASONS`."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Transport:
    """A connection that is kept open between requests. Not thread-safe.

    Raises `LinkDown` where the certificates cannot be read.
    """

    def __init__(self, url: str, keys: Path) -> None:
        self.url = url.rstrip("/") + PATH
        self.rtt_s: float | None = None
        """Smoothed time of a request beyond what its bytes take."""
        self._per_byte = FIRST_GUESS_S_PER_BYTE
        self._patience = 1.0
        try:
            context = ssl.create_default_context(cafile=str(keys / "hub-ca.crt"))
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            context.load_cert_chain(str(keys / "client.crt"), str(keys / "client.pem"))
        except (OSError, ssl.SSLError) as error:
            raise LinkDown("no_certificate") from error
        self._client = httpx.Client(
            verify=context, trust_env=False, limits=httpx.Limits(max_connections=1, keepalive_expiry=60)
        )

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def ask(self, frame: bytes) -> bytes:
        """The hub's answer to a frame. Raises `LinkDown`."""
        start = clock.monotonic()
        stall = min(LONGEST_S, max(SHORTEST_S, self._patience * 4 * ((self.rtt_s or 1.0) + 8192 * self._per_byte)))
        whole = min(LONGEST_S, stall + 2 * len(frame) * self._per_byte)
        limits = httpx.Timeout(whole, connect=min(20.0, stall))
        try:
            with self._client.stream(
                "POST", self.url, content=frame, timeout=limits, headers={"Content-Type": "application/octet-stream"}
            ) as answer:
                body = _bounded(answer)
        except httpx.TimeoutException as error:
            self._patience = min(8.0, self._patience * 2)
            raise LinkDown("no_link") from error
        except httpx.HTTPError as error:
            raise LinkDown(_reason(str(error))) from error
        self._measure(clock.monotonic() - start, len(frame) + len(body))
        if answer.status_code != 200:
            word = body[:40].decode("ascii", "replace")
            raise LinkDown(word if word in _REFUSALS else "busy")
        return body

    def _measure(self, took: float, size: int) -> None:
        self._patience = 1.0
        if size > 4096:
            self._per_byte = 0.7 * self._per_byte + 0.3 * max(0.0, took - (self.rtt_s or 0.0)) / size
        else:
            self.rtt_s = took if self.rtt_s is None else 0.7 * self.rtt_s + 0.3 * took
        if self.rtt_s is None:
            self.rtt_s = took


def _bounded(answer: httpx.Response) -> bytes:
    parts, size = [], 0
    for part in answer.iter_raw():
        size += len(part)
        if size > MAX_FRAME:
            raise LinkDown("too_large")
        parts.append(part)
    return b"".join(parts)


def _reason(words: str) -> str:
    upper = words.upper()
    if "NOT YET VALID" in upper or "HAS EXPIRED" in upper:
        return "clock"
    if "ALERT" in upper:
        return "refused"
    if "CERTIFICATE" in upper or "WRONG_VERSION_NUMBER" in upper:
        return "not_the_hub"
    return "no_link"
