"""What is known of papers: who asks on the telephone or on the public page is told no more than these say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db.models import Q

from qafila.clinic.models import Answer, Prescription
from qafila.clinic.papers import numbers
from qafila.clinic.papers.models import Act, IssuedPaper, Kind, PaperEvent, PaperPad
from qafila.clinic.visits.models import Fact, FactStatus
from qafila.kernel.ids import read_code


class State(StrEnum):
    """What a paper's register says."""

    ISSUED = "issued"
    REPLACED = "replaced"
    """A later one was printed; what it says was true on its day."""
    CANCELLED = "cancelled"
    USED = "used"
    BLANK = "blank"
    """A form of which nobody has entered yet what stands on it."""
    UNKNOWN = "unknown"
    """Not in this node's register: it may not have been sent yet."""


@dataclass(frozen=True)
class Standing:
    """A paper's state, since when, and how often it was printed."""

    state: State
    since: datetime | None = None
    copies: int = 0
    paper: IssuedPaper | None = None
    used_too: bool = False
    """Cancelled, and used all the same: before, or elsewhere."""


RESTS_ON: dict[str, type[Fact]] = {Kind.PRESCRIPTION: Prescription, Kind.ANSWER: Answer}
"""Papers that no longer hold when what they show is marked as an error or replaced."""


def in_force(kind: str, subject: UUID) -> list[IssuedPaper]:
    """The printed papers of a row that are neither cancelled nor replaced, the latest first."""
    papers = IssuedPaper.objects.filter(kind_of_paper=kind, subject=subject, form__isnull=True).order_by("-at", "-id")
    over = PaperEvent.objects.filter(paper__in=papers.values("pk"), act__in=(Act.CANCELLED, Act.REPLACED))
    gone = set(over.values_list("paper_id", flat=True))
    return [paper for paper in papers if paper.pk not in gone]


def by_hand(kind: str, subject: UUID) -> IssuedPaper | None:
    """The form on which this was written by hand first."""
    return IssuedPaper.objects.filter(kind_of_paper=kind, subject=subject, form__isnull=False).order_by("at").first()


def pad_of(node: str, number: int) -> PaperPad | None:
    """The pad that a number belongs to, where this node knows it."""
    pad = PaperPad.objects.filter(node__iexact=node, first__lte=number).order_by("-first").first()
    return pad if pad is not None and number < pad.first + pad.count else None


def of_person(people: Iterable[UUID]) -> list[tuple[IssuedPaper, Standing]]:
    """The papers of somebody (all records of the person), the latest first."""
    rows = IssuedPaper.objects.filter(person_id__in=list(people)).order_by("-at")[:50]
    return [(row, standing(row)) for row in rows]


def standing(paper: IssuedPaper) -> Standing:
    """What became of a paper."""
    events = list(PaperEvent.objects.filter(paper_id=paper.pk).order_by("at"))
    copies = sum(e.act == Act.PRINTED for e in events)
    latest = {e.act: e.at for e in reversed(events)}
    state, since = State.ISSUED, paper.at
    for act, means in ((Act.REPLACED, State.REPLACED), (Act.USED, State.USED), (Act.CANCELLED, State.CANCELLED)):
        if act in latest:
            state, since = means, latest[act]
    model = RESTS_ON.get(paper.kind_of_paper)
    if model is not None and state is not State.CANCELLED:
        row = model._base_manager.filter(pk=paper.subject).first()
        if row is not None and row.status != FactStatus.FINAL:
            state = State.CANCELLED
    return Standing(state, since, copies, paper, used_too=state is State.CANCELLED and Act.USED in latest)


def by_id(pk: UUID) -> Standing:
    """The standing of the paper whose code names this id."""
    rows = IssuedPaper.objects.filter(Q(pk=pk) | Q(form=pk))
    return _worst([standing(row) for row in rows])


def by_code(text: str) -> list[Standing]:
    """The standings of papers with a typed short code or form number; empty where it was typed wrong."""
    code = read_code(text)
    if code is not None:
        return [standing(row) for row in IssuedPaper.objects.filter(code=code)[:5]] or [Standing(State.UNKNOWN)]
    found = numbers.read(text)
    if found is None:
        return []
    known = by_id(numbers.form_id(*found))
    if known.state is State.UNKNOWN and (pad := pad_of(*found)) is not None:
        return [Standing(State.BLANK, pad.at, 1)]
    return [known]


def _worst(found: list[Standing]) -> Standing:
    """Of several papers under one number, what a checker has to be told."""
    return max(found, key=lambda one: list(State).index(one.state), default=Standing(State.UNKNOWN))
