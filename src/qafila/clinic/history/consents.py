"""A person's consent, purpose by purpose: asked or not, given or not, taken back; with the paper it was signed on."""

from __future__ import annotations

from dataclasses import dataclass

from qafila.clinic.refusal import Refusal, tidy
from qafila.clinic.rules.words import N_, Message
from qafila.clinic.visits.facts import keep, read_file
from qafila.clinic.visits.models import Attachment, Consent, FactStatus, Visit
from qafila.clinic.visits.transitions import require_valid
from qafila.journal.models import Lane
from qafila.journal.write import writing
from qafila.kernel import clock
from qafila.packs import load
from qafila.packs.shapes import Choice
from qafila.registry.people.models import Person
from qafila.registry.people.queries import one_with
from qafila.registry.staff.models import Staff
from qafila.registry.staff.rights import require

WITHDRAWN, EMERGENCY = "withdrawn", "emergency"
UNABLE = "emergency_unable"
"""The `consent_method` of an emergency."""
WHICH = N_("Say whether the person agrees, refuses, or cannot be asked.")
NO_PURPOSE = N_("Say what the consent is for.")
NO_METHOD = N_("Say how the consent was given.")
NO_GUARDIAN = N_("Write the name of the person who consents.")
WHY_EMERGENCY = N_("Write why consent cannot be asked.")
NOT_GIVEN = N_("There is no consent to take back.")


@dataclass(frozen=True)
class Standing:
    """Where a purpose stands. `state`: not_asked, permit, deny, emergency, withdrawn."""

    purpose: Choice
    state: str
    consent: Consent | None
    scan: Attachment | None


def standing(person: Person) -> list[Standing]:
    """Where each purpose stands, by the latest record of it. Two queries."""
    rows = Consent.objects.filter(person_id__in=one_with(person.pk), status=FactStatus.FINAL).order_by("at", "id")
    latest = {one.purpose: one for one in rows}
    scans = Attachment.objects.in_bulk([c.scan_id for c in latest.values() if c.scan_id])
    found = []
    for purpose in load.encounter().consent_purpose:
        one = latest.get(purpose.code)
        state = "not_asked" if one is None else WITHDRAWN if one.withdrawn_at else one.decision
        found.append(Standing(purpose, state, one, scans.get(one.scan_id) if one and one.scan_id else None))
    return found


def give(
    of: Person | Visit,
    by: Staff,
    purpose: str,
    decision: str,
    method: str = "",
    *,
    given_by: str = "self",
    guardian_name: str = "",
    relation: str = "",
    witness: str = "",
    language: str = "",
    reason: str = "",
    scan: bytes = b"",
    scan_name: str = "",
) -> Consent:
    """Record what a person said to one purpose, in a visit or outside of one; `scan`: the signed paper as a file.

    `decision`: permit, deny, or emergency (the person cannot be asked, with `reason`), where the purpose knows one: in
    a visit, or for a day. Codes are those of packs/encounter.toml. Raises `NotAllowed`, `Refusal` naming what lacks,
    `imaging.refused.Refused` for a file that cannot be kept.
    """
    require(by, "consent.record", of)
    visit = of if isinstance(of, Visit) else None
    person = visit.person_id if visit is not None else of.pk
    if visit is not None:
        require_valid(visit.status)
    unable = _cannot_say(purpose, decision, visit)
    _require_complete(purpose, decision, method, given_by, guardian_name, reason, unable=unable)
    with writing(by, "consent.record") as write:
        now = clock.now()
        paper = keep(write, read_file(scan, scan_name), person, visit, by, at=now, title="consent") if scan else None
        return write.save(
            Consent(
                person_id=person,
                visit_id=visit.pk if visit else None,
                author=by,
                at=now,
                purpose=purpose,
                decision=decision,
                given_by=given_by,
                guardian_name=tidy(guardian_name, 120),
                relation=tidy(relation, 40),
                method=UNABLE if unable else method,
                witness=tidy(witness, 120),
                language=language[:8],
                reason=tidy(reason, 300),
                scan_id=paper.pk if paper else None,
            )
        )


def _cannot_say(purpose: str, decision: str, visit: Visit | None) -> bool:
    """Whether the person cannot be asked, and the purpose knows such an emergency: in a visit, or for a day."""
    rule = {one.code: one.emergency for one in load.encounter().consent_purpose}.get(purpose, "")
    return decision == EMERGENCY and (rule == "day" or (rule == "visit" and visit is not None))


def _require_complete(
    purpose: str, decision: str, method: str, given_by: str, guardian_name: str, reason: str, *, unable: bool
) -> None:
    words = load.encounter()
    for wrong, text in (
        (purpose not in {c.code for c in words.consent_purpose}, NO_PURPOSE),
        (not unable and decision not in ("permit", "deny"), WHICH),
        (unable and not reason.strip(), WHY_EMERGENCY),
        (not unable and method not in {c.code for c in words.consent_method} - {UNABLE}, NO_METHOD),
        (given_by not in {c.code for c in words.consent_giver}, NO_GUARDIAN),
        (not unable and given_by != "self" and not guardian_name.strip(), NO_GUARDIAN),
    ):
        if wrong:
            raise Refusal(Message(text))


def withdraw(consent: Consent, by: Staff, reason: str = "") -> Consent:
    """The person takes a consent back from now on: a new record says so, and the old one is marked.

    Returns the new record. Raises `NotAllowed`, `Refusal` where there is none to take back.
    """
    require(by, "consent.record", consent.visit_here())
    with writing(by, "consent.withdraw") as write:
        row = Consent._base_manager.select_for_update().get(pk=consent.pk)
        if row.withdrawn_at is not None or row.decision == WITHDRAWN or row.status != FactStatus.FINAL:
            raise Refusal(Message(NOT_GIVEN))
        now = clock.now()
        row.withdrawn_at = now
        # Taken back at once: it leaves the node before the bulk of what it is about.
        write.save(row, lane=Lane.ANSWER)
        return write.save(
            Consent(
                person_id=row.person_id,
                visit_id=row.visit_id,
                author=by,
                at=now,
                purpose=row.purpose,
                decision=WITHDRAWN,
                given_by=row.given_by,
                guardian_name=row.guardian_name,
                relation=row.relation,
                method=row.method,
                reason=tidy(reason, 300),
                replaces=row.pk,
                scan_id=row.scan_id,
            ),
            lane=Lane.ANSWER,
        )
