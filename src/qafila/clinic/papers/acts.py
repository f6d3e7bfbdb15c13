"""Giving papers out, cancelling them, reserving forms and writing down what was written on them by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from qafila.clinic.papers import content, hcert, keys, numbers, queries
from qafila.clinic.papers.content import Fact
from qafila.clinic.papers.models import FORM_OF, Act, IssuedPaper, Kind, PaperEvent, PaperPad
from qafila.clinic.refusal import Refusal, tidy
from qafila.clinic.rules.words import N_, Message
from qafila.journal.here import here
from qafila.journal.write import Writer, writing
from qafila.kernel import clock, ids
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

VALID = {Kind.PRESCRIPTION: timedelta(days=90)}
"""How long a code holds. A default of the program: what the law of a country says stands on no machine yet."""
MOST_FORMS = 50
NOT_A_NUMBER = N_("This is not the number of a form: look at it again, the last character checks the others.")
NOT_PRINTED = N_("No form of this number was printed here.")
OTHER_FORM = N_("The form of this number is for something else.")
WRITTEN_BEFORE = N_("What stands on this form has been entered already.")
LATER = N_("The time of care is still to come.")
EARLIER = N_("The form was printed after this time.")
HOW_MANY = N_("Between 1 and %(most)s forms at a time.")
WHY = N_("Write a reason.")
OVER = N_("This paper is cancelled already.")


@dataclass(frozen=True)
class Issued:
    """A paper that is about to be printed: which copy it is."""

    paper: IssuedPaper
    copy: int


def issue(kind: Kind, person: UUID, subject: UUID, facts: Sequence[Fact], by: Staff) -> Issued:
    """The paper for what `facts` say, and its next copy; where the facts have changed, another paper that replaces it.

    Raises `NotAllowed`.
    """
    require(by, "print")
    # Hashes are slow on purpose: they are made before the one writer's turn is taken.
    what = content.content(kind, facts)
    fitting = {p.pk for p in queries.in_force(kind, subject) if _hash(what, p.pk, p.control) == p.hash}
    fresh = None if fitting else _paper(kind, person, subject, what, by)
    with writing(by, "paper.print") as write:
        held = queries.in_force(kind, subject)
        paper = next((p for p in held if p.pk in fitting), None)
        if paper is None:
            paper = write.save(fresh or _paper(kind, person, subject, what, by))
            for before in held:
                write.save(_event(before, Act.REPLACED, by))
        copy = 1 + PaperEvent.objects.filter(paper_id=paper.pk, act=Act.PRINTED).count()
        write.save(_event(paper, Act.PRINTED, by, copy=copy))
        return Issued(paper, copy)


def _hash(what: bytes, paper: UUID, control: str) -> str:
    return content.digest(what, paper, control).hex()


def _paper(kind: Kind, person: UUID, subject: UUID, what: bytes, by: Staff) -> IssuedPaper:
    now, pk, control = clock.now(), ids.new(), content.new_control()
    digest = content.digest(what, pk, control)
    until = int((now + VALID[kind]).timestamp()) if kind in VALID else None
    claims = hcert.Claims(here().node, pk, digest, local_day(), kind.value, int(now.timestamp()), until)
    return IssuedPaper(
        id=pk,
        person_id=person,
        kind_of_paper=kind,
        subject=subject,
        code=ids.short_code(pk),
        node=here().node,
        day=claims.day,
        control=control,
        hash=digest.hex(),
        token=hcert.sign(claims, keys.signer()),
        at=now,
        by=by,
    )


def cancel(paper: IssuedPaper, by: Staff, reason: str) -> PaperEvent:
    """Whoever checks the paper on line is told that it does not hold. Raises `NotAllowed`, `Refusal`."""
    require(by, "print")
    why = _reason(reason)
    with writing(by, "paper.cancel") as write:
        if PaperEvent.objects.filter(paper_id=paper.pk, act=Act.CANCELLED).exists():
            raise Refusal(Message(OVER))
        return write.save(_event(paper, Act.CANCELLED, by, words=why))


def mark_used(paper: IssuedPaper, by: Staff, words: str = "") -> PaperEvent:
    """What the paper is for was done: its medicines were given out. Raises `NotAllowed`, `Refusal`."""
    require(by, "print")
    with writing(by, "paper.use") as write:
        return write.save(_event(paper, Act.USED, by, words=tidy(words, 200)))


def _event(paper: IssuedPaper, act: Act, by: Staff | None, *, copy: int = 0, words: str = "") -> PaperEvent:
    return PaperEvent(
        person_id=paper.person_id,
        paper_id=paper.pk,
        act=act,
        copy=copy,
        words=words,
        at=clock.now(),
        by=by,
        node=here().node,
    )


# --- forms printed in advance ---------------------------------------------------------------------


def reserve(kind: Kind, count: int, by: Staff) -> PaperPad:
    """Give out the next `count` numbers of this node for forms of a kind. Raises `NotAllowed`, `Refusal`."""
    require(by, "print")
    if not 1 <= count <= MOST_FORMS or kind not in FORM_OF.values():
        raise Refusal(Message(HOW_MANY, most=str(MOST_FORMS)))
    with writing(by, "paper.reserve") as write:
        last = PaperPad.objects.select_for_update().filter(node=here().node).order_by("-first").first()
        first = numbers.first_free(last.first + last.count - 1 if last else 0, clock.now())
        pad = PaperPad(
            kind_of_paper=kind, node=here().node, first=first, count=count, day=local_day(), at=clock.now(), by=by
        )
        return write.save(pad)


def form_token(pad: PaperPad, number: int) -> str:
    """The code on a form of this node's own pad: that it was printed, when, and its number."""
    written = numbers.written(pad.node, number)
    empty = content.digest(content.content(pad.kind_of_paper, [[written]]), numbers.form_id(pad.node, number), "")
    claims = hcert.Claims(
        pad.node,
        numbers.form_id(pad.node, number),
        empty,
        pad.day,
        pad.kind_of_paper,
        int(pad.at.timestamp()),
        number=written,
    )
    return hcert.sign(claims, keys.signer())


