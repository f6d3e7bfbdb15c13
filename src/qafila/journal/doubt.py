"""Whether this node's clock can be trusted: rules that depend on age or expiry ask here, and nowhere else.

Who finds a doubt (`sync.clock_doubt`) leaves one word in a file of the node's directory; so every process knows at
once, a page asks no database, and the word outlives a restart.
"""

from __future__ import annotations

from qafila.journal.here import here

FILE = "clock"


def doubted() -> str:
    """Why the clock is in doubt (a key of `sync.clock_doubt.REASONS`); empty: it is trusted, or this is no node."""
    try:
        directory = here().directory
        return "" if directory is None else (directory / FILE).read_text().strip()[:20]
    except (RuntimeError, OSError):
        return ""


def trusted() -> bool:
    """Whether ages and expiry may be reckoned from this node's clock."""
    return not doubted()
