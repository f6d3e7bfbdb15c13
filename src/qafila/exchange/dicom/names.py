"""Names and other keys as DICOM writes and compares them. Pure, but for the rows it is given."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable

from qafila.registry.people.models import PersonName


def person_name(names: Iterable[PersonName]) -> str:
    """A name as DICOM writes it (PS3.5 section 6.2): Latin letters first, another script in the second group."""
    by_script: dict[str, str] = {}
    for name in names:
        if not name.withdrawn:
            text = "^".join(re.sub(r"[\^=\\]", " ", part) for part in (name.family, name.given, name.middle))
            by_script.setdefault(name.script, text.rstrip("^"))
    latin = by_script.pop(PersonName.Script.LATIN, "")
    other = next((by_script[s] for s in (PersonName.Script.ARABIC, PersonName.Script.TIFINAGH) if s in by_script), "")
    return f"{latin}={other}" if latin and other else latin or other


def plain_name(written: str) -> str:
    """A DICOM name as people read it."""
    return " / ".join(" ".join(p for p in group.split("^") if p) for group in written.split("=") if group.strip("^ "))


def matches(vr: str, held: str, wanted: str) -> bool:
    """Whether a value matches a key (PS3.4 section C.2.2.2): single value, wildcard or range."""
    if vr in ("DA", "TM", "DT") and "-" in wanted:
        first, _, last = wanted.partition("-")
        return (not first or held[: len(first)] >= first) and (not last or held[: len(last)] <= last)
    if vr == "TM":
        return held.startswith(wanted[:4])
    if vr == "PN":
        pattern = wanted.casefold()
        return any(like(group.casefold(), pattern) for group in [held, *held.split("=")])
    return like(held, wanted)


def like(held: str, pattern: str) -> bool:
    """Whether a text fits a pattern with `*` and `?`."""
    if "*" not in pattern and "?" not in pattern:
        return held == pattern
    # a bracket is no wildcard in DICOM
    return fnmatch.fnmatchcase(held, pattern.replace("[", "[[]"))
