"""What routing reads: the cases that wait, what it looks at of each, and who could take them. A fixed number of
queries for any number of cases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Case as Either
from django.db.models import Count, F, IntegerField, Value, When

from qafila.clinic.cases import routing
from qafila.clinic.cases.models import Answer, Case, CaseEvent, Decline
from qafila.clinic.cases.reach import reach_of
from qafila.clinic.cases.transitions import ACCEPTED, ASSIGNED, DECLINED, RECEIVED
from qafila.journal import wall
from qafila.kernel import clock
from qafila.packs.specialty import SUBSPECIALTY
from qafila.registry.people.models import Person
from qafila.registry.people.queries import groups_of
from qafila.registry.places.transfers import abroad
from qafila.registry.staff.models import Staff
from qafila.registry.staff.queries import known, serving, specialists
from qafila.registry.staff.rights import grants

IN_HAND = (ASSIGNED, ACCEPTED)
"""What a specialist has to do something about; a case that waits for its unit is in nobody's way."""
REROUTED_BY_ITSELF = frozenset({"unavailable", "conflict"})
"""Reasons for declining that say nothing about the case itself: the hub asks the next specialist at once."""
NOTICES = ("nobody_on_duty", "waiting", "consent_back", "kept_home")
"""Lines of the timeline that say why nobody has it."""
SEEN_BY = "seen_by"
"""Questions of the packs that routing reads: by whom the person wishes to be seen, and the sub-specialty."""


def waiting(specialty: str, limit: int = 500) -> list[Case]:
    """The first cases of a specialty's line, in order, locked: those that another process is at are passed over.

    Somebody's declining for a reason of their own puts a case into the line again; any other reason leaves it to the
    coordinator.
    """
    ranks = [When(urgency=code, then=Value(rank)) for code, rank in routing.RANK.items()]
    rows = Case.objects.select_for_update(skip_locked=True).filter(status__in=(RECEIVED, DECLINED), specialty=specialty)
    rank = Either(*ranks, default=Value(9), output_field=IntegerField())
    found = list(rows.order_by(rank, F("deadline").asc(nulls_last=True), "received_at", "pk")[:limit])
    back = _to_coordinator([c.pk for c in found if c.status == DECLINED])
    return [c for c in found if c.pk not in back]


def _to_coordinator(declined: list[UUID]) -> set[UUID]:
    """Of declined cases, those whose last specialist gave a reason that is about the case."""
    last: dict[UUID, str] = {}
    rows = Decline.objects.filter(case_id__in=declined) if declined else Decline.objects.none()
    for case, reason in rows.order_by("at", "id").values_list("case_id", "reason"):
        last[case] = reason
    return {pk for pk in declined if last.get(pk) not in REROUTED_BY_ITSELF}


def in_line(cases: Sequence[Case]) -> list[routing.Waiting]:
    """Cases as routing sees them, in the order given."""
    facts = facts_of(cases)
    return [routing.Waiting(c.pk, facts[c.pk], c.deadline, c.received_at or c.sent_at or c.opened_at) for c in cases]


def facts_of(cases: Iterable[Case]) -> dict[UUID, routing.Facts]:
    """What routing looks at of each case."""
    held = list(cases)
    groups = groups_of({c.person_id for c in held})
    every = {one for c in held for one in groups.get(c.person_id, (c.person_id,))}
    spoken = dict(Person.objects.filter(pk__in=every).values_list("pk", "language"))
    doctors = dict(Staff.objects.filter(pk__in={c.doctor_id for c in held}).values_list("pk", "interface_language"))
    declined = _by_case(Decline.objects.filter(case_id__in=[c.pk for c in held], author__isnull=False)
                        .values_list("case_id", "author_id"))  # fmt: skip
    answered = _by_case(Answer.objects.filter(person_id__in=every, author__isnull=False)
                        .values_list("person_id", "author_id"))  # fmt: skip
    reach = reach_of(held, groups)
    found = {}
    for case in held:
        same = groups.get(case.person_id, (case.person_id,))
        language = next((spoken[one] for one in (same[0], case.person_id) if one in spoken), "")
        found[case.pk] = routing.Facts(
            specialty=case.specialty,
            language=language or doctors.get(case.doctor_id, ""),
            known_by=frozenset().union(*(answered.get(one, frozenset()) for one in same)),
            declined_by=frozenset(declined.get(case.pk, ())),
            urgency=case.urgency,
            skill=_said(case, SUBSPECIALTY),
            wish=_said(case, SEEN_BY),
            reach=reach[case.pk],
        )
    return found


