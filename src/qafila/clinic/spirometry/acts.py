"""Filing a session of spirometry: its file, and the best values as observations."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from qafila.clinic.refusal import Refusal, tidy
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.spirometry import reference
from qafila.clinic.spirometry.result import report
from qafila.clinic.spirometry.session import EQUATIONS, MOST_BLOWS, Manoeuvre, Session, stored
from qafila.clinic.visits import assessment, queries
from qafila.clinic.visits.models import Attachment, Observation, Visit
from qafila.clinic.visits.transitions import require_valid
from qafila.journal import blobs
from qafila.journal.models import Lane
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.registry.people.births import age_days
from qafila.registry.people.models import Person
from qafila.registry.places.here import local_day
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

KIND, MEDIA = "spirometry", "application/json"
LOINC = {"fev1": "20150-9", "fvc": "19868-9", "fev1_fvc": "19926-5"}
"""Where the code says the same; the others go by their own name."""
UNITS = {"fev1": "L", "fvc": "L", "fev1_fvc": "1", "pef": "L/s", "fef2575": "L/s"}
NO_BLOW = N_("Enter at least one manoeuvre.")
NO_EQUATION = N_("Choose a reference equation.")


def record_session(
    visit: Visit,
    by: Staff,
    manoeuvres: Sequence[Manoeuvre],
    *,
    equation: str = "gli-global-2022",
    drug: str = "",
    source: str = "manual",
) -> Attachment:
    """File a session with the visit: a JSON file of all manoeuvres, and an Observation of each best value.

    Scores are computed now, in a process of its own, and kept with the name of the equation; without sex, birth date
    or height they are not computed. Raises `NotAllowed`, `Refusal`.
    """
    require(by, "vitals.record", visit)
    require_valid(visit.status)
    if not manoeuvres or len(manoeuvres) > MOST_BLOWS:
        raise Refusal(Message(NO_BLOW))
    if equation not in EQUATIONS:
        raise Refusal(Message(NO_EQUATION))
    session = _scored(visit, tuple(manoeuvres), equation, tidy(drug, 80), source)
    best = {phase.name: phase.best for phase in report(session).phases}
    data, at = stored(session), clock.now()
    whose = {"person_id": visit.person_id, "visit_id": visit.pk, "author": by, "at": at}
    with writing(by, "spirometry.record") as write:
        blob = blobs.put(data, MEDIA, visit.person_id, Lane.RECORD)
        for phase, values in best.items():
            for part, value in values.items():
                write.save(
                    Observation(
                        **whose,
                        code=part if phase == "pre" else f"{part}_post",
                        loinc=LOINC.get(part, ""),
                        number=Decimal(str(value)),
                        unit=UNITS[part],
                        entered=f"{value:g}",
                        entered_unit=UNITS[part],
                        method=EQUATIONS[equation] if part in session.scores.get(phase, {}) else "",
                        source="import" if source != "manual" else "manual",
                    )
                )
        return write.save(
            Attachment(**whose, kind_of_file=KIND, media=MEDIA, sha256=blob.sha256, size=len(data), view="spirometry")
        )


def _scored(visit: Visit, manoeuvres: tuple[Manoeuvre, ...], equation: str, drug: str, source: str) -> Session:
    person = Person.objects.get(pk=visit.person_id)
    days = age_days(person, local_day())
    age = round(days / 365.25, 2) if days is not None else None
    sex = assessment.known_sex(person) or ""
    height = queries.readings(visit.person_id, "height", 1)
    tall = float(height[0].number) if height and height[0].number is not None else None
    session = Session(manoeuvres, equation, age_years=age, sex=sex, height_cm=tall, drug=drug, source=source)
    best = {phase.name: phase.best for phase in report(session).phases}
    given = reference.scored(equation, sex, age, tall, best)
    return msgspec.structs.replace(session, scores=given.scores, by=given.by) if given else session
