"""The verbs of the longitudinal lists: right, rule, write. A change is a new row that names the one it replaces."""

from __future__ import annotations

from datetime import date, timedelta

from qafila.clinic.history.models import HistoryEntry, Section, State
from qafila.clinic.refusal import Refusal, tidy
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits.models import FactStatus, Visit
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.kernel.dates import PartialDate
from qafila.packs import load
from qafila.registry.people.births import birth_of
from qafila.registry.people.models import Person, Sex
from qafila.registry.people.queries import one_with
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

STATES = {
    Section.PROBLEM: (State.ACTIVE, State.RESOLVED),
    Section.MEDICATION: (State.TAKING, State.STOPPED),
    Section.PREGNANCY: (State.ONGOING, State.LIVE_BIRTH, State.STILLBIRTH, State.MISCARRIAGE, State.ENDED),
    Section.FAMILY: (State.KNOWN,),
}
"""What an entry of a list can be; the first is what it is unless said otherwise."""
RIGHTS = {Section.PROBLEM: "consult.write"}
OPEN = (State.ACTIVE, State.TAKING, State.ONGOING)
LONGEST_PREGNANCY_DAYS = 308
"""44 weeks: a day of birth expected later than that from now cannot be."""

EMPTY = N_("Write something first.")
NO_SUCH_LIST = N_("There is no such list.")
NO_SUCH_STATE = N_("Choose one of the answers.")
FUTURE = N_("This date is in the future.")
BEFORE_BIRTH = N_("This is before the date of birth.")
ENDS_BEFORE = N_("The end is before the beginning.")
ON_RECORD = N_("%(words)s is on record: mark that one as an error first.")
RECORDED_MALE = N_("This person is recorded as male: check the sex, or the person.")
ONE_PREGNANCY = N_("A pregnancy is on record as ongoing: say first how it ended.")
BAD_DUE = N_("This expected day of birth cannot be right.")


def right_for(section: str) -> str:
    """The right by which a list is written."""
    return RIGHTS.get(_section(section), "vitals.record")


def add(
    person: Person,
    section: str,
    by: Staff,
    words: str,
    *,
    state: str = "",
    detail: str = "",
    code: str = "",
    since: PartialDate | None = None,
    until: PartialDate | None = None,
    due: date | None = None,
    visit: Visit | None = None,
) -> HistoryEntry:
    """Put an entry on a list; a *none known* of that list is replaced. The same open words again are one entry.

    Raises `NotAllowed`, `Refusal`.
    """
    kind = _section(section)
    require(by, right_for(kind), visit or person)
    entry = HistoryEntry(
        person_id=person.pk,
        visit_id=visit.pk if visit else None,
        author=by,
        at=clock.now(),
        section=kind,
        state=state or STATES[kind][0],
        code=code[:20],
        words=tidy(words, 200),
        detail=tidy(detail, 200),
        since=str(since) if since else "",
        until=str(until) if until else "",
        due=due if kind == Section.PREGNANCY else None,
        label=load.access().of_condition(code[:20]),
    )
    _check(entry, person, since, until)
    with writing(by, "history.add") as write:
        known = _final(person, kind)
        for one in known:
            alike = (one.words.casefold(), one.detail.casefold()) == (entry.words.casefold(), entry.detail.casefold())
            if kind != Section.PREGNANCY and not one.none_known and alike and one.state == entry.state:
                return one
            if kind == Section.PREGNANCY and one.state == entry.state == State.ONGOING:
                raise Refusal(Message(ONE_PREGNANCY))
        for one in known:
            if one.none_known:
                one.status = FactStatus.AMENDED
                write.save(one)
                entry.replaces = one.pk
        return write.save(entry)


def none_known(person: Person, section: str, by: Staff, visit: Visit | None = None) -> HistoryEntry:
    """The person was asked and knows of none. Raises `NotAllowed`, `Refusal` where something is on record."""
    kind = _section(section)
    require(by, right_for(kind), visit or person)
    with writing(by, "history.none") as write:
        known = _final(person, kind)
        named = next((one for one in known if not one.none_known), None)
        if named is not None:
            raise Refusal(Message(ON_RECORD, words=named.words))
        if known:
            return known[0]
        return write.save(
            HistoryEntry(
                person_id=person.pk,
                visit_id=visit.pk if visit else None,
                author=by,
                at=clock.now(),
                section=kind,
                none_known=True,
            )
        )


def change(
    entry: HistoryEntry, by: Staff, state: str, until: PartialDate | None = None, detail: str = ""
) -> HistoryEntry:
    """An entry stands otherwise now: over, stopped, born. A new row takes its place. Raises `NotAllowed`, `Refusal`."""
    kind = _section(entry.section)
    require(by, right_for(kind), entry.visit_here())
    if state not in STATES[kind]:
        raise Refusal(Message(NO_SUCH_STATE))
    if until is not None and until.earliest > local_day():
        raise Refusal(Message(FUTURE))
    if until is not None and entry.since and until.latest < PartialDate.from_text(entry.since).earliest:
        raise Refusal(Message(ENDS_BEFORE))
    with writing(by, "history.change") as write:
        row = HistoryEntry._base_manager.select_for_update().get(pk=entry.pk)
        if row.status != FactStatus.FINAL or row.state == state:
            return row
        row.status = FactStatus.AMENDED
        write.save(row)
        return write.save(
            HistoryEntry(
                person_id=row.person_id,
                visit_id=row.visit_id,
                author=by,
                at=clock.now(),
                section=kind,
                state=state,
                code=row.code,
                words=row.words,
                detail=tidy(detail, 200) or row.detail,
                since=row.since,
                until="" if state in OPEN else str(until) if until else "",
                due=row.due,
                replaces=row.pk,
                label=row.label,
            )
        )


def _section(section: str) -> Section:
    try:
        return Section(section)
    except ValueError:
        raise Refusal(Message(NO_SUCH_LIST)) from None


def _final(person: Person, kind: Section) -> list[HistoryEntry]:
    rows = HistoryEntry.objects.filter(person_id__in=one_with(person.pk), section=kind, status=FactStatus.FINAL)
    return list(rows.order_by("at", "id"))


def _check(entry: HistoryEntry, person: Person, since: PartialDate | None, until: PartialDate | None) -> None:
    today, birth = local_day(), birth_of(person)
    pregnant = entry.section == Section.PREGNANCY
    wrong = (
        (not entry.words and not pregnant, EMPTY),
        (entry.state not in STATES[Section(entry.section)], NO_SUCH_STATE),
        (any(d is not None and d.earliest > today for d in (since, until)), FUTURE),
        (birth is not None and since is not None and since.latest < birth.earliest, BEFORE_BIRTH),
        (since is not None and until is not None and until.latest < since.earliest, ENDS_BEFORE),
        (pregnant and person.sex == Sex.MALE, RECORDED_MALE),
        (entry.due is not None and abs((entry.due - today).days) > LONGEST_PREGNANCY_DAYS, BAD_DUE),
    )
    for problem, text in wrong:
        if problem:
            raise Refusal(Message(text))


def due_of(last_period: date) -> date:
    """The expected day of birth from the first day of the last period: 280 days (Naegele)."""
    return last_period + timedelta(days=280)
