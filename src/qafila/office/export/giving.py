"""Giving a person what is held of them: who may, who asked and how they were known, the zip as a stream of bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from html import escape
from uuid import UUID

import orjson

from qafila.clinic.access import identity
from qafila.clinic.access.identity import Shown
from qafila.clinic.refusal import Refusal, tidy
from qafila.clinic.rules.words import N_, Message
from qafila.journal import blobs, history
from qafila.journal.here import here
from qafila.journal.models import Recorded
from qafila.kernel import clock
from qafila.office.export import record
from qafila.office.export.sealed import Sealed
from qafila.registry.people.models import Person
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

RIGHT = "export.give"
PAGE = "export"
ENDINGS = {"application/dicom": "dcm", "image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf",
           "audio/flac": "flac", "text/csv": "csv", "application/json": "json"}  # fmt: skip

WHO_ASKS = N_("Write who asks.")

Lines = Callable[[str, Recorded], Iterable[tuple[str, str]]]
"""Kind and row → the lines of it that a person reads."""


@dataclass(frozen=True)
class Known:
    """How whoever asks was known, for the log: by the card, or by two identifiers."""

    how: str
    asks: str
    whole: bool = True
    """The person asks for themselves: restricted entries are given to nobody else."""


def identify(person: Person, by: Staff, asks: str, shown: Shown, *, whole: bool = True) -> Known:
    """Check that it is the person, or somebody for them, who asks: the person's card, or two of their identifiers.

    Raises `NotAllowed`, `Refusal`.
    """
    require(by, RIGHT, person)
    who = tidy(asks, 100)
    if not who:
        raise Refusal(Message(WHO_ASKS))
    return Known(identity.known(person, by, shown), who, whole)


def log(person: Person, by: Staff, known: Known, how: str) -> None:
    """Write into the log of readings that the record was given out, to whom, and how they were known."""
    history.log_read(by.pk, person.pk, PAGE, f"{how}: {known.asks} ({known.how})")


def zipped(person: Person, phrase: str, shown: Lines, page: tuple[str, str], *, whole: bool = True) -> Iterator[bytes]:
    """The encrypted zip: `record.html` to read, `record.jsonl` for machines, `reads.jsonl`, the files, `index.json`
    with size and SHA-256 of each. `page`: what stands before and after the lines of the page.

    A record of any length takes the memory of one batch of rows.
    """
    out = Sealed(phrase)
    yield from out.entry("record.html", html(person, shown, page, whole=whole))
    rows = record.rows_of(person.pk, whole=whole)
    yield from out.entry("record.jsonl", _lines(record.plain(kind, row) for kind, row in rows))
    reads = ({"at": r.at, "actor": r.actor, "page": r.page, "reason": r.reason} for r in record.reads_of(person.pk))
    yield from out.entry("reads.jsonl", _lines(reads))
    absent = []
    for file in record.files_of(person.pk, whole=whole):
        if blobs.have(file.sha256):
            name = f"files/{file.sha256}.{ENDINGS.get(file.media, 'bin')}"
            yield from out.entry(name, blobs.stream(file.sha256), packed=False)
        else:
            absent.append(file.sha256)
    told = {
        "person": person.pk,
        "made": clock.now(),
        "node": here().node,
        "whole": whole,
        "entries": [{"name": name, "size": size, "sha256": digest} for name, size, digest in out.digests],
        "not_here": absent,
    }
    yield from out.entry("index.json", [orjson.dumps(told, option=orjson.OPT_INDENT_2)])
    yield out.end()


def _lines(rows: Iterable[object]) -> Iterator[bytes]:
    for row in rows:
        yield orjson.dumps(row, default=str, option=orjson.OPT_APPEND_NEWLINE)


def html(person: Person, shown: Lines, page: tuple[str, str], *, whole: bool = True) -> Iterator[bytes]:
    """The readable page, row by row, between its two ends."""
    yield page[0].encode()
    last = ""
    for kind, row in record.rows_of(person.pk, whole=whole):
        title, *lines = list(shown(kind, row))
        if not lines:
            continue
        if title[1] != last:
            yield f"<h2>{escape(title[1])}</h2>".encode()
            last = title[1]
        told = "".join(f'<dt>{escape(name)}</dt><dd dir="auto">{escape(value)}</dd>' for name, value in lines)
        yield f"<dl>{told}</dl>".encode()
    yield page[1].encode()


def size_of(person: UUID) -> int:
    """How many rows are held of the person."""
    return sum(record.counts(person).values())
