"""Tells Prometheus how the node is, at an address of the machine itself or of its private network.

The agent's process tells it: what the processes of the pages have counted lies in files between them
(`PROMETHEUS_MULTIPROC_DIR`), queues and ages are looked up when they are asked for.
"""

from __future__ import annotations

import hmac
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import metadata
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.db import close_old_connections
from django.db.models import Count, Max, Min
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from qafila.journal.models import Blob, Quarantine, Record
from qafila.kernel import clock
from qafila.node import alive, health, measures, power
from qafila.node.directory import NodeDirectory
from qafila.node.models import Job
from qafila.sync.models import Backup, Mail, Peer

KIND = "text/plain; version=0.0.4; charset=utf-8"
_LEVEL = {"ok": 0, "warn": 1, "no": 2}
Row = tuple[str, tuple[str, ...], float]
"""Name of a measure, its labels' values, its value."""


class Node(Collector):
    """Every measure of `measures.GAUGES`, looked up now. A dozen small queries."""

    def __init__(self, directory: NodeDirectory, jobs: Iterable[str] = ()) -> None:
        self.directory = directory
        self.words = measures.Words(jobs=set(jobs))

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One family a measure, its labels held to the words allowed."""
        families = {n: GaugeMetricFamily(n, words, labels=labels) for n, (words, labels) in measures.GAUGES.items()}
        for name, values, number in self._rows():
            labels = measures.GAUGES[name][1]
            fit = [self.words.fit(label, value) for label, value in zip(labels, values, strict=True)]
            families[name].add_metric(fit, number)
        yield from (family for family in families.values() if family.samples)

    def _rows(self) -> Iterator[Row]:
        yield "qafila_info", (metadata.version("qafila"), self.directory.profile.name), 1
        checks = health.lately()
        yield from (("qafila_check", (name,), _LEVEL[word]) for name, word in checks.items())
        for part, (lives, restarts) in alive.read(self.directory.path).items():
            yield "qafila_part_up", (part,), int(lives)
            yield "qafila_part_restarts", (part,), restarts
        yield "qafila_disk_free_bytes", (), shutil.disk_usage(self.directory.path).free
        if (told := power.read()) is not None:
            yield "qafila_battery_percent", (), told.percent
            yield "qafila_battery_discharging", (), int(told.mains is False)
        if checks["database"] == "ok":
            yield from _queues()
            yield from _nodes()
            yield from _backups()


def _queues() -> Iterator[Row]:
    waiting = Record._base_manager.filter(pending=True).order_by().values_list("lane")
    yield from (("qafila_records_pending", (str(lane),), n) for lane, n in waiting.annotate(n=Count("no")))
    yield "qafila_files_pending", (), Blob._base_manager.filter(sent=False, complete=True).count()
    yield "qafila_quarantine", (), Quarantine._base_manager.filter(settled=False).count()
    due = Job.objects.filter(run_at__lte=clock.now()).aggregate(n=Count("pk"), first=Min("run_at"))
    yield "qafila_jobs_due", (), due["n"]
    yield "qafila_jobs_late_seconds", (), _since(due["first"]) if due["first"] else 0
    failing = Job.objects.exclude(failed="").order_by().values_list("name").annotate(n=Count("pk"))
    yield from (("qafila_jobs_failing", (name,), n) for name, n in failing)


def _nodes() -> Iterator[Row]:
    mail = Mail.objects.filter(acked__isnull=True).order_by().values_list("to").annotate(n=Count("id"))
    yield from (("qafila_mail_waiting", (to,), n) for to, n in mail)
    for peer in Peer.objects.filter(revoked=False):
        if peer.last_contact is not None:
            yield "qafila_sync_age_seconds", (peer.code,), _since(peer.last_contact)
        if peer.offset_ms is not None:
            yield "qafila_clock_offset_seconds", (peer.code,), peer.offset_ms / 1000
        if isinstance(peer.waits, list) and len(peer.waits) >= len(measures.WAITS):
            # Behind them stands how its machine does.
            yield from (
                ("qafila_unit_waits", (peer.code, w), float(n))
                for w, n in zip(measures.WAITS, peer.waits, strict=False)
            )


def _backups() -> Iterator[Row]:
    last = Backup.objects.aggregate(begun=Max("begun"), elsewhere=Max("stands"))
    yield from (("qafila_backup_age_seconds", (w,), _since(last[w])) for w in measures.BACKUPS if last[w])


def _since(moment: Any) -> float:
    return float((clock.now() - moment).total_seconds())


class _Silent(WSGIRequestHandler):
    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
        """Nobody needs to read who asked."""


def application(directory: NodeDirectory, jobs: Iterable[str], token: str) -> Callable[..., Iterable[bytes]]:
    """The WSGI application: `/metrics`, and nothing else. `token`: what a caller has to show; empty: nothing."""
    registry = CollectorRegistry()
    folder = directory.path / measures.FOLDER
    if folder.is_dir():
        MultiProcessCollector(registry, path=str(folder))
    registry.register(Node(directory, jobs))

    def answer(environ: Mapping[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        shown = str(environ.get("HTTP_AUTHORIZATION", ""))
        if token and not hmac.compare_digest(shown.encode(), f"Bearer {token}".encode()):
            start("401 Unauthorized", [("WWW-Authenticate", "Bearer"), ("Content-Length", "0")])
            return [b""]
        if environ.get("PATH_INFO") != "/metrics" or environ.get("REQUEST_METHOD") != "GET":
            start("404 Not Found", [("Content-Length", "0")])
            return [b""]
        close_old_connections()
        told = generate_latest(registry)
        start("200 OK", [("Content-Type", KIND), ("Content-Length", str(len(told))), ("Cache-Control", "no-store")])
        return [told]

    return answer


def tell(directory: NodeDirectory, jobs: Iterable[str]) -> WSGIServer | None:
    """Tell the measures from a thread of this process, where the node's `node.toml` wants it."""
    wanted = measures.listening(directory)
    if wanted is None:
        return None
    token = directory.secret("metrics") if measures.needs_token(wanted[0]) else ""
    server = make_server(*wanted, application(directory, jobs, token), handler_class=_Silent)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
