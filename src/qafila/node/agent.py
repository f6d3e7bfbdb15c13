"""The agent process of a node: its jobs and, where the profile calls a hub, the sync loop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

from qafila.node import jobs
from qafila.node.directory import current
from qafila.node.disk import watch as watch_disk


def known_jobs() -> dict[str, Callable[[], object]]:
    """What this version can do, by the names that profiles use."""
    from qafila.clinic.cases.jobs import JOBS
    from qafila.clinic.cases.loop_jobs import JOBS as LOOP
    from qafila.clinic.imaging import copies, originals
    from qafila.clinic.imaging.measuring import JOBS as MEASURING
    from qafila.registry.people.watch import JOBS as PEOPLE
    from qafila.sync import clock_doubt, forgetting, leaving, tally

    own = {
        "disk_watch": watch_disk,
        "clock_watch": clock_doubt.look,
        "link_count": tally.advance,
        "forgetting": forgetting.try_to_settle,
        "scope_review": leaving.review,
        "originals": originals.drop_old,
        "teaching_review": copies.review,
    }
    return {**JOBS, **LOOP, **MEASURING, **PEOPLE, **own}


def run() -> int:
    """Work until told to stop."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    profile = current().profile
    known = known_jobs()
    jobs.schedule(profile, known)
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
