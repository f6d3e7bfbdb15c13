"""Runs what the profile says a node does by itself, and what acts have put into the job table."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta

from django.db import close_old_connections, transaction
from django.db.models import Q

from qafila.kernel import clock
from qafila.node.models import Job
from qafila.packs.profile import Profile

log = logging.getLogger("qafila.jobs")
LEASE = timedelta(minutes=10)
MAX_WAIT_S = 600


def schedule(profile: Profile, known: Mapping[str, Callable[[], object]]) -> None:
    """Enter the profile's recurring jobs; those that this version cannot do are left out."""
    for job in profile.job:
        if job.name in known:
            Job.objects.update_or_create(
                key=f"every:{job.name}", defaults={"name": job.name, "every": job.every_seconds}
            )
    Job.objects.filter(every__gt=0).exclude(name__in=[j.name for j in profile.job]).delete()


def take() -> Job | None:
    """The next due job, leased to this worker."""
    now = clock.now()
    with transaction.atomic():
        free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
        job = Job.objects.select_for_update().filter(free, run_at__lte=now).order_by("run_at").first()
        if job is not None:
            job.leased_until = now + LEASE
            job.tries += 1
            job.save(update_fields=["leased_until", "tries"])
    return job


def run_due(known: Mapping[str, Callable[[], object]], limit: int = 50) -> int:
    """Run what is due, at most `limit` jobs; how many were run. A failure is noted and tried again later."""
    done = 0
    while done < limit and Job.objects.filter(run_at__lte=clock.now()).exists():
        job = take()
        if job is None:
            break
        done += 1
        try:
            known[job.name]()
        except Exception as error:  # noqa: BLE001 - whatever a job raises, the next one has to run
            log.error("job %s failed: %s", job.name, type(error).__name__)
            _again(job, failed=type(error).__name__)
        else:
            _again(job, failed="")
    return done


def _again(job: Job, failed: str) -> None:
    if not failed and not job.every:
        job.delete()
        return
    wait = min(MAX_WAIT_S, 2**job.tries) if failed else job.every
    job.run_at = clock.now() + timedelta(seconds=wait)
    job.leased_until = None
    job.failed = failed[:200]
    job.tries = job.tries if failed else 0
    job.save()


def run_forever(known: Mapping[str, Callable[[], object]], stop: threading.Event, pause_s: float = 1.0) -> None:
    """Run due jobs until told to stop."""
    while not stop.wait(pause_s):
        close_old_connections()
        run_due(known)