def _said(case: Case, question: str) -> str:
    value = case.intake.get(question, "") if isinstance(case.intake, dict) else ""
    return value if isinstance(value, str) else ""


def _by_case(pairs: Iterable[tuple[UUID, UUID]]) -> dict[UUID, set[UUID]]:
    found: dict[UUID, set[UUID]] = defaultdict(set)
    for key, value in pairs:
        found[key].add(value)
    return found


def candidates(specialty: str = "", *, everybody: bool = False, at: datetime | None = None) -> list[routing.Candidate]:
    """Who is on duty now, for a specialty or for any; `everybody`: also those who are not. One query, and four more
    where something of staff, duty or roster has changed."""
    on = _on(at)
    crew = specialists() if everybody else [one for one in known(on).values() if one.active]
    return _candidates(crew, on, specialty, everybody)


def crews() -> dict[str, list[routing.Candidate]]:
    """Specialty → `candidates(specialty, everybody=True)`, for all specialties that somebody answers: for a page that
    shows several."""
    on, hands = _on(None), hands_of()
    by_code: dict[str, list[Staff]] = defaultdict(list)
    for one in specialists():
        for code in one.specialties:
            by_code[code].append(one)
    return {code: _candidates(crew, on, code, True, hands) for code, crew in by_code.items()}


def _on(at: datetime | None) -> dict[UUID, set[str]]:
    on: dict[UUID, set[str]] = defaultdict(set)
    for staff, code in serving(at or clock.now()):
        on[staff].add(code)
    return on


def _candidates(
    crew: Iterable[Staff],
    on: dict[UUID, set[str]],
    specialty: str,
    everybody: bool,
    weighed: tuple[dict[UUID, int], dict[UUID, int]] | None = None,
) -> list[routing.Candidate]:
    hands, load = weighed or hands_of()
    found = []
    for one in crew:
        if (specialty and specialty not in one.specialties) or not grants(one).has("case.answer"):
            continue
        running = on.get(one.pk, set())
        codes = frozenset(one.specialties) if everybody else frozenset(one.specialties) & running
        if codes:
            found.append(
                routing.Candidate(
                    staff=one.pk,
                    name=one.name,
                    specialties=codes,
                    on_duty=specialty in running if specialty else bool(running),
                    languages=frozenset(one.languages),
                    hands=hands.get(one.pk, 0),
                    load=load.get(one.pk, 0),
                    sex=one.sex,
                    skills=frozenset(one.subspecialties),
                    country=abroad(one),
                )
            )
    return found


@wall.beyond("how much each of them has in hand, as numbers")
def hands_of() -> tuple[dict[UUID, int], dict[UUID, int]]:
    """Specialist → cases in hand, and these weighed by their urgency. One query."""
    hands: dict[UUID, int] = defaultdict(int)
    load: dict[UUID, int] = defaultdict(int)
    rows = Case.objects.filter(status__in=IN_HAND, specialist__isnull=False).order_by()
    for who, urgency, count in rows.values_list("specialist_id", "urgency").annotate(n=Count("pk")):
        hands[who] += count
        load[who] += count * routing.WEIGHT.get(urgency, 1)
    return hands, load


def noticed(cases: Iterable[UUID]) -> dict[UUID, str]:
    """Case → the act of the notice that stands in its timeline since it came into the line; "" = none."""
    acts = (*NOTICES, "receive", "decline", "release")
    last: dict[UUID, str] = {}
    rows = CaseEvent.objects.filter(case_id__in=list(cases), act__in=acts).order_by("at", "id")
    for case, act in rows.values_list("case_id", "act"):
        last[case] = act if act in NOTICES else ""
    return last


def not_begun(staff: Iterable[UUID]) -> list[tuple[Case, routing.Held]]:
    """The cases that routing gave to these specialists and that they have not accepted. What a person gave by hand is
    left where it is."""
    rows = list(Case.objects.filter(status=ASSIGNED, specialist_id__in=list(staff)).defer("question"))
    by: dict[UUID, UUID | None] = {}
    events = CaseEvent.objects.filter(case_id__in=[c.pk for c in rows], act__in=("assign", "reroute", "claim"))
    for case, who in events.order_by("at", "id").values_list("case_id", "by_id"):
        by[case] = who
    given = [c for c in rows if c.pk in by and by[c.pk] is None and c.specialist_id is not None]
    return [(c, routing.Held(one, c.specialist_id)) for c, one in zip(given, in_line(given), strict=True)]