def enter(
    number: str, kind: Kind, person: UUID, subject: UUID, facts: Sequence[Fact], by: Staff, care_at: datetime
) -> IssuedPaper:
    """What was written by hand on that form is in the record now: the paper keeps its number and the time of care.

    Raises `NotAllowed`, `Refusal`.
    """
    require(by, "print")
    found = numbers.read(number)
    if found is None:
        raise Refusal(Message(NOT_A_NUMBER))
    pad = queries.pad_of(*found)
    if pad is None:
        raise Refusal(Message(NOT_PRINTED))
    if pad.kind_of_paper != FORM_OF.get(kind):
        raise Refusal(Message(OTHER_FORM))
    if care_at > clock.now() + timedelta(minutes=1):
        raise Refusal(Message(LATER))
    if care_at < pad.at - timedelta(minutes=1):
        raise Refusal(Message(EARLIER))
    form = numbers.form_id(*found)
    with writing(by, "paper.enter") as write:
        if IssuedPaper.objects.filter(form=form).exists():
            raise Refusal(Message(WRITTEN_BEFORE))
        return _entered(write, pad, numbers.written(*found), form, kind, person, subject, facts, by, care_at)


def _entered(
    write: Writer, pad: PaperPad, number: str, form: UUID, kind: Kind, person: UUID, subject: UUID,
    facts: Sequence[Fact], by: Staff, care_at: datetime,
) -> IssuedPaper:  # fmt: skip
    pk, control = ids.new(), content.new_control()
    paper = write.save(
        IssuedPaper(
            id=pk,
            person_id=person,
            kind_of_paper=kind,
            subject=subject,
            code=number,
            form=form,
            node=pad.node,
            day=local_day(care_at),
            control=control,
            hash=content.digest(content.content(kind, facts), pk, control).hex(),
            at=care_at,
            by=by,
        )
    )
    write.save(_event(paper, Act.WRITTEN, by))
    return paper


def _reason(text: str) -> str:
    why = tidy(text, 200)
    if not why:
        raise Refusal(Message(WHY))
    return why
