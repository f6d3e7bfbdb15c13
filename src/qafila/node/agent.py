"""The agent process of a node: its jobs and, where the profile calls a hub, the sync loop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

from qafila.node import jobs, measures
from qafila.node.directory import current
from qafila.node.disk import watch as watch_disk


def known_jobs() -> dict[str, Callable[[], object]]:
    """What this version can do, by the names that profiles use."""
    from qafila.clinic.access.looks import JOBS as LOOKS
    from qafila.clinic.cases.jobs import JOBS
    from qafila.clinic.cases.loop_jobs import JOBS as LOOP
    from qafila.clinic.imaging import copies, originals
    from qafila.clinic.imaging.measuring import JOBS as MEASURING
    from qafila.clinic.papers import keys
    from qafila.node import ageing, crew, ordered
    from qafila.node.release import watch as releases
    from qafila.registry.claims import retention
    from qafila.registry.people.watch import JOBS as PEOPLE
    from qafila.sync import anchors, clock_doubt, erasing, forgetting, lease, leaving, renewal, tally

    own = {
        "backup": ageing.run,
        "disk_watch": watch_disk,
        "anchors": anchors.keep,
        "erasures": erasing.work,
        "retention": retention.look,
        "crew_review": crew.review,
        "clock_watch": clock_doubt.look,
        "lease_watch": lease.tick,
        "orders": ordered.run,
        "renewal": renewal.renew,
        "certificates": renewal.answer,
        "link_count": tally.advance,
        "forgetting": forgetting.try_to_settle,
        "scope_review": leaving.review,
        "release_watch": releases.look,
        "paper_keys": keys.review,
        "originals": originals.drop_old,
        "teaching_review": copies.review,
    }
    return {**JOBS, **LOOP, **LOOKS, **MEASURING, **PEOPLE, **own}


def run() -> int:
    """Work until told to stop."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    profile = current().profile
    known = known_jobs()
    jobs.schedule(profile, known)
    if measures.listening(current()):
        from qafila.node import metrics

        metrics.tell(current(), known)
    threads = [threading.Thread(target=jobs.run_forever, args=(known, stop), name="jobs")]
    if profile.calls_hub:
        from qafila.sync.agent import run_forever

        threads.append(threading.Thread(target=run_forever, args=(stop,), name="sync"))
    for thread in threads:
        thread.start()
    stop.wait()
    for thread in threads:
        thread.join(10)
    return 0
