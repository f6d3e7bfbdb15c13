"""A clock that may be wrong: how it is found out, and how a person ends the doubt.

It is in doubt when it differs from the hub's by more than five minutes, when it runs behind the node's own journal
(the battery of the clock is empty), or when it shows a day before this program was made. The hub may be the one that
is wrong, and a vehicle without a link cannot ask: so a person looks at a telephone or a wall clock and says that date
and time are right, which is kept. A new doubt is a clock that has moved since.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qafila.journal import doubt
from qafila.journal.here import here
from qafila.journal.models import Record, Run
from qafila.kernel import clock, topics
from qafila.kernel.clock import COUNTER_BITS
from qafila.sync.models import ClockWord, Peer

LIMIT_MS = 5 * 60 * 1000
"""Clocks differ by so much before anybody is told."""
MADE = datetime(2026, 1, 1, tzinfo=UTC)
"""Before this day the program did not exist: a clock that shows an earlier one is wrong."""
RECENT_RUNS = 6

REASONS = {
    "differs": _("The clock of this node differs from the hub's."),
    "behind": _("The clock of this node has gone back: records written here are later than the time it shows."),
    "old": _("The clock of this node shows a day before this program was made."),
}
"""Why a clock is doubted, in words."""


def find() -> str:
    """Why the clock is in doubt now: a key of `REASONS`, empty where it is not. At most four small queries."""
    offset = offset_ms()
    now, journal = clock.now_ms(), journal_ms()
    reason = ""
    if now < MADE.timestamp() * 1000:
        reason = "old"
    elif now < journal - LIMIT_MS:
        reason = "behind"
    elif offset is not None and abs(offset) > LIMIT_MS:
        reason = "differs"
    if not reason:
        return ""
    word = ClockWord.objects.order_by("-id").first()
    return "" if word is not None and _holds(word, now, offset or 0, journal) else reason


def look() -> str:
    """Find out, and leave the word where every process reads it. Returns it."""
    found = find()
    directory = here().directory
    if directory is not None and found != doubt.doubted():
        fresh = directory / f"{doubt.FILE}.{os.getpid()}"
        fresh.write_text(found)
        fresh.replace(directory / doubt.FILE)
        (directory / "changed").touch()
        topics.touch(directory, [topics.NODE])
    return found


def confirm(by: UUID) -> ClockWord:
    """A person has looked at a clock that is right and says that this node shows the same date and time."""
    word: ClockWord = ClockWord.objects.create(
        by=by, reason=doubt.doubted() or find(), offset_ms=offset_ms() or 0, journal_ms=journal_ms()
    )
    look()
    return word


def offset_ms() -> int | None:
    """The hub's clock minus this one's, measured at the last contact; None where it never was."""
    return Peer.objects.filter(upward=True).values_list("offset_ms", flat=True).first()


def journal_ms() -> int:
    """The latest time of this node's own records, Unix milliseconds; 0 where there is none. Two queries."""
    node = here().node
    runs = Run._base_manager.filter(node=node, last__gt=0).order_by("-id").values_list("run", "last")[:RECENT_RUNS]
    ends = Q()
    for run, last in runs:
        ends |= Q(run=run, seq=last)
    if not ends:
        return 0
    times = Record._base_manager.filter(ends, node=node).values_list("hlc", flat=True)
    return max(times, default=0) >> COUNTER_BITS


def _holds(word: ClockWord, now: int, offset: int, journal: int) -> bool:
    """Whether what the person said still stands: the clock has not moved since, against the hub or the journal."""
    said = int(word.at.timestamp() * 1000)
    moved = abs(offset - word.offset_ms) > LIMIT_MS
    return not moved and now >= said - LIMIT_MS and journal <= max(word.journal_ms, now) + LIMIT_MS
